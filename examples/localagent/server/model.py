"""A language model in a GGUF file, run by llama.cpp through cyllama's Python API."""

from __future__ import annotations

import codecs
import json
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

from request import Refused, Request

BATCH = 512  # tokens of the prompt that are computed at a time


@dataclass(frozen=True)
class End:
    """How an answer ended, and what it took."""

    finish: str  # "stop" or "length"
    prompt_tokens: int
    answer_tokens: int


class Model:
    """One model with one context: it answers one request at a time, the others wait."""

    def __init__(self, path: str, context: int, threads: int) -> None:
        from cyllama.llama import llama_cpp

        llama_cpp.disable_logging()
        self.llama = llama_cpp
        self.size = context
        self.model = llama_cpp.LlamaModel(path_model=path, verbose=False)
        self.vocabulary = self.model.get_vocab()
        params = llama_cpp.LlamaContextParams()
        params.n_ctx, params.n_batch = context, BATCH
        params.n_threads = params.n_threads_batch = threads
        self.context = llama_cpp.LlamaContext(self.model, params, verbose=False)
        self.turn = threading.Lock()

    def answer(self, request: Request, given_up: Callable[[], bool]) -> Generator[str | End]:
        """Yield the answer's text in pieces, and then its end.

        Nothing of an earlier request stays: the same request with the same seed
        has the same answer. It stops without an end once the client has given up.
        """
        while not self.turn.acquire(timeout=0.1):
            if given_up():
                return
        try:
            prompt = self.vocabulary.tokenize(request.prompt, add_special=True, parse_special=False)
            room = self.size - len(prompt)
            if room < 1:
                raise Refused(
                    f"the conversation has {len(prompt)} tokens, and the model has room for {self.size} with the answer",
                    "messages", "context_length_exceeded",
                )
            sampler = self.sampler(request)
            self.context.kv_cache_clear()
            for start in range(0, len(prompt), BATCH):
                if given_up():
                    return
                self.context.decode(self.llama.llama_batch_get_one(prompt[start : start + BATCH], start))
            yield from self.go_on(request, sampler, len(prompt), min(request.bound, room), given_up)
        finally:
            self.turn.release()

    def go_on(self, request: Request, sampler: Any, past: int, bound: int, given_up: Callable[[], bool]) -> Iterator[str | End]:
        """Yield what the model writes after the prompt."""
        written = 0
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        held = Held(request.stop)
        finish = "length"
        while written < bound:
            if given_up():
                return
            token = sampler.sample(self.context, -1)
            written += 1
            if self.vocabulary.is_eog(token):
                finish = "stop"
                break
            if text := held.add(decoder.decode(self.bytes_of(token))):
                yield text
            if held.stopped:
                finish = "stop"
                break
            if written < bound:
                self.context.decode(self.llama.llama_batch_get_one([token], past + written - 1))
        if text := held.rest(decoder.decode(b"", final=True)):
            yield text
        yield End(finish, past, written)

    def bytes_of(self, token: int) -> bytes:
        """A token as bytes: a character may be spread over several tokens."""
        try:
            piece: str = self.vocabulary.token_to_piece(token, special=False)
        except UnicodeDecodeError as part:
            return part.object
        return piece.encode()

    def sampler(self, request: Request) -> Any:
        """The chain that chooses each token."""
        chain = self.llama.LlamaSampler(self.llama.LlamaSamplerChainParams())
        if request.schema is not None:
            chain.add_grammar(self.vocabulary, grammar(request.schema), "root")
        if request.temperature == 0:
            chain.add_greedy()
            return chain
        if request.top_p < 1:
            chain.add_top_p(request.top_p, 1)
        chain.add_temp(request.temperature)
        if request.seed is None:
            chain.add_dist(0xFFFFFFFF)  # llama.cpp: a seed of its own choice
        else:
            chain.add_dist(request.seed % 0xFFFFFFFF)
        return chain


def grammar(schema: dict[str, Any]) -> str:
    """A JSON schema as llama.cpp's grammar (GBNF). {} is any object."""
    from cyllama.utils.json_schema_to_grammar import json_schema_to_grammar

    try:
        return str(json_schema_to_grammar(schema or {"type": "object"}))
    except (ValueError, KeyError, TypeError, AssertionError) as wrong:
        raise Refused(f"the schema cannot be made a grammar: {wrong}: {json.dumps(schema)[:200]}", "response_format") from wrong


class Held:
    """Keeps back what may be the beginning of a text at which the answer stops."""

    def __init__(self, stops: tuple[str, ...]) -> None:
        self.stops, self.kept, self.stopped = stops, "", False

    def add(self, text: str) -> str:
        """Take text, and return what can be given on."""
        self.kept += text
        found = [at for stop in self.stops if (at := self.kept.find(stop)) >= 0]
        if found:
            given, self.kept, self.stopped = self.kept[: min(found)], "", True
            return given
        keep = max((n for stop in self.stops for n in range(1, len(stop)) if self.kept.endswith(stop[:n])), default=0)
        cut = len(self.kept) - keep
        given, self.kept = self.kept[:cut], self.kept[cut:]
        return given

    def rest(self, text: str) -> str:
        """Return what is left at the end."""
        return "" if self.stopped else self.kept + text
