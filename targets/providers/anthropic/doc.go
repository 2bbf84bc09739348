// Package anthropic implements the target "anthropic": the Messages API of Anthropic
// and of compatible servers.
//
// Requests are made of the types of the official SDK. Their messages are encoded once,
// and kept with the conversation. Replies are read by decoders of this package, so
// that blocks of every type can be sent back as they came.
package anthropic
