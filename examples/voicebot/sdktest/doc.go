// Package sdktest tests the endpoints of the practice target that OpenAI's API has,
// chat completions and responses among them, with the official Go SDK as the client.
// It is a module of its own, so that the SDK is not a dependency of the orchestrator.
package sdktest
