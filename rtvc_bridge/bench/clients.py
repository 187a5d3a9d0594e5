"""Many clients of the API at once, each on a thread and a connection of its own.

A program of its own, so that the server's memory and speed are the server's:
`python -m rtvc_bridge.bench.clients URL TOKEN_FILE SECONDS` prints one JSON list of results.
"""

import http.client
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from rtvc_bridge.testing import LETTER_S, tone_voice
from rtvc_bridge.voices import Voice

CLIENTS = 50
RATE_HZ = 24_000
LOWEST_HZ = 200.0
STEP_HZ = 20.0
LINE = "All the small birds were singing in the garden this morning, and nobody minded."
_NEAR_BINS = 3
_OWN_SHARE = 0.9
_OK = 200


@dataclass(frozen=True, slots=True)
class Served:
    """What one client got.

    Attributes:
        answers: Lines that were spoken to their end.
        wrong: Of these, answers of the wrong length or in somebody else's voice.
        refused: Requests that were not answered with sound.
    """

    answers: int
    wrong: int
    refused: int


def pitch_hz(number: int) -> float:
    """Return the pitch that client hums at."""
    return LOWEST_HZ + STEP_HZ * number


def voices() -> list[Voice]:
    """Return one humming voice for each client."""
    return [tone_voice(f"voice {number}", pitch_hz(number)) for number in range(CLIENTS)]


def client(url: str, token: str, number: int, until: float) -> Served:
    """Ask for line after line until that time.monotonic() time."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = json.dumps(
        {
            "model": "rtvc-bridge",
            "input": LINE,
            "voice": f"voice {number}",
            "response_format": "pcm",
            "user": str(number),
        }
    )
    answers = wrong = refused = 0
    while time.monotonic() < until:
        connection.request("POST", "/v1/audio/speech", body, headers)
        answer = connection.getresponse()
        sound = answer.read()
        if answer.status != _OK:
            refused += 1
            continue
        answers += 1
        wrong += not is_own(sound, pitch_hz(number))
    connection.close()
    return Served(answers, wrong, refused)


def is_own(pcm: bytes, pitch_hz: float) -> bool:
    """Whether the sound has the line's length and hums at that pitch throughout."""
    samples = np.frombuffer(pcm, "<i2").astype(np.float32)
    expected = round(len(LINE) * LETTER_S * RATE_HZ)
    if abs(len(samples) - expected) > LETTER_S * RATE_HZ:
        return False
    powers = np.square(np.abs(np.fft.rfft(samples)))
    loudest = int(np.argmax(powers))
    own = powers[max(0, loudest - _NEAR_BINS) : loudest + _NEAR_BINS + 1].sum()
    near = abs(loudest * RATE_HZ / len(samples) - pitch_hz) < STEP_HZ / 2
    return bool(near and own > _OWN_SHARE * powers.sum())


def main(url: str, token_file: str, seconds: str) -> None:
    """Run the clients and print what each got."""
    token = Path(token_file).read_text(encoding="utf-8").strip()
    until = time.monotonic() + float(seconds)
    with ThreadPoolExecutor(CLIENTS) as threads:
        results = list(threads.map(lambda n: client(url, token, n, until), range(CLIENTS)))
    sys.stdout.write(json.dumps([asdict(result) for result in results]))


if __name__ == "__main__":
    main(*sys.argv[1:])
