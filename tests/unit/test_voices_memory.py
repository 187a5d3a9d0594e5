import os

import pytest

from rtvc_bridge.voices.memory import Remembered


class Counting:
    def __init__(self):
        self.reads = 0

    def __call__(self, path):
        self.reads += 1
        return path.read_text(encoding="utf-8")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "one"
    path.write_text("old", encoding="utf-8")
    return path


def test_a_file_that_did_not_change_is_read_once(file):
    read = Counting()
    remembered = Remembered(read)
    assert [remembered.of(file) for _ in range(3)] == ["old"] * 3
    assert read.reads == 1


def test_a_file_that_was_replaced_is_read_again_even_with_the_same_size_and_time(file):
    remembered = Remembered(Counting())
    assert remembered.of(file) == "old"
    times = file.stat().st_atime_ns, file.stat().st_mtime_ns
    fresh = file.with_name("fresh")
    fresh.write_text("new", encoding="utf-8")
    os.utime(fresh, ns=times)
    fresh.replace(file)
    assert remembered.of(file) == "new"


def test_a_file_that_is_gone_is_not_remembered(file):
    remembered = Remembered(Counting())
    remembered.of(file)
    file.unlink()
    with pytest.raises(FileNotFoundError):
        remembered.of(file)


def test_what_was_not_asked_for_longest_is_forgotten(tmp_path):
    read = Counting()
    remembered = Remembered(read, most=2)
    files = [tmp_path / name for name in "abc"]
    for path in files:
        path.write_text(path.name, encoding="utf-8")
    for path in (files[0], files[1], files[0], files[2], files[0]):
        remembered.of(path)
    assert read.reads == 3
    remembered.of(files[1])
    assert read.reads == 4
