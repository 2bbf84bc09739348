// Package sdktest tests the plain HTTP endpoints of the practice target with the
// official Go SDK of OpenAI as the client. It is a module of its own, so that the
// SDK is not a dependency of the orchestrator.
package sdktest
