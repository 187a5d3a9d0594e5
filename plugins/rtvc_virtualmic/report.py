"""What came out of the microphone, judged against the probe that went in, and said in words."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtvc_virtualmic.analysis import echo_ms, gaps, matches, onset, strongest_hz

TONE_HZ = 997.0
LEVEL = 0.4
SWEEP_S = 0.3
PAUSE_S = 0.3
TONE_S = 2.0

QUIET = 0.01
SLOW_MS = 150.0
WRONG_RATE = 0.005
EDGE_S = 0.05


@dataclass(frozen=True, slots=True)
class Report:
    """How the probe came through; figures are None if it did not.

    Attributes:
        heard: Whether it did.
        level_db: How much louder it came than it went in.
        rate: How much too fast it was played, 1.0 if right.
        latency_ms: From being sent to being heard.
        gaps: Places in two seconds of tone where sound is missing.
        doubled_ms: How much later a second copy came, if one did.
        listeners: Who else records from the microphone; None where that cannot be known.
    """

    heard: bool
    level_db: float | None = None
    rate: float | None = None
    latency_ms: float | None = None
    gaps: int | None = None
    doubled_ms: float | None = None
    listeners: tuple[str, ...] | None = None

    @property
    def well(self) -> bool:
        """Whether there is nothing to mend."""
        return self.heard and not _complaints(self)


def probe(rate_hz: int) -> NDArray[np.float32]:
    """Return what is sent: a sweep, which shows when it came and how often, and a tone."""
    at_s = np.arange(round(SWEEP_S * rate_hz)) / rate_hz
    low, high = 300.0, 3000.0
    sweep = np.sin(2 * np.pi * (low * at_s + (high - low) / (2 * SWEEP_S) * at_s**2))
    pause = np.zeros(round(PAUSE_S * rate_hz))
    tone = np.sin(2 * np.pi * TONE_HZ * np.arange(round(TONE_S * rate_hz)) / rate_hz)
    return (LEVEL * np.concatenate([sweep, pause, tone])).astype(np.float32)


def judged(
    recording: NDArray[np.float32],
    rate_hz: int,
    *,
    sent_at_s: float,
    listeners: tuple[str, ...] | None = None,
) -> Report:
    """Return how the probe, sent at `sent_at_s` of the recording, came through."""
    if float(np.abs(recording).max(initial=0)) < QUIET:
        return Report(heard=False, listeners=listeners)
    sweep_length = round(SWEEP_S * rate_hz)
    match = matches(recording, probe(rate_hz)[:sweep_length])
    came = onset(match)
    tone_from = came + round((SWEEP_S + PAUSE_S + EDGE_S) * rate_hz)
    tone = recording[tone_from : tone_from + round((TONE_S - 2 * EDGE_S) * rate_hz)]
    if len(tone) < rate_hz or float(np.abs(tone).max()) < QUIET:
        return Report(heard=False, listeners=listeners)
    heard_hz = strongest_hz(tone, rate_hz)
    rms = float(np.sqrt(np.mean(tone.astype(np.float64) ** 2)))
    return Report(
        heard=True,
        level_db=20 * float(np.log10(rms * np.sqrt(2) / LEVEL)),
        rate=heard_hz / TONE_HZ,
        latency_ms=1000 * (came / rate_hz - sent_at_s),
        gaps=gaps(tone, rate_hz, heard_hz),
        doubled_ms=echo_ms(match, came, sweep_length, rate_hz),
        listeners=listeners,
    )


def words(report: Report, *, hearable: bool = True) -> list[str]:
    """Return the report as sentences, what is wrong first and with what to do about it.

    Args:
        report: Of the probe.
        hearable: Whether nothing else is known that keeps the voice from being heard.
    """
    if not report.heard:
        said = [
            "Nothing was heard at the microphone. Run `rtvc-bridge mic install`, and see in the "
            "system's sound settings that it is not muted."
        ]
    else:
        said = _complaints(report) or ["They can hear you."] * hearable
        said.append(
            f"It was heard after {report.latency_ms:.0f} ms, at {report.level_db:+.1f} dB, with "
            f"{report.gaps} gaps."
        )
    if report.listeners is not None:
        programs = ", ".join(report.listeners)
        said.append(f"Listening now: {programs}." if programs else "No program listens now.")
    return said


def _complaints(report: Report) -> list[str]:
    found = []
    assert report.level_db is not None
    assert report.rate is not None
    assert report.latency_ms is not None
    if abs(report.rate - 1) > WRONG_RATE:
        found.append(
            f"It is played {report.rate:.2f} times as fast as it should be: set the device to "
            "48000 Hz in the system's sound settings."
        )
    if report.doubled_ms is not None:
        found.append(
            f"It is heard twice, the second time {report.doubled_ms:.0f} ms later: the voice gets "
            'in by two ways. Look for "Listen to this device", a loopback, or a second program.'
        )
    if report.gaps:
        found.append(
            f"Sound is missing in {report.gaps} places: raise latency_ms in "
            "[adapters.virtualmic], or close what keeps the computer busy."
        )
    if report.level_db < -6:
        found.append("It is much quieter than it was sent: raise the microphone's volume.")
    if report.level_db > 3:
        found.append("It is louder than it was sent: lower the volume, or look for a second copy.")
    if report.latency_ms > SLOW_MS:
        found.append(f"It comes {report.latency_ms:.0f} ms late, which is felt in a talk.")
    return found
