"""What the plugin's own components do."""

from __future__ import annotations

import array
import io
import unittest
import wave

from components import Alphabet, AlphabetSettings, Echo, EchoSettings, Repetition, RepetitionSettings
from contract import AUDIO, MEDIA_TEXT, MEDIA_WAV, TEXT, Cancelled, ErrorKind, Evidence, PluginError, Value


class Waiting:
    """A call that somebody waits for."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def check(self) -> None:
        pass

    def warn(self, text: str) -> None:
        self.warnings.append(text)


class GivenUp:
    """A call that nobody waits for."""

    def check(self) -> None:
        raise Cancelled

    def warn(self, text: str) -> None:
        raise AssertionError(text)


def text(data: bytes) -> Value:
    return Value(TEXT, MEDIA_TEXT, data)


def wav(samples: list[int], channels: int = 1, width: int = 2, rate: int = 1000) -> Value:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(array.array("h", samples).tobytes())
    return Value(AUDIO, MEDIA_WAV, out.getvalue())


def samples_of(value: Value) -> list[int]:
    with wave.open(io.BytesIO(value.data)) as file:
        return list(array.array("h", file.readframes(file.getnframes())))


class AlphabetTest(unittest.TestCase):
    def test_it_spells(self) -> None:
        alphabet = Alphabet(AlphabetSettings(pause="stop"))
        for given, want in (
            (b"vault", b"Victor Alfa Uniform Lima Tango"),
            (b"An A.", b"Alfa November stop Alfa ."),
            (b"", b""),
            ("zoë".encode(), "Zulu Oscar ë".encode()),
            (b"a\xff\x00", b"Alfa \xff \x00"),
        ):
            with self.subTest(given=given):
                self.assertEqual(alphabet.convert(Waiting(), text(given)), text(want))

    def test_it_stops_when_nobody_waits(self) -> None:
        with self.assertRaises(Cancelled):
            Alphabet(AlphabetSettings()).convert(GivenUp(), text(b"vault"))


class EchoTest(unittest.TestCase):
    def test_it_adds_the_sound_again_and_later(self) -> None:
        echo = Echo(EchoSettings(delay_ms=2, strength=0.5))
        for given, want, clipped in (
            (wav([100, 0, -100]), [100, 0, -50, 0, -50], 0),
            (wav([32767, 0, 32767]), [32767, 0, 32767, 0, 16383], 1),
            (wav([10, 20, 30, 40], channels=2), [10, 20, 30, 40, 5, 10, 15, 20], 0),
            (wav([]), [0, 0], 0),
        ):
            with self.subTest(want=want):
                call = Waiting()
                self.assertEqual(samples_of(echo.convert(call, given)), want)
                self.assertEqual([w.split()[0] for w in call.warnings], [str(clipped)] if clipped else [])

    def test_what_it_cannot_read_is_wrong_input(self) -> None:
        whole = wav([1, 2, 3]).data
        for data in (b"", b"RIFF", b"ID3 is no WAV file", whole[:20], wav([1, 2], width=1).data):
            with self.subTest(data=data):
                with self.assertRaises(PluginError) as raised:
                    Echo(EchoSettings()).convert(Waiting(), Value(AUDIO, MEDIA_WAV, data))
                self.assertEqual(raised.exception.kind, ErrorKind.INPUT)


class RepetitionTest(unittest.TestCase):
    def test_it_says_how_much_was_said_before(self) -> None:
        repetition = Repetition(RepetitionSettings(words=2))
        for given, type_, value in (
            ([text(b"no no no no no")], "scale", 0.75),
            ([text(b"one two three")], "scale", 0.0),
            ([text(b"one")], "scale", 0.0),
            ([text(b"Ha ha"), text(b"HA")], "scale", 0.5),
            ([text(b" ")], "", 0.0),
            ([wav([])], "", 0.0),
            ([], "", 0.0),
        ):
            with self.subTest(given=given):
                score = repetition.score(Waiting(), Evidence(b"", [], given))
                self.assertEqual((score.type, score.value), (type_, value))
                self.assertTrue(score.rationale)


if __name__ == "__main__":
    unittest.main()
