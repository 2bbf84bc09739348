"""The process: how a plugin starts, says where it listens, and ends.

The host is go-plugin (Go); this is its other half, written down in
docs/plugins.md, "Other languages".
"""

from __future__ import annotations

import base64
import datetime
import json
import logging
import os
import shutil
import signal
import sys
import threading
from concurrent import futures
from typing import TYPE_CHECKING, Any, NoReturn

from contract import MAX_MESSAGE, Plugin
from describing import as_json

if TYPE_CHECKING:
    import grpc

log = logging.getLogger("plugin")

COOKIE = ("ORCHESTRATOR_PLUGIN", "redteam.plugin.v1")
# go-plugin's own protocol, and that of the contract.
CORE_PROTOCOL, PROTOCOL = 1, 1

# How many calls are worked on at a time. The host makes no more than it has
# trials under way; whatever is beyond them answers health checks, and calls that
# take the place of cancelled ones which have not noticed yet.
THREADS = 64

# The host kills after 2 s. The seconds for calls to end, and for closing.
CALLS_GRACE = 0.2
CLOSE_GRACE = 0.8


def main(plugin: Plugin) -> None:
    """The whole life of the process."""
    if sys.argv[1:] == ["describe"]:
        print(as_json(plugin))
        return
    if os.environ.get(COOKIE[0]) != COOKIE[1]:
        sys.exit(
            f"{plugin.name} {plugin.version} is a plugin of orchestrator and does nothing on its own\n"
            f'hint: "{sys.argv[0]} describe" shows what it offers'
        )
    answers = keep_standard_output()
    log_to_host()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the host decides when a plugin ends
    serve(plugin, answers)


def keep_standard_output() -> int:
    """Return a descriptor of standard output, and let nobody else have it.

    The handshake line comes first there. What anything prints from now on goes
    to standard error, and with that to the host's log.
    """
    sys.stdout.flush()
    answers = os.dup(1)
    os.dup2(2, 1)
    return answers


def serve(plugin: Plugin, answers: int) -> NoReturn:
    """Serve until the host says that it is enough, or is gone."""
    # gRPC reads these when it is imported.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    import grpc
    from services import Instances

    instances = Instances()
    stop, orphaned = threading.Event(), threading.Event()
    server = grpc.server(
        futures.ThreadPoolExecutor(THREADS, thread_name_prefix="call"),
        options=[
            ("grpc.max_receive_message_length", MAX_MESSAGE),
            ("grpc.max_send_message_length", MAX_MESSAGE),
        ],
    )
    register(server, plugin, instances, stop)
    folder = os.environ["PLUGIN_UNIX_SOCKET_DIR"]
    socket = os.path.join(folder, f"plugin{os.getpid()}")
    credentials, certificate = mutual_tls(os.environ["PLUGIN_CLIENT_CERT"])
    server.add_secure_port(f"unix:{socket}", credentials)
    server.start()
    if "ORCHESTRATOR_PLUGIN_LIFELINE" in os.environ:
        threading.Thread(target=watch_lifeline, args=(orphaned, stop), name="lifeline", daemon=True).start()
    shake_hands(answers, socket, certificate)

    stop.wait()
    server.stop(CALLS_GRACE).wait(CALLS_GRACE + 0.1)
    instances.close_all(CLOSE_GRACE)
    if orphaned.is_set():
        leave_nothing_behind()
    os._exit(0)  # a call that does not end would hold back sys.exit


def register(server: grpc.Server, plugin: Plugin, instances: Any, stop: threading.Event) -> None:
    """Add the contract's services, and those that go-plugin's host calls."""
    import grpc
    from grpc_health.v1 import health, health_pb2, health_pb2_grpc
    from redteam.plugin.v1 import converter_pb2_grpc, plugin_pb2_grpc, scorer_pb2_grpc
    from services import ConverterService, PluginService, ScorerService

    plugin_pb2_grpc.add_PluginServiceServicer_to_server(PluginService(plugin, instances), server)
    converter_pb2_grpc.add_ConverterServiceServicer_to_server(ConverterService(instances), server)
    scorer_pb2_grpc.add_ScorerServiceServicer_to_server(ScorerService(instances), server)

    healthy = health.HealthServicer()
    healthy.set("plugin", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)

    # plugin.GRPCController/Shutdown takes and returns an empty message. It is
    # go-plugin's polite way to end a plugin. GRPCBroker and GRPCStdio of the
    # same package are asked for, too, and may be missing: gRPC's own
    # UNIMPLEMENTED is the right answer.
    def shutdown(_: bytes, __: grpc.ServicerContext) -> bytes:
        stop.set()
        return b""

    handler = grpc.unary_unary_rpc_method_handler(shutdown)
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler("plugin.GRPCController", {"Shutdown": handler})]
    )


def mutual_tls(host: str) -> tuple[grpc.ServerCredentials, bytes]:
    """Credentials that trust the host's certificate (PEM) and nothing else,
    with a certificate of our own, which is returned in DER."""
    import grpc
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=365))
        .not_valid_after(now + datetime.timedelta(days=365))
        # The host asks for this name, and trusts this certificate itself.
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    credentials = grpc.ssl_server_credentials(
        [(private, certificate.public_bytes(Encoding.PEM))],
        root_certificates=host.encode(),
        require_client_auth=True,
    )
    return credentials, certificate.public_bytes(Encoding.DER)


def shake_hands(answers: int, socket: str, certificate: bytes) -> None:
    """Print the line that tells the host where the plugin listens."""
    encoded = base64.b64encode(certificate).decode().rstrip("=")
    os.write(answers, f"{CORE_PROTOCOL}|{PROTOCOL}|unix|{socket}|grpc|{encoded}\n".encode())
    os.close(answers)


def watch_lifeline(orphaned: threading.Event, stop: threading.Event) -> None:
    """Standard input delivers nothing, and ends when the host is gone."""
    while os.read(0, 1024):
        pass
    orphaned.set()
    stop.set()


def leave_nothing_behind() -> None:
    """Do what a host that was killed cannot do any more: remove the folder that
    belongs to this process, and end what it has started, itself included. In a
    sandbox the folder itself stays, empty."""
    shutil.rmtree(os.environ["ORCHESTRATOR_PLUGIN_FOLDER"], ignore_errors=True)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)


class HostLog(logging.Handler):
    """Writes the JSON lines of hclog to standard error, one a record."""

    LONGEST = 32 << 10  # the host cuts a line at 60 KiB

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if record.exc_info:
            message += "\n" + logging.Formatter().formatException(record.exc_info)
        line = {
            "@level": hclog_level(record.levelno),
            "@message": message[: self.LONGEST],
            "@timestamp": datetime.datetime.fromtimestamp(record.created).astimezone().isoformat(),
        }
        try:
            os.write(2, json.dumps(line).encode("ascii") + b"\n")
        except OSError:
            pass  # the host is gone; the lifeline knows


def hclog_level(level: int) -> str:
    for bound, name in (
        (logging.DEBUG, "trace"),
        (logging.INFO, "debug"),
        (logging.WARNING, "info"),
        (logging.ERROR, "warn"),
    ):
        if level < bound:
            return name
    return "error"


def log_to_host() -> None:
    """Send what is logged to the host, from the level that it wants."""
    levels = {"trace": 1, "debug": 10, "info": 20, "warn": 30, "error": 40, "off": 100}
    level = levels.get(os.environ.get("ORCHESTRATOR_PLUGIN_LOG_LEVEL", ""), logging.DEBUG)
    logging.basicConfig(level=level, handlers=[HostLog()], force=True)
