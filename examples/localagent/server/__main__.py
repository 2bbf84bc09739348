"""A real language model behind an OpenAI-compatible server.

localagent starts this program in a sandbox that gives it no network. Its standard
input is the listening socket; its standard output a pipe whose other end is
localagent's, and is closed when that ends.
"""

from __future__ import annotations

import argparse
import os
import select
import signal
import socket
import sys
import threading

from model import Model
from serving import Server

MAGIC = b"GGUF"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="the GGUF file")
    parser.add_argument("--name", required=True, help="the name that the model goes by")
    parser.add_argument("--context", type=int, default=4096, help="tokens of a conversation, its answer included")
    parser.add_argument("--threads", type=int, default=min(os.cpu_count() or 1, 4))
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # localagent decides when it ends
    threading.Thread(target=watch_lifeline, name="lifeline", daemon=True).start()
    with open(options.model, "rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            sys.exit(f"{options.model} is no GGUF file")
    model = Model(options.model, options.context, options.threads)
    Server(socket.socket(fileno=0), model, options.name).serve_forever()


def watch_lifeline() -> None:
    """End this process when nobody can read its standard output any more."""
    waiting = select.poll()
    waiting.register(1, 0)  # errors only, which are always reported
    waiting.poll()
    os._exit(0)


if __name__ == "__main__":
    main()
