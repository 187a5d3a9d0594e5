"""What is said of a microphone by what came out of it."""

import numpy as np
import pytest
from rtvc_virtualmic.report import Report, judged, probe, words

RATE_HZ = 48_000
SENT_AT_S = 0.5


def recording(*, latency_s=0.05, gain=1.0):
    """Return what is recorded where the probe comes `latency_s` after it was sent."""
    rng = np.random.default_rng(0)
    sound = rng.normal(0, 1e-4, 4 * RATE_HZ)
    start = round((SENT_AT_S + latency_s) * RATE_HZ)
    sent = gain * probe(RATE_HZ)
    sound[start : start + len(sent)] += sent
    return sound.astype(np.float32)


def report_on(sound, **more):
    return judged(sound, RATE_HZ, sent_at_s=SENT_AT_S, **more)


def test_a_sound_way_is_praised_and_measured():
    report = report_on(recording(), listeners=("Chromium input",))
    assert report.well
    assert report.latency_ms == pytest.approx(50, abs=1)
    assert report.level_db == pytest.approx(0, abs=0.2)
    assert report.rate == pytest.approx(1, abs=0.001)
    assert (report.gaps, report.doubled_ms) == (0, None)
    assert words(report)[0] == "They can hear you."
    assert words(report)[-1] == "Listening now: Chromium input."
    assert "They can hear you." not in words(report, hearable=False)


def test_silence_is_not_heard():
    report = report_on(np.zeros(4 * RATE_HZ, np.float32))
    assert not report.well
    assert "Nothing was heard" in words(report)[0]


def test_silenced_stretches_are_counted_as_gaps():
    sound = recording()
    for at_s in (1.8, 2.3):
        sound[round(at_s * RATE_HZ) :][:960] = 0
    report = report_on(sound)
    assert report.gaps == 2
    assert "missing in 2 places" in words(report)[0]


def test_lost_samples_are_a_gap_though_nothing_is_silent():
    sound = recording()
    cut = 2 * RATE_HZ
    report = report_on(np.concatenate([sound[:cut], sound[cut + 500 :]]))
    assert report.gaps == 1


def test_a_second_copy_is_called_double():
    sound = recording() + recording(latency_s=0.09, gain=0.9)
    report = report_on(sound)
    assert report.doubled_ms == pytest.approx(40, abs=1)
    assert "heard twice" in " ".join(words(report))


def test_a_wrong_rate_is_named():
    sound = recording()
    slow = np.interp(np.arange(0, len(sound), 44_100 / 48_000), np.arange(len(sound)), sound)
    report = report_on(slow.astype(np.float32))
    assert report.rate == pytest.approx(44_100 / 48_000, abs=0.01)
    assert "times as fast" in " ".join(words(report))


@pytest.mark.parametrize(("gain", "said"), [(0.2, "much quieter"), (2.0, "louder than")])
def test_a_wrong_level_is_named(gain, said):
    assert said in " ".join(words(report_on(recording(gain=gain))))


def test_a_late_sound_is_named():
    assert "ms late" in " ".join(words(report_on(recording(latency_s=0.4))))


def test_that_nobody_listens_is_said():
    assert words(Report(heard=False, listeners=()))[-1] == "No program listens now."
