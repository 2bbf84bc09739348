"""A host for tests: what the orchestrator is to a plugin, as far as a test
needs it."""

from __future__ import annotations

import base64
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import grpc
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from google.rpc import status_pb2
from identity import Identity
from redteam.plugin.v1 import converter_pb2, converter_pb2_grpc, plugin_pb2, plugin_pb2_grpc

FIXTURE = [sys.executable, "-B", str(Path(__file__).with_name("fixture.py"))]


class Host:
    """Starts the fixture and connects to it; a context manager."""

    def __init__(self) -> None:
        self.identity = Identity()
        self.folder = tempfile.mkdtemp(prefix="fixture")
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.environ["PYTHONPATH"],
            "ORCHESTRATOR_PLUGIN": "redteam.plugin.v1",
            "ORCHESTRATOR_PLUGIN_LIFELINE": "stdin",
            "ORCHESTRATOR_PLUGIN_LOG_LEVEL": "debug",
            "PLUGIN_PROTOCOL_VERSIONS": "1",
            "PLUGIN_UNIX_SOCKET_DIR": self.folder,
            "ORCHESTRATOR_PLUGIN_FOLDER": self.folder,
            "PLUGIN_CLIENT_CERT": self.identity.certificate.decode(),
        }
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            FIXTURE, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
        )
        assert self.process.stdin and self.process.stdout and self.process.stderr
        self.stdin, self.stdout = self.process.stdin, self.process.stdout
        self.log: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read_log, args=(self.process.stderr,))
        self._reader.start()
        self.handshake = self.stdout.readline().decode().rstrip("\n").split("|")
        self.channel = self.connect(self.identity)
        self.plugin = plugin_pb2_grpc.PluginServiceStub(self.channel)
        self.converter = converter_pb2_grpc.ConverterServiceStub(self.channel)

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *_: object) -> None:
        self.channel.close()
        self.process.kill()
        self.process.wait()
        self._reader.join()
        for stream in (self.stdin, self.stdout, self.process.stderr):
            assert stream
            stream.close()
        shutil.rmtree(self.folder, ignore_errors=True)  # as the host does; a lifeline's end does it before

    def _read_log(self, stderr: Any) -> None:
        for line in stderr:
            self.log.put(line.decode())

    def wait_for_log(self, words: str) -> str:
        """The next line of the log that holds the words."""
        while True:
            line = self.log.get(timeout=10)
            if words in line:
                return line

    def connect(self, identity: Identity | None) -> grpc.Channel:
        """A channel that shows a certificate, or none."""
        encoded = self.handshake[5]
        der = base64.b64decode(encoded + "=" * (-len(encoded) % 4))
        theirs = x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
        credentials = grpc.ssl_channel_credentials(
            theirs, identity.key if identity else None, identity.certificate if identity else None
        )
        options = [
            ("grpc.ssl_target_name_override", "localhost"),
            ("grpc.max_send_message_length", 128 << 20),
            ("grpc.max_receive_message_length", 128 << 20),
            # Go takes this much; in Python 8 KiB are usual.
            ("grpc.max_metadata_size", 16 << 20),
            ("grpc.absolute_max_metadata_size", 16 << 20),
        ]
        return grpc.secure_channel("unix:" + self.handshake[3], credentials, options)

    def open(self, config: bytes = b'{"word": "w"}', name: str = "fixture") -> str:
        request = plugin_pb2.OpenRequest(kind=plugin_pb2.KIND_CONVERTER, name=name, config=config)
        return str(self.plugin.Open(request, timeout=10).instance)

    def request(self, instance: str, data: bytes, modality: int = plugin_pb2.MODALITY_TEXT) -> Any:
        value = plugin_pb2.Value(modality=modality, media_type="text/plain", data=data)
        return converter_pb2.ConvertRequest(instance=instance, value=value)

    def convert(self, instance: str, data: bytes, timeout: float = 10, **more: Any) -> bytes:
        return bytes(self.converter.Convert(self.request(instance, data, **more), timeout=timeout).value.data)


def details(error: grpc.RpcError) -> list[Any]:
    """The ErrorDetails of a failed call."""
    packed = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
    found = []
    for any_ in status_pb2.Status.FromString(packed).details:
        detail = plugin_pb2.ErrorDetail()
        assert any_.Unpack(detail)
        found.append(detail)
    return found
