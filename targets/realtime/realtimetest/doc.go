// Package realtimetest is a server of the Realtime protocol to test clients
// against, as net/http/httptest is one of HTTP. It speaks the generally
// available form of OpenAI's and Azure's protocol over real websockets, keeps
// each conversation's memory in its socket, and leaves hearing, thinking and
// speaking to an [Agent]. On request it breaks in any of the ways that the real
// services do; see [Fault].
//
// Turns are the client's to end unless it sets turn_detection: then the server
// finds them by how loud the audio is, on the audio's own clock. An agent sees
// images, and calls the client's functions if it is a [ToolUser]. What a session
// or a response asks for is checked and echoed even where nothing follows from
// it, as from reasoning, truncation or tracing. Clients may open their sessions
// with ephemeral keys.
//
// [TestTarget] holds a target to what a client of the protocol has to do, one
// test for each promise, in process or behind a plugin's boundary.
//
// It is for practice and for tests on one's own machine. It does not call MCP
// servers, translate, or transcribe without answering.
package realtimetest
