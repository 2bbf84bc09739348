"""The contract, held by a plugin in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import unittest

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from host import FIXTURE, Host, details
from identity import Identity
from redteam.plugin.v1 import plugin_pb2


class ServingTest(unittest.TestCase):
    def setUp(self) -> None:
        self.host = self.enterContext(Host())

    def fails(self, call, *args, **more) -> grpc.RpcError:
        with self.assertRaises(grpc.RpcError) as raised:
            call(*args, **more)
        return raised.exception

    def test_the_handshake_line_says_where_and_who(self) -> None:
        core, protocol, network, path, kind, certificate = self.host.handshake
        self.assertEqual((core, protocol, network, kind), ("1", "1", "unix", "grpc"))
        self.assertEqual(os.path.dirname(path), self.host.folder)
        self.assertNotIn("=", certificate)

    def test_strangers_get_no_answer(self) -> None:
        for stranger in (None, Identity()):
            with self.host.connect(stranger) as channel:
                describe = channel.unary_unary("/redteam.plugin.v1.PluginService/Describe")
                self.assertEqual(self.fails(describe, b"", timeout=5).code(), grpc.StatusCode.UNAVAILABLE)

    def test_it_is_healthy(self) -> None:
        health = health_pb2_grpc.HealthStub(self.host.channel)
        answer = health.Check(health_pb2.HealthCheckRequest(service="plugin"), timeout=5)
        self.assertEqual(answer.status, health_pb2.HealthCheckResponse.SERVING)

    def test_the_command_line_describes_what_the_wire_does(self) -> None:
        printed = json.loads(subprocess.check_output([*FIXTURE, "describe"]))
        wire = self.host.plugin.Describe(plugin_pb2.DescribeRequest(), timeout=5)
        self.assertEqual(
            (printed["name"], printed["version"], printed["sdk_version"]), (wire.name, wire.version, wire.sdk_version)
        )
        for one, other in zip(printed["components"], wire.components, strict=True):
            self.assertEqual((one["kind"], one["name"], one["summary"]), ("converter", other.name, other.summary))
            self.assertEqual((one["in"], one["out"]), (["text"], ["text"]))
            self.assertEqual(one["config"], json.loads(other.config_schema))

    def test_started_by_hand_it_says_what_it_is(self) -> None:
        done = subprocess.run(FIXTURE, capture_output=True, text=True, env={"PYTHONPATH": os.environ["PYTHONPATH"]})
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("is a plugin of orchestrator", done.stderr)

    def test_wrong_configurations_are_refused_with_every_key(self) -> None:
        for config, fields in (
            (b'{"word": "w", "wrod": 1}', ["wrod"]),
            (b"{}", ["word"]),
            (b"", ["word"]),
            (b'{"word": 7}', ["word"]),
            (b'{"word": "w", "times": true}', ["times"]),
            (b'{"word": "w", "times": 4}', ["times"]),
            (b'{"word": "", "times": "x", "more": 1}', ["more", "word", "times"]),
            (b'["word"]', [""]),
            (b"{", [""]),
        ):
            with self.subTest(config=config):
                check = plugin_pb2.CheckConfigRequest(kind=plugin_pb2.KIND_CONVERTER, name="fixture", config=config)
                for error in (self.fails(self.host.open, config), self.fails(self.host.plugin.CheckConfig, check)):
                    found = details(error)
                    self.assertEqual([d.field for d in found], fields)
                    self.assertEqual({d.kind for d in found}, {plugin_pb2.ERROR_KIND_CONFIG})

    def test_a_configuration_says_what_it_restricts(self) -> None:
        text = plugin_pb2.MODALITY_TEXT
        for config, want in (
            (b'{"word": "w"}', []),
            (b'{"word": "w", "times": 3}', [("in", text, 0, "say it less often"), ("out", 0, text, "")]),
        ):
            check = plugin_pb2.CheckConfigRequest(kind=plugin_pb2.KIND_CONVERTER, name="fixture", config=config)
            found = self.host.plugin.CheckConfig(check).restrictions
            got = [(r.WhichOneof("what"), getattr(r, "in"), r.out, r.hint) for r in found]
            self.assertEqual(got, want)

    def test_errors_keep_kind_hint_and_wait(self) -> None:
        error = self.fails(self.host.convert, self.host.open(), b"wait")
        (detail,) = details(error)
        self.assertEqual((error.details(), detail.hint), ("too much", "be patient"))
        self.assertEqual(detail.kind, plugin_pb2.ERROR_KIND_RATE_LIMITED)
        self.assertEqual(detail.retry_after.ToMilliseconds(), 1500)

    def test_texts_that_do_not_fit_into_a_status_do_not_break_it(self) -> None:
        instance = self.host.open()
        for data in (b"surrogate", b"long"):
            (detail,) = details(self.fails(self.host.convert, instance, data))
            self.assertEqual(detail.kind, plugin_pb2.ERROR_KIND_INPUT)

    def test_an_exception_is_an_internal_error_of_its_call(self) -> None:
        instance = self.host.open()
        for data, says in ((b"crash", "ZeroDivisionError: a bug"), (b"exit", "SystemExit: 3")):
            error = self.fails(self.host.convert, instance, data)
            self.assertEqual([d.kind for d in details(error)], [plugin_pb2.ERROR_KIND_INTERNAL])
            self.assertEqual(error.details(), says)
            line = json.loads(self.host.wait_for_log("Traceback"))
            self.assertEqual(line["@level"], "error")
        self.assertEqual(self.host.convert(instance, b"still there"), b"still there")

    def test_what_is_printed_goes_to_the_log(self) -> None:
        self.host.convert(self.host.open(), b"print")
        self.assertEqual(self.host.wait_for_log("printed"), "printed\n")
        self.assertEqual(self.host.wait_for_log("written"), "written\n")

    def test_a_modality_that_it_does_not_take_is_unsupported(self) -> None:
        error = self.fails(self.host.convert, self.host.open(), b"", modality=plugin_pb2.MODALITY_IMAGE)
        self.assertEqual([d.kind for d in details(error)], [plugin_pb2.ERROR_KIND_UNSUPPORTED])

    def test_words_and_instances_that_it_does_not_know_are_refused(self) -> None:
        instance = self.host.open()
        for call in (
            lambda: self.host.convert(instance, b"", modality=4711),
            lambda: self.host.convert(instance, b"", modality=0),
            lambda: self.host.convert("none", b""),
        ):
            self.assertEqual([d.kind for d in details(self.fails(call))], [plugin_pb2.ERROR_KIND_PROTOCOL])
        error = self.fails(self.host.open, name="nothing")
        self.assertEqual([d.kind for d in details(error)], [plugin_pb2.ERROR_KIND_UNSUPPORTED])

    def test_sixty_four_mebibytes_pass_both_ways_and_no_more(self) -> None:
        instance = self.host.open()
        large = bytes((64 << 20) - 1024)
        self.assertEqual(len(self.host.convert(instance, large, timeout=60)), len(large))
        error = self.fails(self.host.convert, instance, b"grow", timeout=60)
        self.assertEqual([d.kind for d in details(error)], [plugin_pb2.ERROR_KIND_INPUT])

    def test_a_cancelled_call_and_one_past_its_deadline_end_in_the_plugin_too(self) -> None:
        instance = self.host.open()
        cancelled = self.host.converter.Convert.future(self.host.request(instance, b"work"), timeout=60)
        cancelled.cancel()
        late = self.fails(self.host.convert, instance, b"work", timeout=0.1)
        self.assertEqual(late.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        # Closing waits for the instance's calls.
        self.host.plugin.Close(plugin_pb2.CloseRequest(instance=instance), timeout=5)

    def test_many_calls_run_at_a_time(self) -> None:
        instance = self.host.open()
        work = [self.host.converter.Convert.future(self.host.request(instance, b"work"), timeout=30) for _ in range(16)]
        self.assertEqual(self.host.convert(instance, b"quick", timeout=5), b"quick")
        for call in work:
            call.cancel()

    def test_an_instance_is_closed_once(self) -> None:
        request = plugin_pb2.CloseRequest(instance=self.host.open())
        for _ in range(2):
            self.host.plugin.Close(request, timeout=5)
        self.host.wait_for_log("closed w")
        self.assertTrue(self.host.log.empty())

    def shutdown(self) -> None:
        self.host.channel.unary_unary("/plugin.GRPCController/Shutdown")(b"", timeout=5)

    def test_it_ends_within_two_seconds_of_being_told_though_a_call_hangs(self) -> None:
        instance = self.host.open()
        hanging = self.host.converter.Convert.future(self.host.request(instance, b"hang"))
        self.assertEqual(self.host.convert(instance, b"begun"), b"begun")
        self.shutdown()
        self.assertEqual(self.host.process.wait(timeout=2), 0)
        self.host.wait_for_log("closed w")
        self.assertTrue(hanging.exception(timeout=5))

    def test_it_ends_with_its_lifeline_and_leaves_nothing_behind(self) -> None:
        self.host.open()
        self.host.stdin.close()
        self.host.process.wait(timeout=3)
        self.host.wait_for_log("closed w")
        self.assertFalse(os.path.exists(self.host.folder))


if __name__ == "__main__":
    unittest.main()
