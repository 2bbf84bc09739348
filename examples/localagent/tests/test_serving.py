"""The protocol, over a real socket; what the model writes is given."""

import http.client
import json
import socket
import threading
import unittest
from collections.abc import Callable, Generator
from typing import Any

from model import End
from request import Refused, Request
from serving import AGAIN_AFTER, MAX_BODY, MAX_WAITING, Server

BODY: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hello."}]}


class Scripted:
    """Writes what it is told to, and waits where it is told to."""

    def __init__(self, *pieces: str | End | Refused) -> None:
        self.pieces = pieces
        self.go_on, self.gave_up = threading.Event(), threading.Event()
        self.go_on.set()

    def answer(self, request: Request, given_up: Callable[[], bool]) -> Generator[str | End]:
        while not self.go_on.wait(0.01):
            if given_up():
                self.gave_up.set()
                return
        for piece in self.pieces:
            if isinstance(piece, Refused):
                raise piece
            yield piece


class Protocol(unittest.TestCase):
    def serve(self, model: Scripted) -> int:
        """Return the port of a server that ends with the test."""
        listening = socket.create_server(("127.0.0.1", 0))
        server = Server(listening, model, "m")
        running = threading.Thread(target=server.serve_forever, args=(0.01,))
        running.start()

        def end() -> None:
            model.go_on.set()
            server.shutdown()
            running.join()
            server.server_close()

        self.addCleanup(end)
        port: int = listening.getsockname()[1]
        return port

    def connect(self, port: int) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self.addCleanup(connection.close)
        return connection

    def post(self, connection: http.client.HTTPConnection, body: Any) -> tuple[http.client.HTTPResponse, bytes]:
        connection.request("POST", "/v1/chat/completions", json.dumps(body))
        response = connection.getresponse()
        return response, response.read()

    def test_whole_answers_come_one_after_the_other_on_one_connection(self) -> None:
        connection = self.connect(self.serve(Scripted("Go", "od.", End("stop", 3, 2))))
        for _ in range(3):
            response, body = self.post(connection, BODY)
            reply = json.loads(body)
            self.assertEqual((response.status, reply["object"], reply["model"]), (200, "chat.completion", "m"))
            [choice] = reply["choices"]
            self.assertEqual((choice["message"]["content"], choice["finish_reason"]), ("Good.", "stop"))
            self.assertEqual(reply["usage"], {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5})

    def test_an_answer_at_its_bound_says_so_and_an_empty_one_is_empty(self) -> None:
        connection = self.connect(self.serve(Scripted(End("length", 3, 1))))
        [choice] = json.loads(self.post(connection, BODY)[1])["choices"]
        self.assertEqual((choice["message"]["content"], choice["finish_reason"]), ("", "length"))

    def test_a_stream_has_its_pieces_its_end_and_where_it_is_asked_for_its_usage(self) -> None:
        port = self.serve(Scripted("Go", "od.", End("length", 3, 2)))
        for with_usage in (False, True):
            response, body = self.post(self.connect(port), {**BODY, "stream": True, "stream_options": {"include_usage": with_usage}})
            self.assertEqual((response.status, response.getheader("Content-Type")), (200, "text/event-stream"))
            *events, done, rest = body.decode().split("\n\n")
            self.assertEqual((done, rest), ("data: [DONE]", ""))
            chunks = [json.loads(event.removeprefix("data: ")) for event in events]
            usage = [chunk["usage"] for chunk in chunks if not chunk["choices"]]
            self.assertEqual(usage, [{"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}] if with_usage else [])
            choices = [chunk["choices"][0] for chunk in chunks if chunk["choices"]]
            self.assertEqual("".join(choice["delta"].get("content", "") for choice in choices), "Good.")
            self.assertEqual([choice["finish_reason"] for choice in choices], [None, None, None, "length"])

    def test_what_is_refused_has_the_error_object_also_where_a_stream_was_wanted(self) -> None:
        port = self.serve(Scripted(Refused("too long", "messages", "context_length_exceeded")))
        for stream in (False, True):
            response, body = self.post(self.connect(port), {**BODY, "stream": stream})
            want = {"message": "too long", "type": "invalid_request_error", "param": "messages", "code": "context_length_exceeded"}
            self.assertEqual((response.status, json.loads(body)), (400, {"error": want}))

    def test_what_is_no_request_is_refused(self) -> None:
        port = self.serve(Scripted())
        for method, path, headers, body, status in [
            ("POST", "/v1/chat/completions", {}, "{", 400),
            ("POST", "/v1/chat/completions", {"Transfer-Encoding": "chunked"}, None, 411),
            ("POST", "/v1/chat/completions", {"Content-Length": str(MAX_BODY + 1)}, None, 413),
            ("POST", "/v1/responses", {}, "{}", 404),
            ("GET", "/v1/chat", {}, None, 404),
        ]:
            with self.subTest(path=path, status=status):
                connection = self.connect(port)
                connection.putrequest(method, path)
                if body is not None:
                    connection.putheader("Content-Length", str(len(body)))
                for name, value in headers.items():
                    connection.putheader(name, value)
                connection.endheaders(body.encode() if body is not None else None)
                response = connection.getresponse()
                self.assertEqual(response.status, status)
                self.assertIn("message", json.loads(response.read())["error"])

    def test_it_says_that_it_is_well_and_which_model_it_has(self) -> None:
        connection = self.connect(self.serve(Scripted()))
        connection.request("GET", "/health")
        self.assertEqual(json.loads(connection.getresponse().read()), {"status": "ok"})
        connection.request("GET", "/v1/models")
        self.assertEqual([model["id"] for model in json.loads(connection.getresponse().read())["data"]], ["m"])

    def test_a_client_that_is_gone_is_not_worked_for(self) -> None:
        for stream in (False, True):
            model = Scripted("never", End("stop", 1, 1))
            model.go_on.clear()
            connection = self.connect(self.serve(model))
            connection.request("POST", "/v1/chat/completions", json.dumps({**BODY, "stream": stream}))
            connection.close()
            self.assertTrue(model.gave_up.wait(10))

    def test_those_who_would_wait_too_long_are_told_when_to_come_again(self) -> None:
        model = Scripted("Good.", End("stop", 1, 1))
        model.go_on.clear()
        port = self.serve(model)
        waiting = [self.connect(port) for _ in range(MAX_WAITING + 1)]
        for connection in waiting:
            connection.request("POST", "/v1/chat/completions", json.dumps(BODY))
        refused = next(connection for connection in iter(waiting) if self.answered(connection, waiting))
        response = refused.getresponse()
        self.assertEqual((response.status, response.getheader("Retry-After")), (429, str(AGAIN_AFTER)))
        response.read()
        model.go_on.set()
        answered = [connection for connection in waiting if connection is not refused]
        for connection in answered:
            response = connection.getresponse()
            self.assertEqual((response.status, response.read() != b""), (200, True))
        # What waited has given its place back before its connection is served again.
        self.assertEqual(self.post(answered[0], BODY)[0].status, 200)

    def answered(self, connection: http.client.HTTPConnection, among: list[http.client.HTTPConnection]) -> bool:
        """Whether the connection is the one that has an answer already."""
        import select

        readable, _, _ = select.select([c.sock for c in among], [], [], 10)
        return connection.sock in readable
