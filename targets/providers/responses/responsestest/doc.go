// Package responsestest is a server of OpenAI's responses API that misbehaves in planned
// ways, and the promises that a client of it has to keep.
package responsestest
