// Package geminitest has a server of Gemini's generateContent and
// streamGenerateContent that can be told to misbehave, and the promises that a client
// of it has to keep.
//
// The faults are those of [FaultNames]: answers that are blocked, truncated, empty,
// cut off or none, and forms that the protocol or servers of it have.
package geminitest
