"""validate.py SAMPLES validates a file of recorded answers, one a line, by the official
Python types: strictly, and without keys that these types do not have."""

import json
import sys
from collections import Counter

import pydantic
from anthropic.types import ErrorResponse, Message, RawMessageStreamEvent
from google.genai.types import GenerateContentResponse
from openai.types import ErrorObject
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.realtime import ClientSecretCreateResponse, RealtimeClientEvent, RealtimeServerEvent
from openai.types.responses import Response, ResponseStreamEvent


class Refusal(pydantic.BaseModel):
    """The body of an answer that is an error. The library has a type for its one member."""

    model_config = pydantic.ConfigDict(extra="allow")
    error: ErrorObject


class GeminiStatus(pydantic.BaseModel):
    """An error of Gemini's API, as google.rpc.Status has it: its library has no type."""

    model_config = pydantic.ConfigDict(extra="allow")
    code: int
    message: str
    status: str
    details: list[dict] | None = None


class GeminiRefusal(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    error: GeminiStatus


ADAPTERS = {
    "message": pydantic.TypeAdapter(Message),
    "message_event": pydantic.TypeAdapter(RawMessageStreamEvent),
    "message_refusal": pydantic.TypeAdapter(ErrorResponse),
    "gemini": pydantic.TypeAdapter(GenerateContentResponse),
    "gemini_refusal": pydantic.TypeAdapter(GeminiRefusal),
    "client": pydantic.TypeAdapter(RealtimeClientEvent),
    "realtime": pydantic.TypeAdapter(RealtimeServerEvent),
    "secret": pydantic.TypeAdapter(ClientSecretCreateResponse),
    "chat": pydantic.TypeAdapter(ChatCompletion),
    "chat_chunk": pydantic.TypeAdapter(ChatCompletionChunk),
    "response": pydantic.TypeAdapter(Response),
    "response_event": pydantic.TypeAdapter(ResponseStreamEvent),
    "refusal": pydantic.TypeAdapter(Refusal),
}

# Keys that the service sends and its types do not have.
UNTYPED = {
    ("session.created", "session.id"), ("session.created", "session.object"), ("session.created", "session.expires_at"),
    ("session.updated", "session.id"), ("session.updated", "session.object"), ("session.updated", "session.expires_at"),
}


def extras(value, path=""):
    """The paths of the keys of a validated value that its type does not have."""
    if isinstance(value, pydantic.BaseModel):
        for key in value.model_extra or {}:
            yield f"{path}{key}"
        for key in type(value).model_fields:
            yield from extras(getattr(value, key), f"{path}{key}.")
    elif isinstance(value, list):
        for entry in value:
            yield from extras(entry, path)


def problem(sample):
    """What is wrong with a sample, or nothing."""
    value = sample["value"]
    if sample["kind"] == "message_event" and value == {"type": "ping"}:
        return ""  # the library passes over it before it reads events
    try:
        parsed = ADAPTERS[sample["kind"]].validate_json(json.dumps(value), strict=True)
    except pydantic.ValidationError as e:
        # Of a union, only what the members of this type say.
        kind = value.get("type") or ""
        said = [f"{'.'.join(map(str, d['loc'][1:]))}: {d['msg']}" for d in e.errors() if "type" != d["loc"][-1]]
        near = [s for d, s in zip((d for d in e.errors() if "type" != d["loc"][-1]), said)
                if str(d["loc"][0]).lower().replace("event", "").replace("conversationitem", "") in kind.replace(".", "").replace("_", "").replace("conversationitem", "")]
        return "; ".join((near or said)[:6]) or str(e)[:600]
    unknown = [path for path in extras(parsed) if (value.get("type"), path) not in UNTYPED]
    return f"unknown keys: {', '.join(unknown)}" if unknown else ""


wrong, count = 0, Counter()
with open(sys.argv[1]) as file:
    for line in file:
        sample = json.loads(line)
        count[sample["kind"]] += 1
        found = problem(sample)
        if sample["departs"] and not found:
            found = "is said to depart from the types, and does not"
        elif sample["departs"]:
            continue
        if found:
            wrong += 1
            print(f"{sample['from']}: {sample['kind']} {sample['value'].get('type', '')}: {found}\n  {json.dumps(sample['value'])[:700]}")
print(f"official types: {sum(count.values())} samples ({', '.join(f'{n} {k}' for k, n in sorted(count.items()))}), {wrong} that they refuse")
sys.exit(1 if wrong else 0)
