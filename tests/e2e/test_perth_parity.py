"""Our watermark against resemble-perth's own networks, on the same weights and speech."""

import sys
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import torch

from rtvc_bridge.audio import Audio, joined
from rtvc_bridge.stages import perth
from rtvc_bridge.stages.watermark import load_watermark

pytestmark = [pytest.mark.models, pytest.mark.trust]

RATE_HZ = 32_000
MOST_ERROR = 5e-4
"""Largest difference allowed in a sample; 1e-4 was measured, of marks of about 0.02."""


@pytest.fixture(scope="module")
def peer(artifact):
    """The package's encoder, decoder and conversions; its audio_processor needs torchaudio."""
    pytest.importorskip("scipy")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(artifact("perth-code")))
        config, utils, model, encoders, decoders = (
            import_module(f"perth_net_implicit.{name}")
            for name in ("config", "utils", "model", "model.encoder", "model.decoder")
        )
        hp = config.default_hp
        state = torch.load(artifact("perth-implicit"), "cpu", weights_only=True)["model"]
        encoder = encoders.Encoder(hp.hidden_size, model.compute_subband_freq(hp))
        decoder = decoders.Decoder(hp.hidden_size, model.compute_subband_freq(hp))
        for name, network in (("encoder", encoder), ("decoder", decoder)):
            prefix = f"{name}."
            own = {key.removeprefix(prefix): state[key] for key in state if prefix in key[:8]}
            network.load_state_dict(own)
            network.eval().requires_grad_(False)
        yield SimpleNamespace(hp=hp, utils=utils, encoder=encoder, decoder=decoder)
        for module in [name for name in sys.modules if name.startswith("perth_net_implicit")]:
            del sys.modules[module]


@pytest.fixture(scope="module")
def ours(artifact):
    return load_watermark(artifact("perth"))


@pytest.fixture(scope="module")
def speech(artifact):
    samples, rate_hz = soundfile.read(artifact("demo-speech"), dtype="float32")
    return Audio(samples[: 6 * rate_hz], rate_hz).at(RATE_HZ)


def spectrum(hp, samples):
    """Return what torchaudio's Spectrogram(power=None) gives."""
    window = torch.hann_window(hp.window_size)
    return torch.stft(samples, hp.n_fft, hp.hop_size, window=window, return_complex=True)


def their_mark(peer, samples):
    hp = peer.hp
    levels, phase = peer.utils.cx_to_magphase(hp, spectrum(hp, torch.from_numpy(samples)))
    marked, _ = peer.encoder(levels[None])
    changed = peer.utils.magphase_to_cx(hp, marked[0], phase)
    window = torch.hann_window(hp.window_size)
    return torch.istft(changed, hp.n_fft, hp.hop_size, window=window, length=len(samples)).numpy()


def their_score(peer, samples):
    levels, _ = peer.utils.cx_to_magphase(peer.hp, spectrum(peer.hp, torch.from_numpy(samples)))
    return float(peer.decoder(levels[None])[0])


def test_constants_are_the_packages(peer):
    hp = peer.hp
    assert hp.window_size / hp.sample_rate == perth.WINDOW_S
    assert hp.hop_size / hp.sample_rate == perth.HOP_S
    assert hp.n_fft == perth.REFERENCE_SAMPLES
    assert peer.encoder.subband == perth.BANDS


def test_the_mark_is_the_packages_but_at_the_ends(peer, ours, speech):
    theirs = their_mark(peer, speech.samples)
    mine = joined(ours[0].marked([speech])).samples
    inside = slice(RATE_HZ // 4, -RATE_HZ // 4)  # the package mirrors the sound at its ends
    np.testing.assert_allclose(mine[inside], theirs[inside], atol=MOST_ERROR)
    assert np.abs(mine - speech.samples).max() > 10 * MOST_ERROR


@pytest.mark.parametrize("marked", [False, True])
def test_the_reader_is_the_packages(peer, ours, speech, marked):
    samples = joined(ours[0].marked([speech])).samples if marked else speech.samples
    networks = ours[1]._reader
    levels = perth.normalised(spectrum(peer.hp, torch.from_numpy(samples)).abs())[None]
    with torch.inference_mode():
        mine = float(networks(levels, perth.sounding(levels))[0])
    assert mine == pytest.approx(their_score(peer, samples), abs=1e-4)
    assert (mine > 0.9) is marked


@pytest.mark.parametrize("rate_hz", [16_000, 22_050, 24_000, 44_100, 48_000])
def test_the_package_reads_what_we_mark_at_other_rates(peer, ours, speech, rate_hz):
    marked = joined(ours[0].marked([speech.at(rate_hz)]))
    assert their_score(peer, marked.at(RATE_HZ).samples) > 0.99


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000])
def test_we_read_at_other_rates_what_the_package_marked(peer, ours, speech, rate_hz):
    theirs = Audio(their_mark(peer, speech.samples), RATE_HZ)
    assert ours[1].verdict(theirs.at(rate_hz)).score > 0.99
    assert not ours[1].verdict(speech.at(rate_hz)).synthetic
