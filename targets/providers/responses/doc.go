// Package responses is the target "responses": OpenAI's responses API, at OpenAI, Azure
// and compatible servers. All items of a conversation are sent with each request, and
// nothing is stored at the service, so that a conversation's history can be edited.
package responses
