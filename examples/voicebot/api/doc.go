// Package api serves the HTTP endpoints of an OpenAI-compatible service for an agent:
// chat completions, responses, speech, transcriptions and the list of models; and the
// text APIs of Anthropic and Gemini. Package realtimetest serves the Realtime protocol
// beside it. Every request is checked key by
// key, and one for a feature that this server does not have, such as several choices
// or an answer in JSON, is refused with the key.
package api
