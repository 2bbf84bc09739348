// Package chattest is a server of chat completions to test clients against, as
// net/http/httptest is for HTTP: it leaves thinking to an [Agent], and on request
// fails in the ways in which real services fail; see [Fault]. [TestTarget] is a
// conformance suite for targets, with one test for each promise. It runs in process
// or against a plugin.
//
// The server is for demonstrations and for tests on one's own machine.
package chattest
