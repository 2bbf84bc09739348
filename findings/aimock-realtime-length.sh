#!/usr/bin/env bash
# A mock server that knows why a reply ends forgets it in its Realtime API.
#
# @copilotkit/aimock 1.43.0 (npm, MIT) plays one fixture by several APIs of OpenAI. The
# fixture here says that its reply was cut off at a limit of length:
#
#   chat completions  finish_reason "length"
#   responses         status "incomplete", and no incomplete_details that would say why
#   Realtime          status "completed": the cut looks like an end
#
# In its Realtime API, moreover,
#   - the modalities of the present protocol (session.output_modalities) are passed over:
#     a session that asks for audio is answered in text, and no event of audio comes;
#   - every reply costs 0 tokens, so that usage does not give the cut away either;
#   - response.cancel is answered by an event of its own, response.cancelled, and not by
#     response.done, also where nothing is being answered.
#
# Guessed before: "incomplete" with reason "max_output_tokens" in Realtime, as in the
# service that it stands for. A red team that tries its handling of cut replies against
# this mock by Realtime takes each for a whole one, and counts a defence.
#
# Needs node 18 or later, npm and curl.
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund @copilotkit/aimock@1.43.0 ws@8.18.3 >/dev/null

cat >fixtures.json <<'JSON'
{"fixtures": [
  {"match": {"userMessage": "count"},
   "response": {"content": "one two three four five", "finishReason": "length"}}
]}
JSON

cat >ask.mjs <<'JS'
import WebSocket from 'ws';

const host = `127.0.0.1:${process.argv[2]}`;
const headers = {authorization: 'Bearer any', 'content-type': 'application/json'};
const post = (path, body) =>
  fetch(`http://${host}${path}`, {method: 'POST', headers, body: JSON.stringify(body)}).then((r) => r.json());

const chat = await post('/v1/chat/completions', {model: 'gpt-4o', messages: [{role: 'user', content: 'count'}]});
console.log('chat completions:', chat.choices[0].finish_reason);

const responses = await post('/v1/responses', {model: 'gpt-4o', input: 'count'});
console.log('responses:', responses.status, JSON.stringify(responses.incomplete_details ?? null));

const socket = new WebSocket(`ws://${host}/v1/realtime?model=gpt-realtime`, {headers});
const send = (event) => socket.send(JSON.stringify(event));
const types = [];
socket.on('message', (frame) => {
  const event = JSON.parse(frame);
  types.push(event.type);
  if (event.type === 'session.created') {
    send({type: 'session.update', session: {type: 'realtime', output_modalities: ['audio'], audio: {output: {voice: 'alloy'}}}});
    send({type: 'conversation.item.create', item: {type: 'message', role: 'user', content: [{type: 'input_text', text: 'count'}]}});
    send({type: 'response.create'});
  } else if (event.type === 'response.done') {
    const {status, status_details, usage, output} = event.response;
    console.log('Realtime:', status, JSON.stringify(status_details ?? null));
    console.log('Realtime content:', output.flatMap((item) => item.content.map((part) => part.type)).join());
    console.log('Realtime events of audio:', types.filter((type) => type.includes('output_audio')).length);
    console.log('Realtime tokens:', usage.total_tokens);
    send({type: 'response.cancel'});
  } else if (event.type === 'response.cancelled') {
    console.log('after response.cancel:', types.slice(types.indexOf('response.done') + 1).join());
    socket.close();
  }
});
JS

port=$((20000 + RANDOM % 20000))
node node_modules/@copilotkit/aimock/dist/cli.js -f fixtures.json -p "$port" --log-level silent >/dev/null &
server=$!
for _ in $(seq 300); do
  curl -s "http://127.0.0.1:$port/health" >/dev/null && break
  sleep 0.1
done
timeout 60 node ask.mjs "$port" | tee seen

cat >expected <<'TEXT'
chat completions: length
responses: incomplete null
Realtime: completed null
Realtime content: output_text
Realtime events of audio: 0
Realtime tokens: 0
after response.cancel: response.cancelled
TEXT
diff expected seen && echo "as found on 30 November 2026"
