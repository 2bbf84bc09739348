// Package anthropictest is for tests of clients of Anthropic's Messages API. Its
// [Server] checks what it is sent, and behaves as the service does, or with a planned
// [Fault]; [TestTarget] has the promises that a client has to keep.
package anthropictest
