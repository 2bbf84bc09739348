"""What is asked for, and what is refused by the parameter's name."""

import unittest
from typing import Any

from request import DEFAULT_BOUND, Refused, read

HELLO = [{"role": "user", "content": "Hello."}]


def asking(**more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": HELLO, **more}


class Requests(unittest.TestCase):
    def test_a_conversation_becomes_a_transcript_that_the_model_goes_on_with(self) -> None:
        messages = [
            {"role": "system", "content": "Be brief."},
            {"role": "developer", "content": "Be polite."},
            {"role": "user", "content": [{"type": "text", "text": "Hello."}, {"type": "text", "text": "Who is there?"}]},
            {"role": "assistant", "content": "I am."},
            {"role": "user", "content": "Who?"},
        ]
        want = "System: Be brief.\nSystem: Be polite.\nUser: Hello.\nWho is there?\nAssistant: I am.\nUser: Who?\nAssistant:"
        self.assertEqual(read(asking(messages=messages), "m").prompt, want)

    def test_what_is_not_said_has_a_default(self) -> None:
        wanted = read(asking(stop=None, tools=[], n=1, user="somebody"), "m")
        self.assertEqual((wanted.bound, wanted.temperature, wanted.top_p, wanted.seed), (DEFAULT_BOUND, 1.0, 1.0, None))
        self.assertEqual((wanted.stop, wanted.schema, wanted.stream, wanted.with_usage), ((), None, False, False))

    def test_what_is_said_is_kept(self) -> None:
        wanted = read(
            asking(max_completion_tokens=7, temperature=0, top_p=0.5, seed=-3, stop="END", stream=True, stream_options={"include_usage": True}),
            "m",
        )
        self.assertEqual((wanted.bound, wanted.temperature, wanted.top_p, wanted.seed), (7, 0.0, 0.5, -3))
        self.assertEqual((wanted.stop, wanted.stream, wanted.with_usage), (("END",), True, True))
        self.assertEqual(read(asking(max_tokens=9), "m").bound, 9)

    def test_json_is_wanted_with_a_schema_or_without(self) -> None:
        schema = {"type": "object", "properties": {"holds": {"type": "boolean"}}}
        for wanted, want in [
            ({"type": "text"}, None),
            ({"type": "json_object"}, {}),
            ({"type": "json_schema", "json_schema": {"name": "verdict", "schema": schema}}, schema),
        ]:
            self.assertEqual(read(asking(response_format=wanted), "m").schema, want)

    def test_what_it_does_not_do_is_refused_by_name(self) -> None:
        image = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]
        for body, param, code, status in [
            ([], None, "invalid_json", 400),
            ({"model": "m"}, "messages", "invalid_value", 400),
            (asking(messages=[]), "messages", "invalid_value", 400),
            (asking(messages=["x"]), "messages[0]", "invalid_value", 400),
            (asking(messages=[{"role": "tool", "content": "x"}]), "messages[0].role", "invalid_value", 400),
            (asking(messages=[{"role": "user", "content": None}]), "messages[0].content", "invalid_value", 400),
            (asking(messages=image), "messages[0].content", "unsupported_value", 400),
            (asking(model="gpt-9"), "model", "model_not_found", 404),
            (asking(tools=[{"type": "function"}]), "tools", "unsupported_parameter", 400),
            (asking(n=2), "n", "unsupported_parameter", 400),
            (asking(logit_bias={}), "logit_bias", "unsupported_parameter", 400),
            (asking(max_tokens=0), "max_tokens", "invalid_value", 400),
            (asking(max_tokens=True), "max_tokens", "invalid_value", 400),
            (asking(max_tokens=1, max_completion_tokens=1), "max_tokens", "invalid_value", 400),
            (asking(temperature=2.5), "temperature", "invalid_value", 400),
            (asking(temperature=float("nan")), "temperature", "invalid_value", 400),
            (asking(top_p="1"), "top_p", "invalid_value", 400),
            (asking(seed=1.5), "seed", "invalid_value", 400),
            (asking(stop=[""]), "stop", "invalid_value", 400),
            (asking(stop=list("abcde")), "stop", "invalid_value", 400),
            (asking(stream=1), "stream", "invalid_value", 400),
            (asking(stream_options=True), "stream_options", "invalid_value", 400),
            (asking(response_format={"type": "grammar"}), "response_format", "invalid_value", 400),
            (asking(response_format={"type": "json_schema", "json_schema": {}}), "response_format", "invalid_value", 400),
        ]:
            with self.subTest(param=param, code=code), self.assertRaises(Refused) as refused:
                read(body, "m")
            self.assertEqual((refused.exception.param, refused.exception.code, refused.exception.status), (param, code, status))
