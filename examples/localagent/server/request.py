"""What a client may ask for: the body of POST /v1/chat/completions, checked.

What this server does not do is refused with the parameter's name, as the service
does whose protocol this is. A parameter that is passed over in silence would have
a campaign compare what it never set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

DEFAULT_BOUND = 128
ROLES = {"system": "System", "developer": "System", "user": "User", "assistant": "Assistant"}
# They do not change the answer of a server that keeps nothing.
WITHOUT_EFFECT = {"model", "user", "metadata", "store", "safety_identifier", "stream_options"}
# Values that ask for nothing.
NEUTRAL: dict[str, tuple[Any, ...]] = {
    "n": (1,), "logprobs": (False,), "tools": ([],), "presence_penalty": (0,), "frequency_penalty": (0,), "modalities": (["text"],),
}


class Refused(Exception):
    """A request that is not answered: its HTTP status, and the fields of the error object."""

    def __init__(self, message: str, param: str | None = None, code: str = "invalid_value", status: int = 400) -> None:
        super().__init__(message)
        self.status, self.param, self.code = status, param, code

    def body(self) -> dict[str, Any]:
        kind = "invalid_request_error" if self.status < 500 and self.status != 429 else "server_error"
        return {"error": {"message": str(self), "type": kind, "param": self.param, "code": self.code}}


@dataclass(frozen=True)
class Request:
    """A checked request."""

    prompt: str
    model: str
    bound: int = DEFAULT_BOUND  # of tokens in the answer
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    schema: dict[str, Any] | None = None  # of the JSON that is to be written; {} is any object
    stream: bool = False
    with_usage: bool = False


def read(body: Any, model: str) -> Request:
    """Check a decoded body. model is the name that the server goes by."""
    if not isinstance(body, dict):
        raise Refused("the body is not a JSON object", code="invalid_json")
    known = WITHOUT_EFFECT | {
        "messages", "max_tokens", "max_completion_tokens", "temperature", "top_p", "seed", "stop", "response_format", "stream",
    }
    for name, value in body.items():
        if name not in known and value is not None and value not in NEUTRAL.get(name, ()):
            raise Refused(f"this server does not do {name!r}", name, "unsupported_parameter")
    given = {name: value for name, value in body.items() if value is not None}
    if given.get("model", model) != model:
        raise Refused(f"there is no model {given['model']!r} here: it is {model!r}", "model", "model_not_found", 404)
    options = given.get("stream_options", {})
    if not isinstance(options, dict):
        raise Refused("'stream_options' is not an object", "stream_options")
    return Request(
        prompt=prompt_of(given.get("messages")),
        model=model,
        bound=bound_of(given),
        temperature=number(given, "temperature", 1.0, 2.0),
        top_p=number(given, "top_p", 1.0, 1.0),
        seed=whole(given, "seed"),
        stop=stops_of(given.get("stop", [])),
        schema=schema_of(given.get("response_format", {"type": "text"})),
        stream=flag(given, "stream"),
        with_usage=flag(options, "include_usage"),
    )


def prompt_of(messages: Any) -> str:
    """The conversation as the text that the model goes on with.

    A base model has no chat template. It has seen transcripts like this one, and
    goes on with lines of either side.
    """
    if not isinstance(messages, list) or not messages:
        raise Refused("'messages' needs at least one message", "messages")
    lines = []
    for i, message in enumerate(messages):
        at = f"messages[{i}]"
        if not isinstance(message, dict):
            raise Refused(f"{at} is not an object", at)
        role = message.get("role")
        if role not in ROLES:
            raise Refused(f"{at}: this server takes the roles {', '.join(ROLES)}, not {role!r}", f"{at}.role")
        lines.append(f"{ROLES[role]}: {text_of(message.get('content'), f'{at}.content')}")
    return "\n".join([*lines, "Assistant:"])


def text_of(content: Any, at: str) -> str:
    """The text of a message, which is a string or a list of parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise Refused(f"{at} is neither a text nor a list of parts", at)
    for part in content:
        if not isinstance(part, dict) or part.get("type") != "text" or not isinstance(part.get("text"), str):
            raise Refused(f"{at}: this server takes parts of text only", at, "unsupported_value")
    return "\n".join(part["text"] for part in content)


def bound_of(given: dict[str, Any]) -> int:
    """The most tokens of the answer."""
    if "max_tokens" in given and "max_completion_tokens" in given:
        raise Refused("'max_tokens' and 'max_completion_tokens' are the same bound: name one", "max_tokens")
    name = "max_tokens" if "max_tokens" in given else "max_completion_tokens"
    bound = whole(given, name)
    if bound is None:
        return DEFAULT_BOUND
    if bound < 1:
        raise Refused(f"{name!r} is at least 1", name)
    return bound


def stops_of(value: Any) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or len(values) > 4 or not all(isinstance(v, str) and v for v in values):
        raise Refused("'stop' is a text or up to four of them", "stop")
    return tuple(values)


def schema_of(wanted: Any) -> dict[str, Any] | None:
    """The schema of the JSON that is wanted; None for free text."""
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind == "text":
        return None
    if kind == "json_object":
        return {}
    given = wanted.get("json_schema") if kind == "json_schema" else None
    schema = given.get("schema") if isinstance(given, dict) else None
    if not isinstance(schema, dict):
        raise Refused("'response_format' is text, json_object, or json_schema with a schema", "response_format")
    return schema


def number(given: dict[str, Any], name: str, default: float, most: float) -> float:
    value = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= most:
        raise Refused(f"{name!r} is a number from 0 to {most:g}", name)
    return float(value)


def whole(given: dict[str, Any], name: str) -> int | None:
    value = given.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, type(None))):
        raise Refused(f"{name!r} is a whole number", name)
    return value


def flag(given: dict[str, Any], name: str) -> bool:
    value = given.get(name, False)
    if not isinstance(value, bool):
        raise Refused(f"{name!r} is true or false", name)
    return value
