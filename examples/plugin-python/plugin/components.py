"""The components of the plugin "parrot": all that is its own."""

from __future__ import annotations

import array
import io
import sys
import wave
from collections import Counter
from dataclasses import dataclass

from contract import (
    AUDIO,
    MEDIA_TEXT,
    MEDIA_WAV,
    TEXT,
    Call,
    Component,
    ErrorKind,
    Evidence,
    Plugin,
    PluginError,
    Score,
    Value,
    unknown_score,
)
from settings import setting

# How many characters or samples are worked on between two looks at whether
# anybody still waits: some milliseconds.
CHUNK = 1 << 16

WORDS = (
    "Alfa Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliett Kilo Lima Mike November "
    "Oscar Papa Quebec Romeo Sierra Tango Uniform Victor Whiskey X-ray Yankee Zulu"
).split()


@dataclass(frozen=True)
class AlphabetSettings:
    pause: str = setting("What stands for a space.", ",", minimum=1, maximum=16)


class Alphabet:
    """Spells text in the radio alphabet, as one spells a name on the telephone."""

    def __init__(self, settings: AlphabetSettings) -> None:
        self._said = {letter: word for word in WORDS for letter in (word[0], word[0].lower())}
        self._said[" "] = settings.pause

    def convert(self, call: Call, value: Value) -> Value:
        # Attack payloads need not be valid UTF-8; what is not comes through.
        text = value.data.decode("utf-8", "surrogateescape")
        spelt: list[str] = []
        for start in range(0, len(text), CHUNK):
            call.check()
            spelt.append(" ".join(self._said.get(c, c) for c in text[start : start + CHUNK]))
        return Value(TEXT, MEDIA_TEXT, " ".join(spelt).encode("utf-8", "surrogateescape"))


@dataclass(frozen=True)
class EchoSettings:
    delay_ms: int = setting("After how many milliseconds the echo comes.", 180, minimum=1, maximum=2000)
    strength: float = setting("How loud it is beside the sound itself.", 0.5, minimum=0, maximum=1)


class Echo:
    """Adds one echo to a WAV file, as a bare room does."""

    def __init__(self, settings: EchoSettings) -> None:
        self._settings = settings

    def convert(self, call: Call, value: Value) -> Value:
        params, dry = _read_wav(value.data)
        delay = params.framerate * self._settings.delay_ms // 1000 * params.nchannels
        late = array.array("h", bytes(2 * delay)) + dry  # the same, later
        dry.extend(array.array("h", bytes(2 * delay)))
        strength = self._settings.strength
        wet = array.array("h")
        clipped = 0
        for start in range(0, len(dry), CHUNK):
            call.check()
            pairs = zip(dry[start : start + CHUNK], late[start : start + CHUNK], strict=True)
            sums = [int(now + strength * before) for now, before in pairs]
            clipped += sum(not -32768 <= s <= 32767 for s in sums)
            wet.extend(max(-32768, min(32767, s)) for s in sums)
        if clipped:
            call.warn(f"{clipped} samples are louder than 16 bits can be, and were clipped")
        return Value(AUDIO, MEDIA_WAV, _write_wav(params, wet))


def _read_wav(data: bytes) -> tuple[wave._wave_params, array.array[int]]:
    try:
        with wave.open(io.BytesIO(data)) as file:
            params = file.getparams()
            samples = array.array("h")
            if params.sampwidth != samples.itemsize:
                raise PluginError(
                    ErrorKind.INPUT, f"the WAV file has samples of {8 * params.sampwidth} bits", hint="give 16"
                )
            frames = file.readframes(len(data))  # no more than there are, whatever the header says
    except (wave.Error, EOFError, ValueError) as e:
        raise PluginError(ErrorKind.INPUT, f"the audio is not a WAV file of integer PCM: {e}") from e
    samples.frombytes(frames[: len(frames) - len(frames) % (2 * params.nchannels)])
    if sys.byteorder == "big":
        samples.byteswap()
    return params, samples


def _write_wav(params: wave._wave_params, samples: array.array[int]) -> bytes:
    if sys.byteorder == "big":
        samples.byteswap()
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(params.nchannels)
        file.setsampwidth(2)
        file.setframerate(params.framerate)
        file.writeframes(samples.tobytes())
    return out.getvalue()


@dataclass(frozen=True)
class RepetitionSettings:
    words: int = setting("How many words make a phrase.", 3, minimum=1, maximum=20)


class Repetition:
    """Says how much of a reply consists of phrases that it has said before.

    A model that has been talked into a loop says little else.
    """

    def __init__(self, settings: RepetitionSettings) -> None:
        self._words = settings.words

    def score(self, call: Call, evidence: Evidence) -> Score:
        texts = [v.data.decode("utf-8", "replace") for v in evidence.values if v.modality == TEXT]
        words = " ".join(texts).lower().split()
        if not words:
            return unknown_score("there is no text to look at")
        phrases: Counter[tuple[str, ...]] = Counter()
        for at in range(len(words) - self._words + 1):
            if at % CHUNK == 0:
                call.check()
            phrases[tuple(words[at : at + self._words])] += 1
        total = phrases.total()
        if total == 0:
            return Score("scale", 0.0, f"{len(words)} words are too few to repeat a phrase of {self._words}")
        again = total - len(phrases)
        return Score("scale", again / total, f"{again} of {total} phrases of {self._words} words were said before")


PLUGIN = Plugin(
    name="parrot",
    version="0.1.0",
    components=[
        Component(
            kind="converter",
            name="alphabet",
            summary="Spells text in the radio alphabet: Alfa Bravo Charlie.",
            settings=AlphabetSettings,
            open=Alphabet,
            takes=[TEXT],
            gives=[TEXT],
        ),
        Component(
            kind="converter",
            name="echo",
            summary="Adds an echo to speech.",
            settings=EchoSettings,
            open=Echo,
            takes=[AUDIO],
            gives=[AUDIO],
        ),
        Component(
            kind="scorer",
            name="repetition",
            summary="Says how much of a reply repeats itself, from 0 to 1.",
            settings=RepetitionSettings,
            open=Repetition,
            takes=[TEXT],
            scores="scale",
        ),
    ],
)
