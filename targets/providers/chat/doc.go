// Package chat implements the target "chat": the chat completions of OpenAI, Azure and
// every compatible server.
//
// Requests are made of the types of the official SDK and sent through it. Their
// messages are encoded once, and kept with the conversation. Replies are read by
// decoders of this package: the SDK hands JSON of an unexpected type on as text, and
// compatible servers send such JSON.
package chat
