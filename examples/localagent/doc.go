// Localagent is a real language model behind an OpenAI-compatible chat endpoint on
// loopback, for campaigns against a system that nobody has scripted:
//
//	localagent --python VENV/bin/python --model FILE.gguf --listen 127.0.0.1:8180
//
// The model runs in a Python program, in the sandbox in which plugins run: it reads
// its own files and the system's, writes to a temporary folder, and contacts no host.
// A sandboxed process cannot bind a port, so the socket is opened here and is the
// program's standard input. .ci/real installs what it needs.
package main
