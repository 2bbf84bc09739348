// Package sdktest holds both sides of package realtime's protocol against the
// official Go SDK: what the target sends against the SDK's types, and what the
// practice server sends against the SDK's client. It is a module of its own, so
// that the SDK stays out of the orchestrator's dependencies.
package sdktest
