// Package telemetry sends a run as one trace, with a span for each step and the
// spans of plugins, to an OpenTelemetry collector, by OTLP over HTTP. It implements
// engine.Tracer.
//
// It is configured by OpenTelemetry's environment variables, and off if they name no
// collector. A collector that cannot be reached gives a warning and does not delay
// the run.
package telemetry
