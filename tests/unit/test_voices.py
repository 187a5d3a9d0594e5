"""Voices as files and as a folder of files."""

import io
import json
import pickle
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from rtvc_bridge.errors import (
    StorageError,
    VoiceFileError,
    VoiceNameError,
    VoiceNotFoundError,
)
from rtvc_bridge.voices import Consent, Voice, VoiceStore, read_summary, read_voice, write_voice
from rtvc_bridge.voices.file import MAX_FILE_BYTES, SUFFIX

CONSENT = Consent(by="Alba Núñez", given_at="2026-01-02T03:04:05+00:00")


def a_voice(name="alba", number=1, **changes):
    rng = np.random.default_rng(number)
    embedding = rng.random(256, dtype=np.float32)
    voice = Voice(
        id=f"{number:032x}",
        name=name,
        embedding=(embedding / np.linalg.norm(embedding)).astype(np.float32),
        consent=CONSENT,
        created_at="2026-01-02T03:04:05+00:00",
        tensors={"kokoro": {"style": rng.random(256, dtype=np.float32)}},
    )
    return replace(voice, **changes)


@pytest.fixture
def store(tmp_path):
    return VoiceStore(tmp_path / "voices")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / f"v{SUFFIX}"
    write_voice(a_voice(clips=(flac(),)), path)
    return path


def flac():
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros(8000, np.int16), 8000, format="FLAC")
    return buffer.getvalue()


def rewritten(path, *, tensors=None, metadata=None, record=None):
    """Write the file again with changes, as somebody with a safetensors library could."""
    with safe_open(path, framework="numpy") as opened:
        found = opened.metadata()
    fields = json.loads(found["voice"]) | (record or {})
    found |= {"voice": json.dumps(fields)} | (metadata or {})
    save_file(load_file(path) | (tensors or {}), path, found)


def test_a_voice_comes_back_as_it_was_written(tmp_path):
    voice = a_voice(clips=(flac(), flac()))
    write_voice(voice, tmp_path / "v")
    back = read_voice(tmp_path / "v")
    assert (back.id, back.name, back.consent, back.created_at, back.clips) == (
        voice.id,
        voice.name,
        voice.consent,
        voice.created_at,
        voice.clips,
    )
    np.testing.assert_array_equal(back.embedding, voice.embedding)
    np.testing.assert_array_equal(back.tensors["kokoro"]["style"], voice.tensors["kokoro"]["style"])


def test_any_safetensors_reader_opens_a_voice(file):
    tensors = load_file(file)
    assert sorted(tensors) == ["clips/0", "embedding", "kokoro/style"]
    assert tensors["clips/0"].tobytes() == flac()


def test_a_summary_tells_the_header_without_tensors(file):
    summary = read_summary(file)
    assert (summary.name, summary.pipelines, summary.clip_seconds) == ("alba", ("kokoro",), (1.0,))


def test_a_voice_file_is_for_its_owner_only(file):
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_folder_of_voices_is_for_its_owner_only(store, tmp_path):
    store.add(a_voice())
    assert (tmp_path / "voices").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "embedding",
    [
        np.zeros(256, np.float32),
        np.full(256, np.nan, np.float32),
        np.ones(256, np.float32),
        np.eye(1, 255, dtype=np.float32)[0],
        np.eye(1, 256, dtype=np.float64)[0],
        np.eye(1, 256, dtype=np.float32),
    ],
)
def test_a_voice_takes_only_a_unit_embedding(embedding):
    with pytest.raises(TypeError, match="want an embedding"):
        a_voice(embedding=embedding)


@pytest.mark.parametrize(
    ("name", "tensor"),
    [
        ("embedding", np.full(256, np.nan, np.float32)),
        ("embedding", np.ones(256, np.float32)),
        ("embedding", np.eye(1, 128, dtype=np.float32)[0]),
        ("embedding", np.eye(1, 256, dtype=np.float64)[0]),
        ("clips/0", np.zeros(9, np.float32)),
        ("clips/0", np.zeros((3, 3), np.uint8)),
        ("clips/1", np.zeros(9, np.uint8)),
        ("kokoro/style", np.zeros(256, np.float64)),
        ("kokoro/style", np.full(256, np.inf, np.float32)),
        ("stranger/style", np.zeros(256, np.float32)),
        ("style", np.zeros(256, np.float32)),
        ("kokoro/style", np.zeros(256, np.float32)),
    ],
)
def test_a_file_with_a_wrong_tensor_is_refused(file, name, tensor):
    rewritten(file, tensors={name: tensor})
    with pytest.raises(VoiceFileError, match="not a sound voice file"):
        read_voice(file)


@pytest.mark.parametrize(
    "record",
    [
        {"id": "../../etc/passwd"},
        {"id": 7},
        {"name": "a/b"},
        {"name": "\x1b[31mred"},
        {"consent": {"by": "", "given_at": "x", "level": "attested"}},
        {"consent": {"by": "A\nB", "given_at": "x", "level": "attested"}},
        {"consent": {"by": "A", "given_at": "x", "level": "attested", "more": 1}},
        {"clips": [{"rate_hz": 0, "seconds": 1.0}]},
        {"pipelines": []},
        {"pipelines": ["kokoro", "clips"]},
        {"encoder": "other"},
        {"invented": 1},
    ],
)
def test_a_file_with_a_wrong_header_field_is_refused(file, record):
    rewritten(file, record=record)
    with pytest.raises(VoiceFileError, match="not a sound voice file"):
        read_voice(file)


def test_a_file_of_a_newer_version_says_to_update(file):
    rewritten(file, metadata={"version": "3"}, record={"invented": 1})
    with pytest.raises(VoiceFileError, match="version 3; this program reads up to 2"):
        read_voice(file)


@pytest.mark.parametrize("version", ["", "0", "-1", "one", "1.5"])
def test_a_file_of_no_version_is_not_a_voice(file, version):
    rewritten(file, metadata={"version": version})
    with pytest.raises(VoiceFileError, match="holds no voice"):
        read_voice(file)


def test_a_file_cut_anywhere_is_refused(file, tmp_path):
    whole = file.read_bytes()
    cut = tmp_path / "cut"
    for kept in [0, 1, 7, 8, 9, 100, len(whole) // 2, len(whole) - 1]:
        cut.write_bytes(whole[:kept])
        with pytest.raises(VoiceFileError):
            read_voice(cut)


def test_one_changed_bit_is_noticed(file):
    content = bytearray(file.read_bytes())
    content[-5] ^= 1
    file.write_bytes(content)
    with pytest.raises(VoiceFileError, match="altered"):
        read_voice(file)


class _Bomb:
    def __reduce__(self):
        return (Path.touch, (Path("exploded"),))


def test_a_pickle_in_disguise_is_refused_and_never_loaded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "v").write_bytes(pickle.dumps(_Bomb()))
    with pytest.raises(VoiceFileError, match="does not start like"):
        read_voice(tmp_path / "v")
    assert not Path("exploded").exists()


@pytest.mark.parametrize(
    "content",
    [
        struct.pack("<Q", 2**40) + b"{}",
        struct.pack("<Q", 2**21) + b" " * 2**21,
        b"PK\x03\x04" + bytes(100),
        b"hello, this is a text file",
        struct.pack("<Q", 2) + b"{}",
    ],
)
def test_what_is_no_safetensors_file_is_refused(tmp_path, content):
    (tmp_path / "v").write_bytes(content)
    with pytest.raises(VoiceFileError):
        read_voice(tmp_path / "v")


def test_an_enormous_file_is_refused_unread(tmp_path):
    with (tmp_path / "v").open("wb") as sparse:
        sparse.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(VoiceFileError, match="the limit is"):
        read_voice(tmp_path / "v")


@pytest.mark.parametrize("name", ["missing", "."])
def test_a_path_that_is_no_file_is_refused(tmp_path, name):
    with pytest.raises(VoiceFileError, match="Cannot read"):
        read_voice(tmp_path / name)


@pytest.mark.parametrize(
    "changes",
    [
        {"clips": (b"not a flac file",)},
        {"tensors": {"clips": {"0": np.zeros(3, np.float32)}}},
        {"tensors": {"kokoro": {"style": np.array([np.nan], np.float32)}}},
        {"consent": replace(CONSENT, by=" ")},
        {"id": "not an id"},
    ],
)
def test_a_voice_that_could_not_be_read_back_is_not_written(tmp_path, changes):
    with pytest.raises(VoiceFileError, match="cannot be written"):
        write_voice(a_voice(**changes), tmp_path / "v")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_loses_nothing(tmp_path):
    """A file-size limit is a full disk that works for root too."""
    path = tmp_path / f"v{SUFFIX}"
    write_voice(a_voice(), path)
    before = path.read_bytes()
    code = (
        "import resource, sys\n"
        "from dataclasses import replace\n"
        "from pathlib import Path\n"
        "from rtvc_bridge.errors import StorageError\n"
        "from rtvc_bridge.voices import read_voice, write_voice\n"
        "path = Path(sys.argv[1])\n"
        "voice = read_voice(path)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n"
        "    write_voice(replace(voice, name='other'), path)\n"
        "except StorageError as error:\n"
        "    sys.exit('Nothing was changed' not in str(error))\n"
        "sys.exit(2)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == 0
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_voice_is_found_whatever_the_case(store):
    store.add(a_voice("Alba"))
    assert store.get("aLBA").name == "Alba"


def test_a_voice_is_found_by_its_id(store):
    store.add(a_voice(number=0xABC))
    assert store.get(f"{0xABC:032X}").name == "alba"


def test_an_unknown_name_brings_the_nearest(store):
    store.add(a_voice("Alba"))
    store.add(a_voice("Bruno", 2))
    with pytest.raises(VoiceNotFoundError, match="Did you mean 'Alba'"):
        store.get("albba")


def test_an_empty_store_says_how_to_enrol(store):
    assert store.names() == []
    with pytest.raises(VoiceNotFoundError, match="rtvc-bridge enrol"):
        store.get("alba")


@pytest.mark.parametrize(
    "taken", ["alba", "ALBA", "\uff41\uff4c\uff42\uff41", " alba ", "\u0430lba"]
)
def test_a_taken_name_is_refused(store, taken):
    store.add(a_voice("Alba"))
    with pytest.raises(VoiceNameError):
        store.add(a_voice(taken, 2))
    assert store.names() == ["Alba"]


def test_names_of_one_other_script_that_look_taken_are_refused(store):
    store.add(a_voice("coco"))
    with pytest.raises(VoiceNameError, match="taken"):
        store.add(a_voice("\u0441\u043e\u0441\u043e", 2))  # Cyrillic throughout


def test_the_same_voice_is_not_kept_twice(store):
    store.add(a_voice("alba"))
    with pytest.raises(VoiceNameError, match="here already, as 'alba'"):
        store.add(a_voice("berta"))


def test_a_renamed_voice_keeps_its_id(store):
    store.add(a_voice("alba"))
    store.rename("alba", "Berta")
    assert store.get("berta").id == a_voice().id
    assert store.names() == ["Berta"]


def test_a_voice_can_change_the_case_of_its_name(store):
    store.add(a_voice("alba"))
    store.rename("alba", "Alba")
    assert store.names() == ["Alba"]


def test_renaming_onto_another_voice_is_refused(store):
    store.add(a_voice("alba"))
    store.add(a_voice("bruno", 2))
    with pytest.raises(VoiceNameError, match="taken"):
        store.rename("bruno", "ALBA")
    assert store.names() == ["alba", "bruno"]


def test_a_deleted_voice_is_gone_and_its_name_free(store, tmp_path):
    store.add(a_voice("alba"))
    store.delete("alba")
    assert list((tmp_path / "voices").glob(f"*{SUFFIX}")) == []
    store.add(a_voice("alba", 2))


def test_an_exported_voice_can_be_imported_elsewhere(store, tmp_path):
    store.add(a_voice("alba"))
    store.export("alba", tmp_path / "out")
    other = VoiceStore(tmp_path / "other")
    voice = other.import_(tmp_path / "out", name="Berta")
    assert (voice.id, other.names()) == (a_voice().id, ["Berta"])


def test_export_overwrites_nothing(store, tmp_path):
    store.add(a_voice("alba"))
    (tmp_path / "out").write_text("mine")
    with pytest.raises(StorageError, match="there already"):
        store.export("alba", tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


def test_damaged_files_are_listed_and_hide_nothing(store, tmp_path):
    store.add(a_voice("alba"))
    (tmp_path / "voices" / f"bad{SUFFIX}").write_bytes(b"rubbish rubbish")
    (tmp_path / "voices" / f"copy{SUFFIX}").write_bytes(
        (tmp_path / "voices" / f"{a_voice().id}{SUFFIX}").read_bytes()
    )
    listing = store.listing()
    assert [voice.name for voice in listing.voices] == ["alba"]
    assert [damaged.id for damaged in listing.damaged] == ["bad", "copy"]
    store.delete("bad")
    assert [damaged.id for damaged in store.listing().damaged] == ["copy"]


def test_what_a_crashed_writer_left_is_swept_away(store, tmp_path):
    store.add(a_voice("alba"))
    (tmp_path / "voices" / ".0123456789abcdef.tmp").write_bytes(b"half a voice")
    store.add(a_voice("bruno", 2))
    assert list((tmp_path / "voices").glob("*.tmp")) == []


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="voices folder"):
        VoiceStore(tmp_path / "file" / "voices").add(a_voice())


_RACER = """
import sys
from pathlib import Path
from rtvc_bridge.errors import VoiceNameError
from rtvc_bridge.voices import VoiceStore, read_voice
voice = read_voice(Path(sys.argv[2]))
print("ready", flush=True)
sys.stdin.readline()
try:
    VoiceStore(Path(sys.argv[1])).add(voice)
except VoiceNameError:
    sys.exit(3)
"""


def started(code, *arguments):
    """Start Python on `code` and return it once it has printed a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    return process


def test_of_processes_enrolling_one_name_at_once_exactly_one_wins(store, tmp_path):
    racers = []
    for number in range(4):
        write_voice(a_voice("alba", number), tmp_path / f"{number}")
        racers.append(started(_RACER, tmp_path / "voices", tmp_path / f"{number}"))
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write(b"go\n")
        racer.stdin.flush()
    for racer in racers:
        racer.communicate(timeout=60)
    assert sorted(racer.returncode for racer in racers) == [0, 3, 3, 3]
    assert store.names() == ["alba"]


def test_a_holder_of_the_lock_that_was_killed_blocks_nobody(store, tmp_path):
    code = (
        "import sys, filelock\n"
        "lock = filelock.FileLock(sys.argv[1]); lock.acquire()\n"
        "print('held', flush=True); sys.stdin.readline()\n"
    )
    (tmp_path / "voices").mkdir()
    holder = started(code, tmp_path / "voices" / ".lock")
    holder.kill()
    holder.communicate(timeout=60)
    store.add(a_voice("alba"))
    assert store.names() == ["alba"]
