from dataclasses import replace

import numpy as np
import pytest

from rtvc_bridge.audio import Audio
from rtvc_bridge.bench.page import write_page
from rtvc_bridge.bench.similarity import Judge, Row, Sample, means, normalised


def row(speaker, kind, ge2e, *, f0=None, wer=None, pace=None):
    judged = Row(speaker, kind, ge2e, ge2e / 2, 4.0, 3.0)
    return replace(judged, wer=wer, f0_error_semitones=f0, pace_ratio=pace)


ROWS = [
    row("ann", "stock", 0.6, f0=4.0),
    row("ann", "fast", 0.7, f0=-2.0, wer=0.0, pace=0.8),
    row("ann", "real", 1.0),
    row("ben", "stock", 0.4, f0=-4.0),
    row("ben", "fast", 0.8, f0=1.0, wer=0.1, pace=1.05),
    row("ben", "real", 0.9),
]


def test_means_are_over_speakers_and_f0_errors_lose_their_sign():
    table = means(ROWS)
    assert list(table) == ["stock", "fast", "real"]
    assert table["fast"]["ge2e"] == pytest.approx(0.75)
    assert table["fast"]["f0_error_semitones"] == pytest.approx(1.5)
    assert table["fast"]["wer"] == pytest.approx(0.05)
    assert table["real"]["wer"] is None


def test_a_pace_is_off_by_as_much_when_slower_as_when_faster():
    assert means(ROWS)["fast"]["pace_ratio"] == pytest.approx((1.25 + 1.05) / 2)


def test_the_same_words_in_twice_the_time_are_half_the_pace():
    def tone(seconds):
        at_s = np.arange(round(seconds * 16_000)) / 16_000
        return Audio((0.1 * np.sin(2 * np.pi * 300 * at_s)).astype(np.float32), 16_000)

    judge = Judge(tone(1.0), pace=4.0)
    assert judge.ratio([tone(2.0)], ["Please call Stella."]) == pytest.approx(0.5, rel=0.02)
    assert judge.ratio([tone(2.0)], [""]) is None
    assert Judge(tone(1.0), pace=0.0).ratio([tone(2.0)], ["Please."]) is None


def test_a_stock_voice_is_0_and_the_speaker_1():
    assert normalised(means(ROWS), "ge2e") == {"fast": pytest.approx(0.25 / 0.45, abs=1e-3)}


def test_the_page_has_a_player_and_the_figures_of_every_voice(tmp_path):
    sound = Audio(np.zeros(2400, np.float32), 24_000)
    named = [*ROWS, row("<c/d>", "fast", 0.123)]
    page = write_page([Sample(each, sound) for each in named], tmp_path / "out")
    text = page.read_text(encoding="utf-8")
    assert text.count("<audio") == len(named)
    assert "&lt;c/d&gt;" in text
    assert "0.123" in text
    for name in ("similarity.svg", "ann-fast.wav", "-c-d--fast.wav"):
        assert (page.parent / name).stat().st_size > 0
