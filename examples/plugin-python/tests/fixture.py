"""A plugin that misbehaves, for test_serving: run as a program of its own."""

from __future__ import annotations

import logging
import os
import sys
import time
from dataclasses import dataclass

from contract import TEXT, Call, Component, ErrorKind, Plugin, PluginError, Restriction, Value
from serving import main
from settings import setting

log = logging.getLogger("fixture")


@dataclass(frozen=True)
class Settings:
    word: str = setting("A word that is needed.", minimum=1)
    times: int = setting("How often.", 1, minimum=1, maximum=3)

    def restrictions(self) -> list[Restriction]:
        if self.times < 3:
            return []
        return [Restriction(takes=TEXT, hint="say it less often"), Restriction(gives=TEXT)]


class Fixture:
    """Does what the text says."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def close(self) -> None:
        log.warning("closed %s", self._settings.word)

    def convert(self, call: Call, value: Value) -> Value:
        doing = value.data.decode("utf-8", "replace")
        if doing == "crash":
            raise ZeroDivisionError("a bug")
        if doing == "exit":
            sys.exit(3)
        if doing == "wait":
            raise PluginError(ErrorKind.RATE_LIMITED, "too much", hint="be patient", retry_after=1.5)
        if doing == "surrogate":
            raise PluginError(ErrorKind.INPUT, "not \udcff text", field="\udcff")
        if doing == "long":
            raise PluginError(ErrorKind.INPUT, "é" * 100_000)
        if doing == "print":
            print("printed", flush=True)
            os.write(1, b"written\n")
        if doing == "grow":
            return Value(TEXT, "text/plain", bytes(65 << 20))
        while doing == "work":
            call.check()
            time.sleep(0.01)
        while doing == "hang":
            time.sleep(1)
        return value


if __name__ == "__main__":
    converter = Component("converter", "fixture", "A fixture.", Settings, Fixture, takes=[TEXT], gives=[TEXT])
    main(Plugin("fixture", "1.2.3", [converter]))
