"""The contract's services: requests into calls of components, and errors into
statuses. Nothing here is about one plugin's own components."""

from __future__ import annotations

import itertools
import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import grpc
import settings
from contract import (
    MAX_MESSAGE,
    Cancelled,
    Component,
    ErrorKind,
    Evidence,
    Message,
    Plugin,
    PluginError,
    PluginErrors,
    Restriction,
    Value,
)
from describing import description
from google.protobuf import any_pb2
from google.rpc import status_pb2
from grpc_status import rpc_status
from redteam.plugin.v1 import (
    converter_pb2,
    converter_pb2_grpc,
    plugin_pb2,
    plugin_pb2_grpc,
    scorer_pb2,
    scorer_pb2_grpc,
)

log = logging.getLogger("plugin")

# A status travels in HTTP/2 headers: no place for a page of text. The bytes of
# an error's message, and of each text in its details.
MAX_MESSAGE_TEXT = 16 << 10
MAX_DETAIL_TEXT = 1 << 10
MAX_DETAILS = 20

# The gRPC code of each kind, for peers that do not know ErrorDetail.
CODES: dict[ErrorKind, grpc.StatusCode] = {
    ErrorKind.CONFIG: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorKind.INPUT: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorKind.AUTH: grpc.StatusCode.UNAUTHENTICATED,
    ErrorKind.RATE_LIMITED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    ErrorKind.UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    ErrorKind.TIMEOUT: grpc.StatusCode.DEADLINE_EXCEEDED,
    ErrorKind.UNSUPPORTED: grpc.StatusCode.UNIMPLEMENTED,
    ErrorKind.PROTOCOL: grpc.StatusCode.INTERNAL,
    ErrorKind.INTERNAL: grpc.StatusCode.INTERNAL,
}

T = TypeVar("T")


class RpcCall:
    """A contract.Call: it is over when the host cancels, when its deadline
    passes, and when the plugin has to go."""

    def __init__(self, context: grpc.ServicerContext) -> None:
        self._context = context
        self.warnings: list[str] = []

    def check(self) -> None:
        if not self._context.is_active():
            raise Cancelled

    def warn(self, text: str) -> None:
        self.warnings.append(prose(text))


class Instance:
    """An opened component, and how many calls use it now."""

    def __init__(self, component: Component, value: Any) -> None:
        self.component = component
        self.value = value
        self.calls = 0


class Instances:
    """The components that the host has opened, by the names that it calls them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._numbers = itertools.count(1)
        self._open: dict[str, Instance] = {}

    def add(self, instance: Instance) -> str:
        with self._changed:
            name = str(next(self._numbers))
            self._open[name] = instance
            return name

    def use(self, name: str, kind: str, work: Callable[[Instance], T]) -> T:
        """Call work with an instance, which is not closed meanwhile."""
        with self._changed:
            instance = self._open.get(name)
            if instance is None:
                raise PluginError(ErrorKind.PROTOCOL, f"instance {name!r} is not open")
            if instance.component.kind != kind:
                raise PluginError(ErrorKind.PROTOCOL, f"instance {name!r} is not a {kind}")
            instance.calls += 1
        try:
            return work(instance)
        finally:
            with self._changed:
                instance.calls -= 1
                self._changed.notify_all()

    def close(self, name: str, timeout: float | None) -> None:
        """Close one once its calls are over, or timeout seconds have passed.

        Closing one that is not open does nothing."""
        with self._changed:
            instance = self._open.pop(name, None)
            if instance is None:
                return
            self._changed.wait_for(lambda: instance.calls == 0, timeout)
        if hasattr(instance.value, "close"):
            instance.value.close()

    def close_all(self, timeout: float) -> None:
        """Close what is open, within timeout seconds as far as its calls go."""
        deadline = time.monotonic() + timeout
        for name in list(self._open):
            try:
                self.close(name, max(0.0, deadline - time.monotonic()))
            except Exception:
                log.exception("closing an instance")


class PluginService(plugin_pb2_grpc.PluginServiceServicer):
    def __init__(self, plugin: Plugin, instances: Instances) -> None:
        self._plugin = plugin
        self._instances = instances

    def Describe(self, request: Any, context: grpc.ServicerContext) -> Any:
        return answer(context, lambda call: describe_response(self._plugin))

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        def check(call: RpcCall) -> Any:
            config = settings.read(self._find(request).settings, request.config)
            found = config.restrictions() if hasattr(config, "restrictions") else ()
            return plugin_pb2.CheckConfigResponse(restrictions=[_restriction(r) for r in found])

        return answer(context, check)

    def Open(self, request: Any, context: grpc.ServicerContext) -> Any:
        def open_(call: RpcCall) -> Any:
            component = self._find(request)
            opened = Instance(component, component.open(settings.read(component.settings, request.config)))
            name = self._instances.add(opened)
            try:
                call.check()
            except Cancelled:  # nobody will ever close it
                self._instances.close(name, 0)
                raise
            return plugin_pb2.OpenResponse(instance=name)

        return answer(context, open_)

    def Close(self, request: Any, context: grpc.ServicerContext) -> Any:
        def close(call: RpcCall) -> Any:
            self._instances.close(request.instance, context.time_remaining())
            return plugin_pb2.CloseResponse()

        return answer(context, close)

    def _find(self, request: Any) -> Component:
        kind = word(plugin_pb2.Kind, request.kind)
        for c in self._plugin.components:
            if (c.kind, c.name) == (kind, request.name):
                return c
        raise PluginError(ErrorKind.UNSUPPORTED, f"there is no {kind} {request.name!r} in this plugin")


def _restriction(of: Restriction) -> Any:
    side, modality = ("in", of.takes) if of.takes else ("out", of.gives)
    return plugin_pb2.Restriction(**{side: constant(plugin_pb2.Modality, modality), "hint": prose(of.hint)})


class ConverterService(converter_pb2_grpc.ConverterServiceServicer):
    def __init__(self, instances: Instances) -> None:
        self._instances = instances

    def Convert(self, request: Any, context: grpc.ServicerContext) -> Any:
        def convert(call: RpcCall) -> Any:
            value = decode_value(request.value)
            return self._instances.use(request.instance, "converter", lambda i: _convert(i, call, value))

        return answer(context, convert)


def _convert(instance: Instance, call: RpcCall, value: Value) -> Any:
    component = instance.component
    if value.modality not in component.takes:
        takes = ", ".join(component.takes)
        raise PluginError(
            ErrorKind.UNSUPPORTED, f"{component.name} does not take {value.modality}", hint=f"it takes {takes}"
        )
    out = instance.value.convert(call, value)
    if out.modality not in component.gives:
        raise PluginError(ErrorKind.INTERNAL, f"{component.name} gave {out.modality}, which it says it does not")
    response = converter_pb2.ConvertResponse(value=encode_value(out), warnings=call.warnings)
    if response.ByteSize() > MAX_MESSAGE:
        raise PluginError(ErrorKind.INPUT, f"the result is larger than {MAX_MESSAGE >> 20} MiB", hint="give it less")
    return response


class ScorerService(scorer_pb2_grpc.ScorerServiceServicer):
    def __init__(self, instances: Instances) -> None:
        self._instances = instances

    def Score(self, request: Any, context: grpc.ServicerContext) -> Any:
        def score(call: RpcCall) -> Any:
            evidence = decode_evidence(request)
            given = self._instances.use(request.instance, "scorer", lambda i: i.value.score(call, evidence))
            encoded = scorer_pb2.Score(
                type=constant(plugin_pb2.ScoreType, given.type or "unspecified"),
                value=given.value,
                rationale=prose(given.rationale),
            )
            return scorer_pb2.ScoreResponse(score=encoded)

        return answer(context, score)


def answer(context: grpc.ServicerContext, work: Callable[[RpcCall], T]) -> T:
    """What work returns; what it raises becomes the call's status."""
    try:
        return work(RpcCall(context))
    except PluginErrors as e:
        errors = list(e.errors)
    except PluginError as e:
        errors = [e]
    except Cancelled:
        context.abort(grpc.StatusCode.CANCELLED, "the call was cancelled")
    except BaseException as e:  # sys.exit() included: one bad value must not end the process
        log.exception("exception in a call")
        hint = "this is a bug in the plugin; its traceback is in the log"
        errors = [PluginError(ErrorKind.INTERNAL, f"{type(e).__name__}: {e}", hint=hint)]
    context.abort_with_status(rpc_status.to_status(status_of(errors)))
    raise AssertionError("abort_with_status raises")


def status_of(errors: list[PluginError]) -> Any:
    """The status of errors, with an ErrorDetail for each."""
    status = status_pb2.Status(
        code=CODES[errors[0].kind].value[0],
        message=clipped("; ".join(e.message for e in errors), MAX_MESSAGE_TEXT),
    )
    for e in errors[:MAX_DETAILS]:
        detail = plugin_pb2.ErrorDetail(
            kind=constant(plugin_pb2.ErrorKind, e.kind.value),
            field=clipped(e.field, MAX_DETAIL_TEXT),
            hint=clipped(e.hint, MAX_DETAIL_TEXT),
        )
        if len(errors) > 1:  # the text of a single one is the status's
            detail.message = clipped(e.message, MAX_DETAIL_TEXT)
        if e.retry_after is not None:
            detail.retry_after.FromNanoseconds(int(e.retry_after * 1e9))
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status


def describe_response(plugin: Plugin) -> Any:
    """The description for the wire."""
    about = description(plugin)
    return plugin_pb2.DescribeResponse(
        name=about["name"],
        version=about["version"],
        sdk_version=about["sdk_version"],
        components=[_describe(c) for c in about["components"]],
    )


def _describe(about: dict[str, Any]) -> Any:
    component = plugin_pb2.Component(
        kind=constant(plugin_pb2.Kind, about["kind"]),
        name=about["name"],
        summary=about["summary"],
        description=about.get("description", ""),
        out=[constant(plugin_pb2.Modality, m) for m in about.get("out", ())],
        scores=constant(plugin_pb2.ScoreType, about.get("scores", "unspecified")),
        config_schema=json.dumps(about["config"]).encode(),
    )
    # "in" is a word of Python's.
    getattr(component, "in").extend(
        plugin_pb2.Modality.Value(constant(plugin_pb2.Modality, m)) for m in about.get("in", ())
    )
    return component


def decode_evidence(request: Any) -> Evidence:
    conversation = [
        Message(word(plugin_pb2.Role, m.role), [decode_value(p.value) for p in m.parts]) for m in request.conversation
    ]
    return Evidence(request.objective, conversation, [decode_value(v) for v in request.values])


def decode_value(value: Any) -> Value:
    return Value(word(plugin_pb2.Modality, value.modality), value.media_type, value.data)


def encode_value(value: Value) -> Any:
    return plugin_pb2.Value(
        modality=constant(plugin_pb2.Modality, value.modality), media_type=value.media_type, data=value.data
    )


# The contract's enums and words correspond: MODALITY_TOOL_CALL is "tool_call".
PREFIXES = {
    plugin_pb2.Kind: "KIND_",
    plugin_pb2.Modality: "MODALITY_",
    plugin_pb2.Role: "ROLE_",
    plugin_pb2.ScoreType: "SCORE_TYPE_",
    plugin_pb2.ErrorKind: "ERROR_KIND_",
}


def constant(enum: Any, name: str) -> str:
    """The enum's name of a word, which protobuf takes for its number."""
    return PREFIXES[enum] + name.upper()


def word(enum: Any, value: int) -> str:
    """The word of a number; the contract may have grown since this was built."""
    what = PREFIXES[enum].rstrip("_").lower().replace("_", " ")
    if value == 0:
        raise PluginError(ErrorKind.PROTOCOL, f"the {what} is missing")
    try:
        return str(enum.Name(value)).removeprefix(PREFIXES[enum]).lower()
    except ValueError:
        hint = "the orchestrator may be newer than this plugin"
        raise PluginError(ErrorKind.PROTOCOL, f"{what} number {value} is not known", hint=hint) from None


def prose(text: str) -> str:
    """Text that a protobuf string takes, which refuses lone surrogates."""
    return text.encode("utf-8", "replace").decode("utf-8")


def clipped(text: str, most: int) -> str:
    """Text of at most so many bytes."""
    encoded = text.encode("utf-8", "replace")
    return encoded[:most].decode("utf-8", "ignore")
