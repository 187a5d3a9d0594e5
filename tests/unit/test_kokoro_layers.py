import copy

import pytest
import torch
from torch.nn import functional as fn

from rtvc_bridge.stages import source
from rtvc_bridge.stages.fastconv import FRESH, PIECE, FastSnakeConv, Scratch, transforms
from rtvc_bridge.stages.layers import AdaptiveNorm, StyledConv, snake
from rtvc_bridge.stages.vocoder import N_STYLED_LAYERS, Decoder


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def test_the_adaptive_norm_is_an_instance_norm_with_the_style_s_scale_and_shift():
    norm, x, styles = AdaptiveNorm(4), 3 * torch.randn(4, 500) + 2, torch.randn(2, 128)
    norm.row = 1
    gamma, beta = norm.fc(styles[1]).unsqueeze(1).chunk(2)
    expected = fn.instance_norm(x[None])[0] * (1 + gamma) + beta
    assert torch.allclose(norm(x, styles), expected, atol=1e-5)


def test_snake_is_x_plus_its_rippled_square():
    x, alpha = torch.randn(3, 50), torch.rand(3, 1) + 0.5
    expected = x + (1 - torch.cos(2 * alpha * x)) / (2 * alpha)
    assert torch.allclose(snake(x, alpha), expected, atol=1e-5)


@pytest.mark.parametrize("kernel", [7, 11])
def test_the_bilinear_transform_is_a_correlation(kernel):
    signal, taps, back = transforms(kernel)
    tile = kernel + FRESH - 1
    x, w = torch.randn(tile, dtype=torch.float64), torch.randn(kernel, dtype=torch.float64)
    ends, e, f = (signal @ x).split([2, tile // 2 - 1, tile // 2 - 1])
    products = (taps @ w) * torch.cat([ends, e, f, e + f])
    both, q, r, p = products.split([2, len(e), len(e), len(e)])
    expected = fn.conv1d(x[None, None], w[None, None])[0, 0]
    assert torch.allclose(back @ torch.cat([both, q + p, r - p]), expected, atol=1e-12)


@pytest.mark.parametrize("dilation", [1, 3, 5])
@pytest.mark.parametrize("kernel", [3, 7, 11])
@pytest.mark.parametrize("length", [1, 40, PIECE + 17])
def test_the_fast_convolution_equals_the_plain_one(kernel, dilation, length):
    layer, styles = StyledConv(6, kernel, dilation), torch.randn(1, 128)
    layer.alpha.data.uniform_(0.2, 2)
    fast = copy.deepcopy(layer)
    fast.speed_up(Scratch())
    assert isinstance(fast.fast, FastSnakeConv)
    x = torch.randn(6, length)
    with torch.inference_mode():
        assert torch.allclose(fast(x, styles), layer(x, styles), atol=2e-5)


def test_the_fast_convolution_stands_aside_for_gradients():
    layer, styles = StyledConv(6, 11, 1), torch.randn(1, 128, requires_grad=True)
    layer.speed_up(Scratch())
    layer(torch.randn(6, 100), styles).square().sum().backward()
    assert styles.grad is not None
    assert styles.grad.abs().sum() > 0


def test_gradients_reach_every_layer_s_style_through_the_whole_decoder():
    decoder, styles = Decoder(), torch.zeros(N_STYLED_LAYERS, 128, requires_grad=True)
    f0 = torch.full((8,), 150.0)
    sound = decoder(torch.randn(512, 4), f0, torch.zeros(8), styles)
    assert sound.shape == (600 * 4,)
    sound.square().sum().backward()
    assert styles.grad is not None
    assert (styles.grad.abs().sum(1) > 0).all()


def test_every_styled_layer_reads_a_row_of_its_own():
    with torch.device("meta"):
        rows = [norm.row for norm in Decoder().adaptive_norms()]
    assert rows == list(range(N_STYLED_LAYERS))


def test_the_same_seed_gives_the_same_source():
    with torch.inference_mode():
        decoder, f0 = Decoder(), torch.zeros(10)
        first, again, other = (
            decoder.har(f0, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
        )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_voiced_source_hums_at_its_f0():
    tone = source.harmonics(torch.full((80,), 240.0))[0]
    spectrum = torch.fft.rfft(tone).abs()
    assert spectrum.argmax() == 240  # 80 * 300 samples last one second


def test_the_spectrum_turned_back_is_the_sound():
    sound = torch.randn(6_000)
    magnitude, phase = source.spectrum(sound).chunk(2)
    # The head holds log magnitudes and phase sines; only phases within a quarter turn survive.
    whole = torch.istft(
        torch.polar(magnitude, phase),
        source.N_FFT,
        source.STFT_HOP,
        window=torch.hann_window(source.N_FFT),
    )
    assert torch.allclose(whole, sound, atol=1e-4)
