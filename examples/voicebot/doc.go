// Voicebot is the practice target: a deliberately weak voice agent on
// loopback, to learn on and to test the orchestrator with. It speaks the Realtime
// protocol and the plain OpenAI-compatible endpoints, really hears and really
// speaks, and misbehaves on request.
//
//	voicebot --listen 127.0.0.1:8177 --fault drop-mid-reply@2
//
// What it guards, and how it can be talked out of it, is in package agent. It
// needs the Debian packages flite, pocketsphinx and pocketsphinx-en-us.
package main
