// Package telemetry sends what a run does, step by step, to an OpenTelemetry
// collector: as one trace, over OTLP and HTTP, with the spans that plugins make. It
// implements engine.Tracer.
//
// It is configured by OpenTelemetry's own environment variables, and off where
// these name no collector. A collector that cannot be reached is a warning, and
// never holds a run up.
package telemetry
