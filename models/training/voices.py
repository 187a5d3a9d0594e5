"""Step 1: make synthetic voices and let each speak a sentence.

    python models/training/voices.py --packs DIR --kokoro FILE --out DIR [--count 800]

Voices are drawn from the span of the stock styles: z = a z_i + (1 - a) z_j + noise, with a in
-0.2..1.2 and noise of 0.2-0.9 standard deviations. Each becomes one .npz with its
coefficients and its speech, so the work can be left and taken up again.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from rtvc_bridge.pipeline import Synthesizer, Vocoder
from rtvc_bridge.stages.device import choose_compute
from rtvc_bridge.stages.synthesizer import load_synthesizer
from rtvc_bridge.stages.vocoder import load_vocoder

ROW = 40
"""Row of a pack (styles by text length) that serves for every length; rows hardly differ."""

SENTENCES = (
    "ðə kwˈɪk bɹˈWn fˈɑks ʤˈʌmps ˈOvəɹ ðə lˈAzi dˈɔɡ.",
    "ʃi hæd jʊɹ dˈɑɹk sˈut ɪn ɡɹˈisi wˈɑʃ wˈɔTəɹ.",
    "ði ˈOld mˈɪl bˈɜɹnd dˈWn ɐ jˈɪɹ əɡˈO.",
    "plˈiz kˈɔl stˈɛlə, ænd ˈæsk hɜɹ ðˈɪs.",
    "ɹˈAnbˌOz tˈɜɹn wˈIt lˈIt ˌɪntu mˈɛni kˈʌləɹz.",
    "wʊd ju mˈɛʒəɹ ðə plˈɛʒəɹ ʌv ɐ vˈYɪʤ?",
    "ðə bˈY sˈɔ ðə sˈʌn ɹˈIz ˈOvəɹ ðə hˈɑɹbəɹ.",
    "θˈɪk fˈɑɡ hˈɪd bˈOθ pˈæθs, sˌO ðA ʧˈOz tə wˈAt.",
)
"""What the voices say, as phonemes, so that a better front end changes no training data.

The quick brown fox jumps over the lazy dog. / She had your dark suit in greasy wash water. /
The old mill burned down a year ago. / Please call Stella, and ask her this. / Rainbows turn
white light into many colors. / Would you measure the pleasure of a voyage? / The boy saw the
sun rise over the harbor. / Thick fog hid both paths, so they chose to wait.
"""


def stock_space(
    packs: Path,
) -> tuple[list[str], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return names, mean [256], basis [n, 256] and the stock coefficients z [n, n]."""
    files = sorted(packs.glob("*.bin"))
    styles = np.stack([np.fromfile(file, np.float32).reshape(510, 256)[ROW] for file in files])
    mean = styles.mean(axis=0)
    u, s, vt = np.linalg.svd(styles - mean, full_matrices=False)
    keep = s > s[0] * 1e-4
    scale = s[keep] / np.sqrt(len(files))
    z = u[:, keep] * np.sqrt(len(files))
    basis = scale[:, None] * vt[keep]
    return [file.stem for file in files], mean, basis.astype(np.float32), z.astype(np.float32)


def drawn(z: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the coefficients of one synthetic voice."""
    i, j = rng.choice(len(z), 2, replace=False)
    a = rng.uniform(-0.2, 1.2)
    noise = rng.normal(size=z.shape[1]) * rng.uniform(0.2, 0.9)
    return np.asarray(a * z[i] + (1 - a) * z[j] + noise, np.float32)


def spoken(
    style: NDArray[np.float32], sentence: str, synthesizer: Synthesizer, vocoder: Vocoder
) -> NDArray[np.float32]:
    """Return the sentence in that style, 24 kHz."""
    tensors = {"style": style.astype(np.float32)}
    return vocoder.vocode(synthesizer.synthesize(sentence, tensors, speed=1.0), tensors).samples


def main() -> None:
    """Make what is missing of the stock voices (two sentences each) and `count` drawn ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packs", type=Path, required=True, help="folder of Kokoro voice packs")
    parser.add_argument("--kokoro", type=Path, required=True, help="Kokoro weights, safetensors")
    parser.add_argument("--out", type=Path, required=True, help="folder for the voices made")
    parser.add_argument("--count", type=int, default=800)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    names, mean, basis, z = stock_space(args.packs)
    compute = choose_compute()
    synthesizer, vocoder = (
        load_synthesizer(args.kokoro, compute),
        load_vocoder(args.kokoro, compute),
    )
    jobs = [(f"stock-{name}-{k}", z[i], k) for i, name in enumerate(names) for k in (0, 7)]
    for n in range(args.count):
        jobs.append((f"drawn-{n:05}", drawn(z, np.random.default_rng(n)), n % len(SENTENCES)))
    for name, coefficients, k in track(jobs, "voices"):
        file = args.out / f"{name}.npz"
        if file.exists():
            continue
        sound = spoken(mean + coefficients @ basis, SENTENCES[k], synthesizer, vocoder)
        temp = file.with_suffix(".part.npz")
        np.savez(temp, z=coefficients, sound=sound.astype(np.float16))
        temp.replace(file)


if __name__ == "__main__":
    main()
