// Voicebot is the practice target: a deliberately weak agent on loopback, for
// learning and for testing the orchestrator. It serves the Realtime protocol, with real
// speech recognition and synthesis, chat completions, the responses API, the APIs of
// Anthropic and Gemini and a web site, and can inject faults.
//
//	voicebot --listen 127.0.0.1:8177 --fault drop-mid-reply@2
//
// Package agent says what it guards and which attack succeeds. It needs the Debian
// packages flite, pocketsphinx and pocketsphinx-en-us.
package main
