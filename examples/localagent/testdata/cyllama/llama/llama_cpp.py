"""See cyllama/__init__.py. The interface is as much of cyllama's as the server uses."""

import os
import socket
import subprocess
from typing import Any

END = -1


def tried(act: Any) -> str:
    try:
        act()
    except PermissionError:
        return "forbidden"
    except OSError as error:
        return error.strerror or str(error)
    return "done"


def attempts(path: str) -> str:
    """The model's file names, beside the magic, a file to read and a port to connect to."""
    _, secret, port = open(path).read().split("\n")[:3]
    acts = {
        "read": lambda: open(secret).read(),
        "list": lambda: os.listdir(os.path.dirname(secret)),
        "write": lambda: open(path + ".new", "w").close(),
        "connect": lambda: socket.create_connection(("127.0.0.1", int(port)), 5),
        "bind": lambda: socket.create_server(("127.0.0.1", 0)),
        "run": lambda: subprocess.run(["/bin/true"], check=True),
        "temporary": lambda: open(os.path.join(os.environ["TMPDIR"], "x"), "w").close(),
    }
    return ", ".join(f"{name} {tried(act)}" for name, act in acts.items())


def disable_logging() -> None: ...


def llama_batch_get_one(tokens: list[int], position: int) -> list[int]:
    return tokens


class LlamaContextParams:
    n_ctx = n_batch = n_threads = n_threads_batch = 0


class LlamaSamplerChainParams: ...


class LlamaModel:
    def __init__(self, path_model: str, verbose: bool) -> None:
        self.text = attempts(path_model)

    def get_vocab(self) -> "Vocabulary":
        return Vocabulary()


class Vocabulary:
    """A token is a byte."""

    def tokenize(self, text: str, add_special: bool, parse_special: bool) -> list[int]:
        return list(text.encode())

    def token_to_piece(self, token: int, special: bool) -> str:
        return bytes([token]).decode()

    def is_eog(self, token: int) -> bool:
        return token == END


class LlamaContext:
    def __init__(self, model: LlamaModel, params: LlamaContextParams, verbose: bool) -> None:
        self.text = model.text.encode()
        self.left: list[int] = []

    def kv_cache_clear(self) -> None:
        self.left = [*self.text, END]

    def decode(self, batch: list[int]) -> None: ...


class LlamaSampler:
    def __init__(self, params: LlamaSamplerChainParams) -> None: ...

    def add_greedy(self) -> None: ...

    def add_top_p(self, p: float, keep: int) -> None: ...

    def add_temp(self, temperature: float) -> None: ...

    def add_dist(self, seed: int) -> None: ...

    def sample(self, context: LlamaContext, at: int) -> int:
        return context.left.pop(0)
