"""`rtvc-bridge audit` as a shell sees it."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from rtvc_bridge.config import AuditSettings
from rtvc_bridge.safety.audit.entry import Entry, Kind
from rtvc_bridge.safety.audit.log import FILE, Audit
from rtvc_bridge.safety.keys import KEY_FILE, Key

pytestmark = pytest.mark.trust


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A data folder with an audit of three rows, the first two of them lines that were said."""
    monkeypatch.setenv("RTVC_HOME", str(tmp_path))
    folder = tmp_path / "data"
    key = Key.opened(folder / KEY_FILE)
    with Audit.opened(folder / FILE, key, AuditSettings(text=True)) as audit:
        for name, user in (("Zoë", "12"), ("Alba", "13")):
            who = frozenset({f"discord:user:{user}"})
            said = Entry(Kind.SAID, who=who, voice=name, seconds=1.5, text="some words")
            audit.note(said)
        audit.note(Entry(Kind.HALTED, who=frozenset({"here"}), reason="panic stop"))
    return folder


def run(*words, **more):
    command = [sys.executable, "-m", "rtvc_bridge.cli", "audit", *map(str, words)]
    return subprocess.run(
        command, capture_output=True, encoding="utf-8", timeout=120, check=False, **more
    )


def tamper(data, statement):
    with closing(sqlite3.connect(data / FILE)) as database, database:
        database.execute("DROP TRIGGER rows_are_not_deleted")
        database.execute(statement)


def shown(*words):
    done = run("show", "--json", *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_show_tells_what_happened(data):
    done = run("show", env={**os.environ, "COLUMNS": "200"})
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 4
    assert all(word in lines[1] for word in ("1", "said", "discord:user:12", "Zoë", "10", "1.5"))
    assert "panic stop" in lines[3]
    assert "some words" not in done.stdout


def test_show_finds_rows_and_tells_text_when_asked(data):
    assert [row["number"] for row in shown("--last", 2)] == [2, 3]
    assert [row["number"] for row in shown("--voice", "Alba")] == [2]
    assert shown("--text", "--user", "12")[0]["text"] == "some words"
    assert "nothing of that" in run("show", "--user", "99").stdout.lower()


def test_verify_passes_a_whole_audit(data):
    done = run("verify")
    assert (done.returncode, done.stdout) == (0, "Whole: 3 rows, 1 to 3.\n")
    assert json.loads(run("verify", "--json").stdout)["whole"] is True


def test_verify_names_the_first_broken_row_and_how(data):
    tamper(data, "DELETE FROM rows WHERE number = 2")
    done = run("verify")
    assert done.returncode == 1
    assert "broken at row 2 (missing). Row 2 is missing. Sound before it: row 1." in done.stderr
    answer = run("verify", "--json")
    assert answer.returncode == 1
    assert json.loads(answer.stdout)["fault"] == {
        "row": 2,
        "how": "missing",
        "words": "Row 2 is missing.",
    }


def test_another_key_fails_to_verify(data):
    (data / KEY_FILE).unlink()
    done = run("verify")
    assert done.returncode == 1
    assert "(key)" in done.stderr


def test_export_writes_every_row(data, tmp_path):
    out = tmp_path / "rows.csv"
    done = run("export", out)
    assert done.returncode == 0, done.stderr
    assert len(out.read_text("utf-8").splitlines()) == 4
    assert "some words" not in out.read_text("utf-8")


def test_prune_asks_and_then_leaves_a_whole_audit(data):
    asked = run("prune", "--before", "2999-01-01", input="n\n")
    assert asked.returncode == 1
    assert len(shown()) == 3
    done = run("prune", "--before", "2999-01-01", "--yes")
    assert (done.returncode, done.stderr) == (0, "Rows deleted: 3.\n")
    assert [(row["number"], row["kind"], row["who"]) for row in shown()] == [
        (4, "pruned", ["here"])
    ]
    assert run("verify").returncode == 0


def test_without_an_audit_each_command_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("RTVC_HOME", str(tmp_path))
    for words in (["show"], ["verify"], ["export", tmp_path / "x.csv"]):
        done = run(*words)
        assert done.returncode == 3
        assert "There is no audit yet" in done.stderr
