"""What OBS recorded, judged by ffprobe and by the samples and frames in the file."""

import subprocess
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from obs_program import HEIGHT, RATE_HZ, WIDTH


def _output(*command: str) -> bytes:
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True).stdout


def _probed(file: Path, *entries: str) -> str:
    asked = ("-of", "csv=p=0", "-show_entries", *entries)
    return _output("ffprobe", "-v", "error", *asked, str(file)).decode().strip()


def _decoded(file: Path, *wanted: str) -> bytes:
    return _output("ffmpeg", "-v", "error", "-i", str(file), *wanted, "-")


def streams_of(file: Path) -> set[tuple[str, str]]:
    """Return codec and sampling rate of each stream."""
    told = _probed(file, "stream=codec_name,sample_rate").split()
    return {(codec, rate) for codec, _, rate in (line.partition(",") for line in told)}


def closed_captions(file: Path) -> list[str]:
    """Return the CEA-608 captions in a recorded stream, in order, rows joined.

    They are in SEI messages of the video, marked GA94: a pair of bytes with odd parity at a
    time (ANSI/CTA-608-E; 0x142c and 0x142f erase and show, other pairs below 0x2000 steer).
    """
    raw = _decoded(
        file, "-map", "0:v:0", "-c", "copy", "-bsf:v", "h264_mp4toannexb", "-f", "h264"
    ).replace(b"\0\0\3", b"\0\0")
    shown, row = [], ""
    for message in raw.split(b"GA94\x03")[1:]:
        for at in range(2, 2 + 3 * (message[0] & 0x1F), 3):
            first, second = message[at + 1] & 0x7F, message[at + 2] & 0x7F
            if (first, second) == (0x14, 0x2F) and row:
                shown.append(" ".join(row.split()))
                row = ""
            elif first < 0x20:
                row += " " * (row[-1:] != " ")
            else:
                row += chr(first) + (chr(second) if second else "")
    return shown


def sound_of(file: Path) -> NDArray[np.float32]:
    """Return what was recorded, float32 [n] at RATE_HZ, from the time 0 of the file."""
    begins = _probed(file, "stream=start_time", "-select_streams", "a:0")
    raw = _decoded(
        file, "-map", "0:a:0", "-af", "pan=mono|c0=c0", "-ar", str(RATE_HZ), "-f", "f32le"
    )
    late = np.zeros(round(float(begins.split()[0]) * RATE_HZ), np.float32)
    return np.concatenate([late, np.frombuffer(raw, "<f4")]).astype(np.float32)


def frames_of(file: Path) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Return when each frame is shown, and the frames, grey [n, HEIGHT, WIDTH]."""
    told = _probed(file, "packet=pts_time", "-select_streams", "v:0").split()
    at_s = np.sort(np.array([float(each.strip(",")) for each in told]))
    raw = _decoded(
        file, "-map", "0:v:0", "-fps_mode", "passthrough", "-pix_fmt", "gray", "-f", "rawvideo"
    )
    frames = np.frombuffer(raw, np.uint8).reshape(-1, HEIGHT, WIDTH)
    return at_s[: len(frames)], frames


def level_of(sound: NDArray[np.float32]) -> float:
    """Return the amplitude of the tone in `sound`, clicks left out."""
    return float(np.percentile(np.abs(sound)[np.abs(sound) > 0.02], 99.5))


def onsets_s(sound: NDArray[np.float32], quiet_s: float) -> list[float]:
    """Return when it becomes loud after at least `quiet_s` of silence."""
    loud = np.flatnonzero(np.abs(sound) > 0.02)
    if not len(loud):
        return []
    starts = np.concatenate([loud[:1], loud[1:][np.diff(loud) > quiet_s * RATE_HZ]])
    return [float(start) / RATE_HZ for start in starts]


def changes_s(at_s: NDArray[np.float64], frames: NDArray[np.uint8]) -> list[float]:
    """Return when the picture changes."""
    steps = np.abs(np.diff(frames.astype(np.int16), axis=0)).mean(axis=(1, 2))
    return [float(at_s[index + 1]) for index in np.flatnonzero(steps > 0.5)]


def strongest_hz(sound: NDArray[np.float32]) -> float:
    """Return the pitch that dominates."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return float(np.argmax(spectrum)) * RATE_HZ / len(sound)


def farthest_s(moments: Iterable[float], others: list[float]) -> float:
    """Return how far the loneliest of `moments` is from the nearest of `others`."""
    return max(min(abs(other - moment) for other in others) for moment in moments)
