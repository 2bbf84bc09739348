// Package realtimetest is a server of the Realtime protocol to test clients
// against, as net/http/httptest is for HTTP. It implements the generally
// available form of OpenAI's and Azure's protocol over real websockets, keeps
// each conversation in its socket, and leaves hearing, thinking and speaking to
// an [Agent]. On request it fails in the ways in which the real services fail;
// see [Fault].
//
// The server detects turns by the level of the audio, in the audio's own time, unless
// the client sets turn_detection to null and ends its turns itself. An agent gets
// images, and calls the client's functions if it is a [ToolUser]. Settings are
// checked and echoed even where they have no effect, such as reasoning,
// truncation and tracing. Clients may open their sessions with ephemeral keys.
//
// [TestTarget] is a conformance suite for targets, with one test for each
// promise. It runs in process or against a plugin.
//
// The server is for demonstrations and for tests on one's own machine. It does
// not call MCP servers, translate, or transcribe without answering.
package realtimetest
