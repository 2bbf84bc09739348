// Package sdktest holds the plain HTTP side of the practice target against the
// official Go SDK: what the SDK's client makes of the answers. It is a module of
// its own, so that the SDK stays out of the orchestrator's dependencies.
package sdktest
