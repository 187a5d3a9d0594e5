"""The manifest that ships, and what a manifest may not say."""

import subprocess
import sys

import pytest

from rtvc_bridge.errors import ModelError
from rtvc_bridge.stages import campplus, conversion, encoder, naturalness, perth
from rtvc_bridge.stages.manifest import Manifest, Url
from rtvc_bridge.stages.weights import _CONVERTERS, Library

FILE = """
[[artifact.files]]
path = "net.bin"
bytes = 3
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
sources = [[{ url = "https://example.org/net.bin" }]]
"""
GOOD = f"""
format = 1
[[artifact]]
name = "net"
purpose = "a network"
licence = "MIT"
role = "runtime"
{FILE}
"""


def loaded(tmp_path, text):
    path = tmp_path / "manifest.toml"
    path.write_text(text)
    return Manifest.load(path)


def test_the_shipped_manifest_has_what_speaking_needs():
    roles = {artifact.name: artifact.role for artifact in Manifest.load().artifacts}
    runtime = [name for name, role in roles.items() if role == "runtime"]
    assert runtime == ["kokoro-82m", "ge2e", "perth", "distilmos", "campplus"]
    assert roles["voice-packs"] == "training"
    assert roles["whisper-base"] == "dev"


def test_the_shipped_manifest_knows_every_voice_pack_by_a_hash_of_its_own():
    packs = Manifest.load().artifact("voice-packs").files
    assert len({pack.sha256 for pack in packs}) == 54
    assert {pack.bytes for pack in packs} == {510 * 256 * 4}


def test_every_conversion_has_a_converter_of_that_version():
    versions = {
        "kokoro": conversion.CONVERSION_VERSION,
        "ge2e": encoder.CONVERSION_VERSION,
        "perth": perth.CONVERSION_VERSION,
        "distilmos": naturalness.CONVERSION_VERSION,
        "campplus": campplus.CONVERSION_VERSION,
    }
    converts = [artifact.convert for artifact in Manifest.load().artifacts if artifact.convert]
    assert {convert.by: convert.version for convert in converts} == versions
    assert set(_CONVERTERS) == set(versions)


def test_a_manifest_is_read_into_values(tmp_path):
    artifact = loaded(tmp_path, GOOD).artifact("net")
    assert artifact.bytes == 3
    assert artifact.digest.startswith("ba7816bf")
    assert artifact.files[0].sources == ((Url("https://example.org/net.bin"),),)


def test_the_digest_of_a_folder_changes_with_any_file_in_it(tmp_path):
    two = GOOD + FILE.replace("net.bin", "second.bin")
    one_digest = loaded(tmp_path, GOOD).artifact("net").digest
    two_digest = loaded(tmp_path, two).artifact("net").digest
    other = loaded(tmp_path, two.replace("second", "third")).artifact("net").digest
    assert len({one_digest, two_digest, other}) == 3


MADE = 'convert = { from = "net", by = "ge2e", version = 1, file = "out" }'


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('role = "runtime"', 'roll = "runtime"', "artifact.0.role"),
        ("bytes = 3", "bytes = 3\nmd5 = 1", "md5"),
        ('"net.bin"', '"../net.bin"', "inside the artifact's folder"),
        ('"net.bin"', '"/net.bin"', "inside the artifact's folder"),
        ('"ba7816bf', '"BA7816bf', "sha256"),
        ("https://", "http://", "https address"),
        ('{ url = "https://example.org/net.bin" }', '{ wheel = "x", member = "y" }', "wheel"),
        ('{ url = "https://example.org/net.bin" }', "", "at least 1 item"),
        ('net.bin" }]]', 'net.bin" }, { url = "https://example.org/b" }]]', "a source of its own"),
        ("format = 1", "format = 2", "format"),
        ("format = 1", "format = ", "Invalid value"),
        (FILE, "", "either files or convert"),
        ('role = "runtime"', 'role = "runtime"\n' + MADE, "either files or convert"),
        (GOOD, GOOD + GOOD.partition("format = 1")[2], "share a name"),
        (FILE, MADE.replace('"net"', '"nothing"'), "one artifact of one file"),
    ],
)
def test_a_wrong_manifest_is_refused_by_name(tmp_path, old, new, said):
    assert old in GOOD
    with pytest.raises(ModelError, match=r"manifest\.toml, cannot be used") as caught:
        loaded(tmp_path, GOOD.replace(old, new))
    assert said in str(caught.value)


def test_a_lost_manifest_is_an_error(tmp_path):
    with pytest.raises(ModelError, match="cannot be used"):
        Manifest.load(tmp_path / "none.toml")


def test_an_unknown_artifact_is_answered_with_the_known_ones(tmp_path):
    weights = Library(tmp_path, loaded(tmp_path, GOOD))
    with pytest.raises(ModelError, match="no artifact 'nett'; the manifest has net"):
        weights.path("nett")


def test_listing_weights_loads_no_torch(tmp_path):
    code = (
        "import sys; from rtvc_bridge.stages.weights import Library\n"
        "weights = Library.default()\n"
        "for artifact in weights.manifest.artifacts: weights.state(artifact.name)\n"
        "sys.exit('torch' in sys.modules or 'onnx' in sys.modules)"
    )
    environment = {"RTVC_HOME": str(tmp_path)}
    assert (
        subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
    )


def test_the_environment_says_where_to_look(tmp_path, monkeypatch):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "net.bin").write_bytes(b"abc")
    monkeypatch.setenv("RTVC_HOME", str(tmp_path))
    monkeypatch.setenv("RTVC_MODELS", str(mine))
    monkeypatch.setenv("RTVC_OFFLINE", "1")
    monkeypatch.setenv("RTVC_HUB_URL", "http://127.0.0.1:9")
    with pytest.raises(ModelError) as caught:
        Library.default().path("demo-speech")
    lines = str(caught.value).splitlines()
    assert lines[1] == f"  {mine}: has no file of 4260326 bytes"
    assert lines[2] == "  the network: offline, by the settings or RTVC_OFFLINE"
