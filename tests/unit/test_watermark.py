"""The watermark's parts that need no weights."""

import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from rtvc_bridge.audio import Audio, joined, silence
from rtvc_bridge.errors import ClipRejectedError, ModelError
from rtvc_bridge.safety.verdict import THRESHOLD, Verdict
from rtvc_bridge.stages import perth
from rtvc_bridge.stages.perth import Perth, Reader, Writer, load_perth, perth_safetensors
from rtvc_bridge.stages.watermark import CONTEXT_S, Detector, Marker, load_watermark

RATE_HZ = 24_000


@pytest.fixture
def marker():
    """A marker whose mark nobody could read, but which is as loud as a real one."""
    torch.manual_seed(1)
    return Marker(Writer().eval())


def noise(seconds, rate_hz=RATE_HZ):
    samples = np.random.default_rng(1).normal(0, 0.1, round(seconds * rate_hz))
    return Audio(samples.astype(np.float32), rate_hz)


def split(audio, seconds):
    size = round(seconds * audio.rate_hz)
    samples = audio.samples
    return [Audio(samples[i : i + size], audio.rate_hz) for i in range(0, len(samples), size)]


def mark_of(marker, pieces):
    return joined(marker.marked(pieces)).samples - joined(pieces).samples


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("piece_s", [0.01, 0.13, 0.5, 2.0])
def test_marked_sound_is_as_long_as_it_was_and_not_as_it_was(marker, rate_hz, piece_s):
    plain = noise(1.03, rate_hz)
    marked = joined(marker.marked(split(plain, piece_s)))
    assert marked.rate_hz == rate_hz
    assert marked.samples.shape == plain.samples.shape
    assert marked.samples.dtype == np.float32
    assert np.abs(marked.samples - plain.samples).max() > 1e-3


def test_what_is_above_two_kilohertz_stays_as_it_was(marker):
    strengths = np.abs(np.fft.rfft(mark_of(marker, [noise(2)])))
    frequencies_hz = np.fft.rfftfreq(2 * RATE_HZ, 1 / RATE_HZ)
    above = strengths[frequencies_hz > 2_100]
    assert np.square(above).sum() < 1e-4 * np.square(strengths).sum()


def test_the_mark_comes_and_goes_gently_where_pieces_meet(marker):
    mark = mark_of(marker, split(noise(2), 0.5))
    for meeting in (12_000, 24_000, 36_000):
        assert np.abs(mark[meeting - 3 : meeting + 3]).max() < 0.05 * np.abs(mark).max()


def test_a_piece_of_sound_leaves_before_the_next_is_asked_for(marker):
    asked = []

    def pieces():
        for number, piece in enumerate(split(noise(1), 0.25)):
            asked.append(number)
            yield piece

    stream = marker.marked(pieces())
    assert next(stream).seconds == 0.25
    assert asked == [0]


def test_tiny_pieces_wait_for_each_other_until_a_tenth_of_a_second(marker):
    lengths_s = [piece.seconds for piece in marker.marked(split(noise(0.25), 0.02))]
    assert lengths_s == pytest.approx([0.1, 0.1, 0.05])


def test_the_mark_does_not_depend_on_what_was_said_long_before(marker):
    tail = noise(1)
    old = [silence(0.5, RATE_HZ), *split(noise(CONTEXT_S + 0.01), 1)]
    after_noise = mark_of(marker, [*split(noise(3), 1), *old, tail])[-RATE_HZ:]
    after_silence = mark_of(marker, [silence(3, RATE_HZ), *old, tail])[-RATE_HZ:]
    np.testing.assert_allclose(after_noise, after_silence, atol=1e-5)


def test_silence_stays_silent(marker):
    assert np.abs(mark_of(marker, [silence(1, RATE_HZ)])).max() < 1e-8


def test_nothing_marked_is_nothing(marker):
    assert list(marker.marked([])) == []


class Broken(Writer):
    def forward(self, levels):
        raise RuntimeError("out of memory")


class Nonsense(Writer):
    def forward(self, levels):
        return levels[:, : perth.BANDS] * float("nan")


@pytest.mark.parametrize("writer", [Broken(), Nonsense()], ids=["error", "not a number"])
def test_a_piece_that_cannot_be_marked_is_not_let_out(writer):
    with pytest.raises(ModelError, match="no sound is let out"):
        next(Marker(writer).marked([noise(1)]))


def test_sound_too_coarse_for_the_mark_is_not_let_out(marker):
    with pytest.raises(ModelError, match="4000 Hz"):
        next(marker.marked([noise(1, 4_000)]))


def test_sound_that_is_not_made_of_numbers_is_not_let_out(marker):
    broken = Audio(np.full(RATE_HZ, np.nan, np.float32), RATE_HZ)
    with pytest.raises(ModelError, match="no sound is let out"):
        next(marker.marked([broken]))


def test_a_stream_that_changes_its_rate_is_not_let_out(marker):
    with pytest.raises(ValueError, match="one rate"):
        list(marker.marked([noise(1), noise(1, 16_000)]))


@pytest.mark.parametrize(
    "audio",
    [
        silence(0, RATE_HZ),
        silence(1, RATE_HZ),
        noise(0.015),
        noise(1, 4_000),
        Audio(np.full(RATE_HZ, np.nan, "f4"), RATE_HZ),
    ],
    ids=["empty", "silent", "short", "coarse", "not a number"],
)
def test_what_cannot_be_examined_is_refused(audio):
    with pytest.raises(ClipRejectedError):
        Detector(Reader()).verdict(audio)


@pytest.mark.parametrize("seconds", [0.02, 1.0, 5.0, 12.3])
def test_any_length_gets_a_score_between_0_and_1(seconds):
    torch.manual_seed(1)
    verdict = Detector(Reader().eval()).verdict(noise(seconds))
    assert 0 <= verdict.score <= 1
    assert verdict.seconds == pytest.approx(seconds)


def test_the_threshold_itself_counts_as_synthetic():
    assert Verdict(THRESHOLD, 1.0).synthetic
    assert not Verdict(THRESHOLD - 0.01, 1.0).synthetic


@pytest.mark.parametrize("content", [None, b"", b"no tensors at all"])
def test_weights_that_are_missing_or_damaged_are_an_error(tmp_path, content):
    path = tmp_path / "perth.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match="models verify"):
        load_perth(path)


def test_weights_that_make_no_readable_mark_are_an_error(tmp_path):
    path = tmp_path / "perth.safetensors"
    save_file({name: torch.zeros_like(value) for name, value in Perth().state_dict().items()}, path)
    with pytest.raises(ModelError, match="does not work"):
        load_watermark(path)


class Attack:
    def __reduce__(self):
        return (pytest.fail, ("code in the checkpoint was run",))


@pytest.mark.parametrize(
    "content", [{"model": {}}, {"model": Attack()}, [1, 2]], ids=["empty", "attack", "other"]
)
def test_what_is_not_the_checkpoint_is_refused_and_never_run(tmp_path, content):
    source, target = tmp_path / "perth.pth.tar", tmp_path / "perth.safetensors"
    torch.save(content, source)
    with pytest.raises(ModelError, match="not resemble-perth's"):
        perth_safetensors(source, target)
    assert not target.exists()


def test_a_checkpoint_that_is_no_archive_is_refused_and_never_run(tmp_path):
    source = tmp_path / "perth.pth.tar"
    source.write_bytes(pickle.dumps(Attack(), protocol=2))
    with pytest.raises(ModelError, match="not resemble-perth's"):
        perth_safetensors(source, tmp_path / "perth.safetensors")
