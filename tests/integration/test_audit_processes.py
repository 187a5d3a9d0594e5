"""The audit when several processes write, one is killed, or the disk takes no more."""

import signal
import subprocess
import sys

import pytest

from rtvc_bridge.config import AuditSettings
from rtvc_bridge.safety.audit.book import Book
from rtvc_bridge.safety.audit.entry import Entry, Kind
from rtvc_bridge.safety.audit.log import Audit
from rtvc_bridge.safety.keys import Key

pytestmark = pytest.mark.trust

KEY = Key(bytes(range(32)))
OPENING = """
import sys
from pathlib import Path
from rtvc_bridge.config import AuditSettings
from rtvc_bridge.safety.audit.log import Audit
from rtvc_bridge.safety.audit.entry import Entry, Kind
from rtvc_bridge.safety.keys import Key

print("here", flush=True)
sys.stdin.readline()
audit = Audit.opened(Path(sys.argv[1]), Key(bytes(range(32))), AuditSettings())
"""
WRITING = """
for _ in range(200):
    audit.note(Entry(Kind.SAID, user=sys.argv[2], outcome="done"))
audit.close()
"""
ENDLESS = """
while True:
    audit.note(Entry(Kind.SAID, user=sys.argv[2], outcome="done"))
    audit.flush()
    print("written", flush=True)
"""


def begun(path, code, name):
    """Start a process that waits for a line before it opens the audit."""
    process = subprocess.Popen(
        [sys.executable, "-c", OPENING + code, str(path), name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "here\n"
    return process


def go(process):
    process.stdin.write("go\n")
    process.stdin.flush()


def test_processes_that_write_at_once_make_one_chain(tmp_path):
    path = tmp_path / "audit.db"
    writers = [begun(path, WRITING, name) for name in ("a", "b", "c")]
    for writer in writers:
        go(writer)
    for writer in writers:
        writer.communicate(timeout=120)
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    book = Book(path, KEY)
    verdict = book.verify()
    assert (verdict.fault, verdict.last) == (None, 600)
    assert [len(list(book.rows(user=name))) for name in ("a", "b", "c")] == [200, 200, 200]


MAKING = """
audit.close()
for number in range(40):
    file = Path(sys.argv[1]).with_name(f"{number}.db")
    Audit.opened(file, Key(bytes(range(32))), AuditSettings()).close()
"""


def test_processes_that_make_one_audit_at_once_all_get_it(tmp_path):
    makers = [begun(tmp_path / "audit.db", MAKING, "a") for _ in range(4)]
    for maker in makers:
        go(maker)
    for maker in makers:
        maker.communicate(timeout=120)
    assert [maker.returncode for maker in makers] == [0] * 4
    assert all(Book(tmp_path / f"{n}.db", KEY).verify().fault is None for n in range(40))


def test_an_audit_verifies_while_it_is_written(tmp_path):
    path = tmp_path / "audit.db"
    writer = begun(path, ENDLESS, "a")
    go(writer)
    book = Book(path, KEY)
    seen: list[int] = []
    while len(seen) < 10 or seen[-1] == seen[0]:
        assert writer.stdout.readline() == "written\n"
        verdict = book.verify()
        assert verdict.fault is None
        seen.append(verdict.last)
    writer.kill()
    writer.communicate(timeout=60)
    assert seen == sorted(seen)
    assert seen[-1] > seen[0]


def test_a_process_killed_while_it_writes_leaves_a_sound_chain_with_what_it_had_written(tmp_path):
    path = tmp_path / "audit.db"
    writer = begun(path, ENDLESS, "a")
    go(writer)
    for _ in range(25):
        assert writer.stdout.readline() == "written\n"
    writer.send_signal(signal.SIGKILL)
    said = writer.stdout.read().count("written\n")  # communicate() misses what was read ahead
    writer.communicate(timeout=60)
    book = Book(path, KEY)
    verdict = book.verify()
    assert verdict.fault is None
    assert 25 + said <= verdict.last <= 25 + said + 1
    with Audit.opened(path, KEY, AuditSettings()) as audit:
        audit.note(Entry(Kind.SAID))
    assert book.verify().last == verdict.last + 1


FILLED = """
import resource
audit.note(Entry(Kind.SAID, outcome="before"))
audit.flush()
audit.close()
audit = Audit.opened(Path(sys.argv[1]), Key(bytes(range(32))), AuditSettings(), retry_s=0.01)
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
size = Path(sys.argv[1]).stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
audit.note(Entry(Kind.SAID, outcome="while full"))
try:
    audit.flush()
except Exception as error:
    print(type(error).__name__, audit.failing is not None, flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
while audit.failing is not None:
    pass
audit.note(Entry(Kind.SAID, outcome="after"))
audit.close()
"""


def test_on_a_full_disk_rows_wait_and_are_written_once_there_is_room(tmp_path):
    """A file-size limit is a full disk that works for root too."""
    path = tmp_path / "audit.db"
    writer = begun(path, FILLED, "a")
    go(writer)
    said, _ = writer.communicate(timeout=120)
    assert said == "StorageError True\n"
    assert writer.returncode == 0
    book = Book(path, KEY)
    assert book.verify().fault is None
    assert [row.outcome for row in book.rows()] == ["before", "while full", "after"]


LEFT_FULL = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
audit.note(Entry(Kind.SAID, outcome="while full"))
audit.close()
"""


def test_rows_that_a_full_disk_never_took_are_told_at_the_end(tmp_path):
    path = tmp_path / "audit.db"
    with Audit.opened(path, KEY, AuditSettings()) as audit:
        audit.note(Entry(Kind.SAID, outcome="before"))
    process = subprocess.run(
        [sys.executable, "-c", OPENING + LEFT_FULL, str(path), "a"],
        input="go\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "StorageError: Rows of the audit that were lost: 1" in process.stderr
    book = Book(path, KEY)
    assert book.verify().fault is None
    assert [row.outcome for row in book.rows()] == ["before"]
