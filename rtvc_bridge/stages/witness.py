"""What a recording tells: its words and its watermark. Runs in a process of its own, and ends.

    python -m rtvc_bridge.stages.witness LANGUAGE OPTIONS < sound.wav > evidence.json

OPTIONS are the keywords of `Library.default` as JSON. The recogniser and torch take half a
gigabyte, which a daemon that runs all day shall not keep. Started by worker/hearing.py.
"""

import io
import json
import sys
from typing import Any

import soundfile

from rtvc_bridge.audio import Audio
from rtvc_bridge.errors import ClipRejectedError, ModelError, RtvcBridgeError
from rtvc_bridge.stages.assemble import WATERMARK
from rtvc_bridge.stages.cache import State
from rtvc_bridge.stages.hearing import WHISPER, Recogniser, check_installed
from rtvc_bridge.stages.weights import Library

NEEDED = (WHISPER, WATERMARK)
EXIT_CLIP = 1
EXIT_MODEL = 3


def check_ready(weights: Library) -> None:
    """Pass if a recording could be listened to.

    Raises:
        ModelError: If the recogniser is not installed, or weights are not there.
    """
    check_installed()
    missing = [name for name in NEEDED if weights.state(name) is not State.PRESENT]
    if missing:
        names = " ".join(missing)
        msg = f"Hearing spoken consent needs {names}; run: rtvc-bridge models pull {names}"
        raise ModelError(msg)


def evidence(audio: Audio, language: str, weights: Library) -> dict[str, object]:
    """Return what is heard, the watermark's score, and how much sound that is about.

    Raises:
        ModelError: If the recogniser is not installed, or weights are not there.
        ClipRejectedError: If there is no sound.
    """
    check_ready(weights)
    recogniser = Recogniser(weights.path(WHISPER))
    from rtvc_bridge.stages.watermark import load_watermark

    _, detector = load_watermark(weights.path(WATERMARK))
    verdict = detector.verdict(audio)
    heard = recogniser.words(audio, language=language)
    return {"heard": heard, "score": verdict.score, "seconds": verdict.seconds}


def main(language: str, options: dict[str, Any]) -> int:
    """Answer on stdout for the sound on stdin; return the exit code."""
    samples, rate_hz = soundfile.read(io.BytesIO(sys.stdin.buffer.read()), dtype="float32")
    try:
        answer = evidence(Audio(samples, rate_hz), language, Library.default(**options))
    except RtvcBridgeError as error:
        json.dump({"problem": str(error)}, sys.stdout)
        return EXIT_CLIP if isinstance(error, ClipRejectedError) else EXIT_MODEL
    json.dump(answer, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], json.loads(sys.argv[2])))
