// Package api serves the plain HTTP endpoints of an OpenAI-compatible service for an
// agent: chat completions, speech, transcriptions and the list of models. Package
// realtimetest serves the Realtime protocol beside it. Requests for features that
// this server does not have, such as tools or several choices, are refused.
package api
