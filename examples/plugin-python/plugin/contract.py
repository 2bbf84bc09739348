"""What an author needs to know: values, errors, and what a component is.

Nothing here knows gRPC. The words are those of the contract's enums in lower
case: MODALITY_TEXT is "text".
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

TEXT = "text"
AUDIO = "audio"

MEDIA_TEXT = "text/plain; charset=utf-8"
MEDIA_WAV = "audio/wav"

# The most that one message may hold, either way.
MAX_MESSAGE = 64 << 20


class ErrorKind(enum.Enum):
    """What a caller can do about an error; docs/plugins.md says when which."""

    CONFIG = "config"
    AUTH = "auth"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    UNSUPPORTED = "unsupported"
    INPUT = "input"
    PROTOCOL = "protocol"
    INTERNAL = "internal"


class PluginError(Exception):
    """An error that keeps its kind on its way to the orchestrator.

    field is the configuration's key at fault, hint says what would be right,
    retry_after is how many seconds the other side asked to wait.
    """

    def __init__(
        self,
        kind: ErrorKind,
        message: str,
        *,
        field: str = "",
        hint: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.field = field
        self.hint = hint
        self.retry_after = retry_after


class PluginErrors(Exception):
    """Several errors at once: all that is wrong with a configuration."""

    def __init__(self, errors: Sequence[PluginError]) -> None:
        super().__init__("; ".join(e.message for e in errors))
        self.errors = errors


class Cancelled(Exception):
    """Nobody waits for the answer any more."""


class Call(Protocol):
    """The call that is being answered."""

    def check(self) -> None:
        """Raise Cancelled once nobody waits any more.

        Work that takes longer than a moment asks now and then.
        """

    def warn(self, text: str) -> None:
        """Say what of a converter's input is lost in its result.

        It is recorded with the turn, and shown. Calls of a scorer have no place for it.
        """


@dataclass(frozen=True)
class Value:
    """A piece of content. Text is UTF-8 by intent, but may hold any bytes."""

    modality: str
    media_type: str
    data: bytes


@dataclass(frozen=True)
class Message:
    """One turn of a conversation: role is "user", "assistant" and so on."""

    role: str
    values: Sequence[Value]


@dataclass(frozen=True)
class Evidence:
    """What a scorer judges: values, and what they are to be seen with."""

    objective: bytes
    conversation: Sequence[Message]
    values: Sequence[Value]


@dataclass(frozen=True)
class Score:
    """A judgement. type is "true_false" (0 or 1), "scale" (from 0 to 1), or ""
    for a scorer that cannot tell."""

    type: str
    value: float
    rationale: str


def unknown_score(rationale: str) -> Score:
    """The score of a scorer that cannot tell, which is not "false"."""
    return Score("", 0.0, rationale)


class Converter(Protocol):
    """Turns one value into another; used by many threads at a time."""

    def convert(self, call: Call, value: Value) -> Value:
        """Raise an error where it cannot; never give the input back."""


class Scorer(Protocol):
    """Judges; used by many threads at a time."""

    def score(self, call: Call, evidence: Evidence) -> Score:
        """Return an unknown score, with the reason, where it cannot tell."""


@dataclass(frozen=True)
class Restriction:
    """One thing that a component says of itself, and that does not hold with a
    configuration.

    Exactly one of takes and gives, modalities, is set. hint says what in the
    configuration would change that.
    """

    takes: str = ""
    gives: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Component:
    """One thing that a plugin offers.

    kind is "converter" or "scorer". settings is the dataclass of its
    configuration, made with settings.setting; open makes a Converter or Scorer
    of it. If the dataclass has a method restrictions(), it returns a sequence of
    Restriction: campaigns are held against it before they run. One that has a method close() is closed at the end. The conversions
    that it does not take (modalities beside takes) are refused for it.
    """

    kind: str
    name: str
    summary: str
    settings: type
    open: Callable[[Any], Any]
    takes: Sequence[str] = ()
    gives: Sequence[str] = ()
    scores: str = ""
    description: str = ""


@dataclass(frozen=True)
class Plugin:
    """What a program offers. name is what campaigns write before the slash."""

    name: str
    version: str
    components: Sequence[Component]
