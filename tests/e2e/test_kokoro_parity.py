"""Our synthesizer and vocoder against code not ours, on the same weights."""

import importlib.util
import re
import sys
import types
from importlib import import_module

import numpy as np
import pytest
import torch

from rtvc_bridge.stages import source
from rtvc_bridge.stages.assemble import tuner_file
from rtvc_bridge.stages.convert import kokoro_safetensors, our_name
from rtvc_bridge.stages.device import Compute
from rtvc_bridge.stages.synthesizer import load_synthesizer, symbol_ids
from rtvc_bridge.stages.tuner import load_tuner
from rtvc_bridge.stages.vocoder import N_STYLED_LAYERS, load_vocoder

pytestmark = [
    pytest.mark.models,
    pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore:dropout option adds dropout:UserWarning"),
]

PHONEMES = "həlˈO wˈɜɹld, ðˈɪs ɪz ɐ fˈɜɹst tˈɛst."  # noqa: RUF001 - phonemes
CPU = Compute(torch.device("cpu"))


@pytest.fixture(scope="module")
def onnx_path(artifact):
    return artifact("kokoro-82m-int8-onnx")


@pytest.fixture(scope="module")
def weights(onnx_path, tmp_path_factory):
    path = tmp_path_factory.mktemp("kokoro") / "kokoro.safetensors"
    kokoro_safetensors(onnx_path, path)
    return path


@pytest.fixture(scope="module")
def style():
    """The middle of the stock voices."""
    return load_tuner(tuner_file()).mean


@pytest.fixture(scope="module")
def synthesizer(weights):
    return load_synthesizer(weights, CPU)


@pytest.fixture(scope="module")
def vocoder(weights):
    return load_vocoder(weights, CPU)


@pytest.fixture(scope="module")
def frames(synthesizer, style):
    return synthesizer.synthesize(PHONEMES, {"style": style}, speed=1.0)


@pytest.fixture(scope="module")
def kokoro():
    """The package's networks without its __init__, which wants a language front end."""
    found = importlib.util.find_spec("kokoro")
    assert found is not None
    assert found.submodule_search_locations is not None
    bare = types.ModuleType("kokoro")
    bare.__path__ = list(found.submodule_search_locations)
    sys.modules["kokoro"] = bare
    yield types.SimpleNamespace(
        istftnet=import_module("kokoro.istftnet"),
        modules=import_module("kokoro.modules"),
    )
    for name in [name for name in sys.modules if name.split(".")[0] == "kokoro"]:
        del sys.modules[name]


def fill(network, ours, prefix):
    """Load our weights into kokoro's own parameters, strictly; return the names of ours used."""
    owners = {name.rpartition(".")[0] for name in ours}
    used, state = set(), {}
    for key, old in network.state_dict().items():
        stem, _, kind = our_name(f"{prefix}.{key}").rpartition(".")
        if re.search(r"(norm\d|adain\d\.\d)\.norm$|pooler", stem):
            state[key] = old  # instance norm's affine is the identity, the pooler never runs
            continue
        assert stem in owners, key
        name = f"{stem}.weight" if kind in {"weight_g", "weight_v"} else f"{stem}.{kind}"
        used.add(name)
        state[key] = normed(ours[name], kind).view(old.shape)
    network.load_state_dict(state, strict=True)
    network.eval()
    return used


def normed(weight, kind):
    """Undo the folding of weight norm: g * v / |v|, where a channel of zeros needs a v too."""
    if kind not in {"weight_g", "weight_v"}:
        return weight
    length = weight.flatten(1).norm(dim=1)
    if kind == "weight_g":
        return length
    return torch.where(length.view(-1, 1, 1) > 0, weight, torch.ones_like(weight))


@pytest.fixture(scope="module")
def reference(kokoro, synthesizer, vocoder):
    """kokoro 0.9.4's networks holding exactly our weights."""
    from transformers import AlbertConfig

    config = AlbertConfig(
        vocab_size=178,
        hidden_size=768,
        num_attention_heads=12,
        intermediate_size=2048,
        max_position_embeddings=512,
        num_hidden_layers=12,
    )
    parts = {
        "bert": kokoro.modules.CustomAlbert(config),
        "bert_encoder": torch.nn.Linear(768, 512),
        "predictor": kokoro.modules.ProsodyPredictor(128, 512, 3, 50, 0.2),
        "text_encoder": kokoro.modules.TextEncoder(512, 5, 3, 178),
        "decoder": kokoro.istftnet.Decoder(
            512, 128, 80, [3, 7, 11], [10, 6], 512, [[1, 3, 5]] * 3, [20, 12], 20, 5
        ),
    }
    ours = dict(synthesizer.net.state_dict())
    ours |= {f"decoder.{name}": value for name, value in vocoder.decoder.state_dict().items()}
    used = set()
    for prefix, network in parts.items():
        used |= fill(network, ours, prefix)
    assert used == set(ours), "every weight of ours has its place in kokoro's networks"
    return types.SimpleNamespace(**parts)


@torch.no_grad()
def reference_frames(reference, style):
    ids = torch.tensor([symbol_ids(PHONEMES)])
    lengths, mask = torch.tensor([ids.shape[1]]), torch.zeros(ids.shape, dtype=torch.bool)
    prosody = torch.from_numpy(style[None, 128:])
    seen = reference.bert(ids, attention_mask=(~mask).int())
    coloured = reference.predictor.text_encoder(
        reference.bert_encoder(seen).transpose(1, 2), prosody, lengths, mask
    )
    hidden, _ = reference.predictor.lstm(coloured)
    exact = reference.predictor.duration_proj(hidden).sigmoid().sum(-1)[0]
    durations = exact.round().clamp(min=1).long()
    spread = coloured.repeat_interleave(durations, dim=1).transpose(1, 2)
    f0, energy = reference.predictor.F0Ntrain(spread, prosody)
    features = reference.text_encoder(ids, lengths, mask).repeat_interleave(durations, dim=2)
    return features, f0, energy, durations


def test_the_synthesizer_agrees_with_the_kokoro_package(reference, frames, style):
    features, f0, energy, durations = reference_frames(reference, style)
    assert frames.durations.tolist() == durations.tolist()
    assert np.abs(frames.features - features[0].numpy()).max() < 1e-5
    assert np.abs(frames.energy - energy[0].numpy()).max() < 1e-3
    assert np.abs(frames.f0_hz - f0[0].numpy()).max() < 0.05  # Hz


def test_the_vocoder_agrees_with_the_kokoro_package_on_the_same_source(
    reference, vocoder, frames, style
):
    signal = torch.randn(300 * len(frames.f0_hz), generator=torch.Generator().manual_seed(0)) / 10
    seen = {}

    class FixedSource(torch.nn.Module):
        def forward(self, f0):
            return signal[None, :, None], None, None

    def remember(module, args):
        seen["decoded"] = args[0]

    reference.decoder.generator.m_source = FixedSource()
    reference.decoder.generator.register_forward_pre_hook(remember)
    inputs = [torch.from_numpy(part) for part in (frames.features, frames.f0_hz, frames.energy)]
    half = torch.from_numpy(style[:128])
    styles = half.expand(N_STYLED_LAYERS, -1)
    with torch.no_grad():
        theirs = reference.decoder(*(part[None] for part in inputs), half[None])[0, 0]
        decoded = vocoder.decoder.decoded(*inputs, styles)
        ours = vocoder.decoder.generator(decoded, styles, source.spectrum(signal))
    assert (decoded - seen["decoded"][0]).abs().max() < 1e-4
    assert (ours - theirs).abs().max() < 1e-4 * theirs.abs().max()


def test_the_harmonic_source_agrees_with_the_kokoro_package(kokoro, vocoder):
    f0 = torch.linspace(90, 260, 400)
    mix = vocoder.decoder.generator.source_mix
    theirs = kokoro.istftnet.SourceModuleHnNSF(24_000, 300, 8, add_noise_std=0, voiced_threshod=10)
    theirs.l_linear = mix
    expected = theirs(f0.repeat_interleave(300)[None, :, None])[0].detach().flatten()
    got = source.excitation(f0, mix, torch.zeros(300 * len(f0)))
    # Theirs adds up phase in float32, ours in float64.
    assert (got - expected).abs().max() < 2e-3
    assert got.abs().max() > 0.02


def log_mel(samples):
    import librosa

    power = librosa.feature.melspectrogram(y=samples, sr=24_000, n_fft=1024, hop_length=300)
    return np.log(power + 1e-5)


@pytest.fixture(scope="module")
def original(onnx_path, style):
    """The sound and the durations that ONNX Runtime makes of the int8 file."""
    import onnx
    import onnxruntime

    model = onnx.load(onnx_path)
    (rounded,) = [node.output[0] for node in model.graph.node if node.op_type == "Clip"]
    model.graph.output.append(onnx.helper.make_empty_tensor_value_info(rounded))
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    inputs = {
        "tokens": np.array([symbol_ids(PHONEMES)], np.int64),
        "style": style[None],
        "speed": np.array([1.0], np.float32),
    }
    sound, durations = session.run(None, inputs)
    return types.SimpleNamespace(sound=sound.ravel(), durations=durations.ravel().astype(int))


def test_durations_agree_with_onnx_runtime_on_the_original_file(original, frames):
    # It computes in int8, we in float32 with the same int8 weights.
    differences = np.abs(original.durations - frames.durations)
    assert differences.max() <= 2
    assert abs(original.durations.sum() - frames.durations.sum()) <= 2


def spoken_at(durations, synthesizer, vocoder, style, *, seed):
    prosody = torch.from_numpy(style[128:])
    timbre = torch.from_numpy(style[:128]).expand(N_STYLED_LAYERS, -1)
    with torch.inference_mode():
        frames = synthesizer.net(
            torch.tensor(symbol_ids(PHONEMES)), prosody, durations=torch.from_numpy(durations)
        )
        generator = torch.Generator().manual_seed(seed)
        return vocoder.decoder(*frames[:3], timbre, generator=generator).numpy()


def test_the_sound_agrees_with_onnx_runtime_at_its_own_durations(
    original, synthesizer, vocoder, style
):
    stages = (original.durations, synthesizer, vocoder)
    ours, again = (spoken_at(*stages, style, seed=seed) for seed in (0, 1))
    other = spoken_at(*stages, load_tuner(tuner_file()).stock_styles[0], seed=0)
    assert len(ours) == len(original.sound)
    mel = log_mel(ours)
    apart = np.abs(mel - log_mel(original.sound)).mean()
    noise, voices = (np.abs(mel - log_mel(sound)).mean() for sound in (again, other))
    # In nats: two draws of the noise, the int8 peer, another voice.
    assert noise < apart < voices / 2, (noise, apart, voices)
