"""The HTTP server: OpenAI's chat completions, whole and as a stream."""

from __future__ import annotations

import json
import logging
import select
import socket
import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Protocol

import request as asked
from request import Refused, Request

if TYPE_CHECKING:
    from model import End

log = logging.getLogger("localagent")

MAX_BODY = 8 << 20
# How many requests may wait for the model. Those beyond are told to come again.
MAX_WAITING = 16
AGAIN_AFTER = 5  # seconds


class Answering(Protocol):
    """What the server needs of a model."""

    def answer(self, request: Request, given_up: Callable[[], bool]) -> Generator[str | End]: ...


class Server(ThreadingHTTPServer):
    """Serves a model on a socket that listens already."""

    daemon_threads = True

    def __init__(self, listening: socket.socket, model: Answering, name: str) -> None:
        super().__init__(listening.getsockname()[:2], Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.model, self.name = model, name
        self.places = threading.BoundedSemaphore(MAX_WAITING)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is gone is no error of the server."""
        log.debug("a request broke off", exc_info=True)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = 60.0  # seconds until a silent connection is closed

    def do_GET(self) -> None:
        if self.path == "/health":
            self.give(200, {"status": "ok"})
        elif self.path == "/v1/models":
            self.give(200, {"object": "list", "data": [{"id": self.server.name, "object": "model", "created": 0, "owned_by": "localagent"}]})
        else:
            self.refuse(Refused(f"there is no {self.path} here", code="not_found", status=404))

    def do_POST(self) -> None:
        try:
            body = self.body()
            if self.path != "/v1/chat/completions":
                raise Refused(f"there is no {self.path} here", code="not_found", status=404)
            wanted = asked.read(body, self.server.name)
            if not self.server.places.acquire(blocking=False):
                raise Refused("too many requests wait for the model", code="rate_limit_exceeded", status=429)
            try:
                self.complete(wanted)
            finally:
                self.server.places.release()
        except Refused as refusal:
            self.refuse(refusal)

    def body(self) -> Any:
        """The decoded body."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            self.close_connection = True
            raise Refused("the request needs a Content-Length", code="length_required", status=411)
        if int(length) > MAX_BODY:
            self.close_connection = True
            raise Refused(f"the body has {length} bytes, and may have {MAX_BODY}", code="too_large", status=413)
        try:
            return json.loads(self.rfile.read(int(length)))
        except ValueError as wrong:
            raise Refused(f"the body is not JSON: {wrong}", code="invalid_json") from wrong

    def complete(self, wanted: Request) -> None:
        """Answer a request."""
        with closing(self.server.model.answer(wanted, self.given_up)) as pieces:
            self.send(Reply(wanted), pieces)

    def send(self, reply: Reply, pieces: Iterator[str | End]) -> None:
        """Send an answer, piece by piece or whole."""
        # What the model refuses, it refuses before its first piece: a stream that
        # has begun has no status to say it by.
        first = next(pieces, None)
        if first is None:
            self.close_connection = True
            return
        if reply.wanted.stream:
            self.stream(reply, first, pieces)
            return
        text = ""
        while isinstance(first, str):
            text, first = text + first, next(pieces, None)
        if first is None:
            self.close_connection = True
            return
        self.give(200, reply.whole(text, first))

    def stream(self, reply: Reply, piece: str | End | None, pieces: Iterator[str | End]) -> None:
        """Send an answer as server-sent events."""
        self.close_connection = True  # its end is the end of the body
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.event(reply.chunk({"role": "assistant", "content": ""}))
        while isinstance(piece, str):
            self.event(reply.chunk({"content": piece}))
            piece = next(pieces, None)
        if piece is None:
            return
        self.event(reply.chunk({}, piece.finish))
        if reply.wanted.with_usage:
            self.event(reply.usage_chunk(piece))
        self.wfile.write(b"data: [DONE]\n\n")

    def event(self, data: dict[str, Any]) -> None:
        self.wfile.write(b"data: " + json.dumps(data).encode() + b"\n\n")

    def given_up(self) -> bool:
        """Whether the client has closed its side."""
        waiting = select.poll()
        waiting.register(self.connection, select.POLLIN)
        try:
            return bool(waiting.poll(0)) and self.connection.recv(1, socket.MSG_PEEK) == b""
        except OSError:
            return True

    def refuse(self, refusal: Refused) -> None:
        self.give(refusal.status, refusal.body())

    def give(self, status: int, data: dict[str, Any]) -> None:
        """Send a whole response."""
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status == 429:
            self.send_header("Retry-After", str(AGAIN_AFTER))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        log.debug(format, *args)


class Reply:
    """The objects of one answer."""

    def __init__(self, wanted: Request) -> None:
        self.wanted, self.id, self.created = wanted, f"chatcmpl-{uuid.uuid4().hex}", int(time.time())

    def object(self, kind: str, choices: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.wanted.model, "choices": choices, **more}

    def whole(self, text: str, end: End) -> dict[str, Any]:
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": end.finish}
        return self.object("chat.completion", [choice], usage=usage(end))

    def chunk(self, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return self.object("chat.completion.chunk", [choice])

    def usage_chunk(self, end: End) -> dict[str, Any]:
        return self.object("chat.completion.chunk", [], usage=usage(end))


def usage(end: End) -> dict[str, int]:
    return {
        "prompt_tokens": end.prompt_tokens,
        "completion_tokens": end.answer_tokens,
        "total_tokens": end.prompt_tokens + end.answer_tokens,
    }
