"""The audit's chain: every way to tamper with the file without the key is named."""

import csv
import hashlib
import json
import os
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime, timedelta

import filelock
import pytest

from rtvc_bridge.config import AuditSettings
from rtvc_bridge.errors import StorageError, UserError
from rtvc_bridge.safety.audit.book import Book
from rtvc_bridge.safety.audit.chain import CHECKPOINT, HEAD, How
from rtvc_bridge.safety.audit.entry import COLUMNS, Entry, Kind, digest
from rtvc_bridge.safety.audit.log import Audit
from rtvc_bridge.safety.keys import Key

pytestmark = pytest.mark.trust

KEY = Key(bytes(range(32)))
OTHER_KEY = Key(bytes(32))
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
LINE = Entry(
    Kind.SAID,
    who=frozenset({"discord:user:12", "discord:guild:3"}),
    user="12",
    lane="discord:3",
    voice_id="ab" * 16,
    voice="Zoë",
    seconds=1.25,
    outcome="done",
    text="the secret words",
)


class Clock:
    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "audit.db"


@pytest.fixture
def clock():
    return Clock()


def opened(path, key=KEY, clock=lambda: NOON, **settings):
    return Audit.opened(path, key, AuditSettings(**settings), now=clock, busy_s=0.05, retry_s=0.01)


def written(path, count, **settings):
    with opened(path, **settings) as audit:
        for _ in range(count):
            audit.note(LINE)
    return Book(path, KEY)


def tamper(path, *statements):
    """Change the file as another program can: the triggers go first."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DROP TRIGGER IF EXISTS rows_are_not_changed")
        database.execute("DROP TRIGGER IF EXISTS rows_are_not_deleted")
        for statement, *values in statements:
            database.execute(statement, values)


def rechain(path, start):
    """Give every row from `start` on the hash that fits, as whoever knows the format can."""
    with closing(sqlite3.connect(path)) as database, database:
        columns = ", ".join(COLUMNS)
        rows = database.execute(f"SELECT {columns} FROM rows ORDER BY number").fetchall()
        previous = rows[start - 1][-2]
        for row in rows[start - 1 :]:
            cells = (*row[:-2], previous)
            database.execute(
                "UPDATE rows SET previous = ?, hash = ? WHERE number = ?",
                (previous, digest(cells), row[0]),
            )
            previous = digest(cells)
    return previous


def fault(book):
    found = book.verify().fault
    return found and (found.number, found.how)


def test_what_is_noted_stands_in_the_file_in_order_and_verifies(path, clock):
    with opened(path, clock=clock) as audit:
        audit.note(LINE)
        clock.now += timedelta(seconds=1)
        audit.note(Entry(Kind.REFUSED, outcome="refused", reason="BudgetError"))
        audit.flush()
        first, second = audit.book.rows()
    assert (first.number, first.kind, first.user, first.lane) == (1, "said", "12", "discord:3")
    assert first.who == ("discord:guild:3", "discord:user:12")
    assert (first.voice, first.characters, first.sound_ms, first.outcome) == (
        "Zoë",
        16,
        1250,
        "done",
    )
    assert first.at == "2026-03-04T12:00:00.000+00:00"
    assert (second.number, second.kind, second.reason) == (2, "refused", "BudgetError")
    assert second.previous == first.hash
    verdict = audit.book.verify()
    assert (verdict.fault, verdict.first, verdict.last, verdict.rows) == (None, 1, 2, 2)


def test_the_hash_is_that_of_the_documented_bytes(path):
    (row,) = written(path, 1).rows()
    cells = [1, row.at, "said", '["discord:guild:3", "discord:user:12"]', "12", "discord:3"]
    cells += ["ab" * 16, "Zoë", 16, 1250, "done", "", None, row.previous]
    canonical = json.dumps(cells, separators=(",", ":")).encode()
    assert row.hash == hashlib.sha256(b"rtvc-bridge audit row 1\n" + canonical).hexdigest()


def test_an_empty_audit_is_sound(path):
    book = written(path, 0)
    assert book.verify().rows == 0
    assert book.verify().fault is None


def test_the_file_is_its_owners_only(path):
    audit = opened(path)
    audit.note(LINE)
    audit.flush()
    modes = {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    audit.close()
    assert modes == {0o600}


@pytest.mark.parametrize(
    "statement",
    ["UPDATE rows SET lane = 'x'", "DELETE FROM rows", "DELETE FROM rows WHERE number = 3"],
)
def test_rows_are_guarded_against_accidents(path, statement):
    written(path, 3)
    with (
        closing(sqlite3.connect(path)) as database,
        pytest.raises(sqlite3.IntegrityError, match="audit rows are"),
    ):
        database.execute(statement)


@pytest.mark.parametrize("column", [each for each in COLUMNS if each not in ("number", "who")])
def test_a_row_that_was_altered_is_named_whichever_field_it_is(path, column):
    book = written(path, 5, text=True)
    value = {"characters": 1, "sound_ms": 1, "sealed": b"x"}.get(column, "x")
    tamper(path, (f"UPDATE rows SET {column} = ? WHERE number = 3", value))
    assert fault(book) == (3, How.ALTERED)


def test_a_row_that_was_altered_and_given_a_fitting_hash_is_named(path):
    book = written(path, 5)
    tamper(path, ("UPDATE rows SET voice = 'x' WHERE number = 3",))
    with closing(sqlite3.connect(path)) as database, database:
        row = database.execute(f"SELECT {', '.join(COLUMNS)} FROM rows WHERE number = 3").fetchone()
        database.execute("UPDATE rows SET hash = ? WHERE number = 3", (digest(row[:-1]),))
    assert fault(book) == (3, How.ALTERED)


def test_a_row_deleted_in_the_middle_is_missing(path):
    book = written(path, 5)
    tamper(path, ("DELETE FROM rows WHERE number = 3",))
    assert fault(book) == (3, How.MISSING)


def test_the_first_row_deleted_is_missing(path):
    book = written(path, 3)
    tamper(path, ("DELETE FROM rows WHERE number = 1",))
    assert fault(book) == (1, How.MISSING)


def test_the_last_rows_deleted_are_an_end_cut_off(path):
    book = written(path, 5)
    tamper(path, ("DELETE FROM rows WHERE number > 3",))
    assert fault(book) == (4, How.CUT_OFF)
    assert "from row 4 on, 2 are gone" in book.verify().fault.words


def test_all_rows_deleted_are_an_end_cut_off(path):
    book = written(path, 5)
    tamper(path, ("DELETE FROM rows",))
    assert fault(book) == (1, How.CUT_OFF)


def test_an_end_cut_off_stays_known_after_more_was_written(path):
    book = written(path, 5)
    tamper(path, ("DELETE FROM rows WHERE number > 3",))
    written(path, 1)
    assert fault(book) == (4, How.MISSING)


def test_swapped_rows_are_out_of_order(path):
    book = written(path, 5)
    tamper(
        path,
        ("UPDATE rows SET number = 99 WHERE number = 2",),
        ("UPDATE rows SET number = 2 WHERE number = 3",),
        ("UPDATE rows SET number = 3 WHERE number = 99",),
    )
    assert fault(book) == (2, How.ORDER)


def test_a_chain_made_anew_without_the_key_is_known(path):
    book = written(path, 5)
    tamper(path, ("UPDATE rows SET user = '13' WHERE number = 2",))
    rechain(path, 2)
    assert fault(book) == (5, How.KEY)


def test_a_head_put_to_a_chain_made_anew_does_not_carry_our_signature(path):
    book = written(path, 5)
    tamper(path, ("UPDATE rows SET user = '13' WHERE number = 2",))
    tamper(path, ("UPDATE marks SET hash = ? WHERE name = 'head'", rechain(path, 2)))
    assert fault(book) == (5, How.KEY)


def test_a_head_moved_back_to_an_end_cut_off_does_not_carry_our_signature(path):
    book = written(path, 5)
    third = list(book.rows())[2]
    tamper(
        path,
        ("DELETE FROM rows WHERE number > 3",),
        ("UPDATE marks SET number = 3, hash = ? WHERE name = 'head'", third.hash),
    )
    assert fault(book) == (3, How.KEY)


def test_rows_added_without_the_key_are_known(path):
    book = written(path, 3)
    *values, own = [None] * len(COLUMNS)
    with closing(sqlite3.connect(path)) as database, database:
        (*values, own) = database.execute(
            f"SELECT {', '.join(COLUMNS)} FROM rows WHERE number = 3"
        ).fetchone()
        values[0], values[-1] = 4, own
        marks = ", ".join("?" * len(COLUMNS))
        database.execute(f"INSERT INTO rows VALUES ({marks})", (*values, digest(values)))
    assert fault(book) == (4, How.KEY)


def test_a_foreign_key_is_told_from_a_broken_chain(path):
    written(path, 3)
    found = Book(path, OTHER_KEY).verify().fault
    assert found is not None
    assert found.how is How.KEY
    assert KEY.public[:16] in found.words


@pytest.mark.parametrize("name", [HEAD, CHECKPOINT])
def test_a_mark_that_is_gone_is_known(path, name):
    book = written(path, 3)
    tamper(path, ("DELETE FROM marks WHERE name = ?", name))
    assert fault(book) == (0, How.KEY)


def test_a_beginning_that_was_made_up_is_known(path):
    book = written(path, 5)
    second = list(book.rows())[1]
    tamper(
        path,
        ("UPDATE marks SET number = 2, hash = ? WHERE name = 'checkpoint'", second.hash),
        ("DELETE FROM rows WHERE number <= 2",),
    )
    assert fault(book) == (2, How.KEY)


def test_rows_of_another_audit_of_the_same_key_do_not_fit(path, tmp_path):
    book = written(path, 3)
    written(tmp_path / "other.db", 3)
    tamper(
        path,
        ("ATTACH ? AS other", str(tmp_path / "other.db")),
        ("DELETE FROM rows",),
        ("INSERT INTO rows SELECT * FROM other.rows",),
    )
    assert fault(book) == (1, How.ALTERED)


def test_nothing_is_added_to_an_end_that_was_signed_by_nobody(path):
    written(path, 3)
    tamper(path, ("UPDATE marks SET hash = 'x' WHERE name = 'head'",))
    audit = opened(path)
    audit.note(LINE)
    with pytest.raises(StorageError, match="changed from outside"):
        audit.flush()
    assert "changed from outside" in audit.failing
    with pytest.raises(StorageError, match="that were lost: 1"):
        audit.close()


def test_an_audit_of_another_key_is_not_written_into(path):
    written(path, 3)
    audit = opened(path, OTHER_KEY)
    audit.note(LINE)
    with pytest.raises(StorageError, match="changed from outside"):
        audit.flush()
    with pytest.raises(StorageError):
        audit.close()


def test_text_is_not_kept_unless_the_settings_say_so(path):
    book = written(path, 2)
    (row, _) = book.rows()
    assert row.sealed is None
    assert book.text(row) == ""
    assert row.characters == 16
    assert not any(b"secret" in file.read_bytes() for file in path.parent.iterdir())


def test_text_that_is_kept_is_encrypted_and_opens_with_the_key(path):
    book = written(path, 2, text=True)
    assert [book.text(row) for row in book.rows()] == ["the secret words"] * 2
    assert not any(b"secret" in file.read_bytes() for file in path.parent.iterdir())
    first, second = book.rows()
    assert first.sealed != second.sealed


def test_text_does_not_open_with_another_key(path):
    (row, _) = written(path, 2, text=True).rows()
    with pytest.raises(StorageError, match="row 1 was not encrypted with this"):
        Book(path, OTHER_KEY).text(row)


def test_text_moved_to_another_row_does_not_open(path):
    book = written(path, 2, text=True)
    tamper(
        path,
        ("UPDATE rows SET sealed = (SELECT sealed FROM rows WHERE number = 1) WHERE number = 2",),
    )
    _, row = book.rows()
    with pytest.raises(StorageError, match="row 2"):
        book.text(row)


def test_what_no_database_takes_is_kept_as_far_as_it_goes(path):
    with opened(path, text=True) as audit:
        audit.note(Entry(Kind.SAID, user="\ud800" + "u" * 2000, text="\udfff?"))
    (row,) = audit.book.rows()
    assert row.user == "?" + "u" * 499
    assert audit.book.text(row) == "??"
    assert audit.book.verify().fault is None


def test_pruning_deletes_the_oldest_and_the_rest_still_verifies(path, clock):
    with opened(path, clock=clock, text=True) as audit:
        for _ in range(6):
            audit.note(LINE)
            clock.now += timedelta(days=1)
    book = audit.book
    assert book.prune(NOON + timedelta(days=4), who=frozenset({"here"})) == 4
    rows = list(book.rows())
    assert [row.number for row in rows] == [5, 6, 7]
    assert (rows[-1].kind, rows[-1].reason, rows[-1].who) == (
        "pruned",
        "rows: 4, up to row 4",
        ("here",),
    )
    verdict = book.verify()
    assert (verdict.fault, verdict.first, verdict.last) == (None, 5, 7)
    written(path, 1)
    assert book.verify().last == 8


def test_after_pruning_a_deleted_row_is_still_missing(path, clock):
    with opened(path, clock=clock) as audit:
        for _ in range(6):
            audit.note(LINE)
            clock.now += timedelta(days=1)
    audit.book.prune(NOON + timedelta(days=2), who=frozenset())
    tamper(path, ("DELETE FROM rows WHERE number = 3",))
    assert fault(audit.book) == (3, How.MISSING)


def test_what_was_pruned_is_gone_from_the_disk(path, clock):
    with opened(path, clock=clock) as audit:
        audit.note(Entry(Kind.SAID, voice="a-voice-to-forget"))
        clock.now += timedelta(days=2)
        audit.note(LINE)
    audit.book.prune(NOON + timedelta(days=1), who=frozenset())
    assert not any(b"a-voice-to-forget" in file.read_bytes() for file in path.parent.iterdir())


def test_pruning_everything_leaves_a_sound_audit(path):
    book = written(path, 3)
    assert book.prune(NOON + timedelta(days=1), who=frozenset()) == 3
    assert [row.kind for row in book.rows()] == ["pruned"]
    assert fault(book) is None


def test_pruning_nothing_writes_nothing(path):
    book = written(path, 3)
    assert book.prune(NOON, who=frozenset()) == 0
    assert book.verify().rows == 3


def test_a_broken_audit_is_not_pruned(path):
    book = written(path, 3)
    tamper(path, ("UPDATE rows SET user = '' WHERE number = 2",))
    with pytest.raises(StorageError, match=r"Nothing was pruned.*Row 2 was altered"):
        book.prune(NOON + timedelta(days=1), who=frozenset())
    assert fault(book) == (2, How.ALTERED)


def test_rows_are_kept_for_as_many_days_as_the_settings_say(path, clock):
    with opened(path, clock=clock, keep_days=3) as audit:
        audit.note(LINE)
        audit.flush()
        clock.now += timedelta(days=2)
        audit.note(LINE)
        audit.flush()
        assert [row.number for row in audit.book.rows()] == [1, 2]
        clock.now += timedelta(days=2)
        audit.note(LINE)
        audit.flush()
        assert [(row.number, row.kind) for row in audit.book.rows()] == [
            (2, "said"),
            (3, "pruned"),
            (4, "said"),
        ]
    assert fault(audit.book) is None


def test_rows_are_found_by_voice_and_by_user(path):
    with opened(path) as audit:
        audit.note(LINE)
        audit.note(
            Entry(
                Kind.SAID, voice="Alba", voice_id="cd" * 16, user="8", who=frozenset({"x:user:9"})
            )
        )
        audit.note(Entry(Kind.HALTED, who=frozenset({"here"})))
    book = audit.book

    def numbers(**wanted):
        return [row.number for row in book.rows(**wanted)]

    assert numbers(voice="Alba") == numbers(voice="cd" * 16) == [2]
    assert numbers(user="12") == numbers(user="discord:user:12") == [1]
    assert numbers(user="8") == numbers(user="9") == [2]
    assert numbers(user="here") == [3]
    assert numbers(user="2") == []
    assert numbers(last=2) == [2, 3]
    assert numbers(last=1, voice="Zoë") == [1]


def test_an_export_holds_every_row_and_only_for_its_owner(path, tmp_path):
    book = written(path, 3, text=True)
    out = tmp_path / "out.jsonl"
    assert book.export(out) == 3
    facts = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [each["number"] for each in facts] == [1, 2, 3]
    assert facts[0]["hash"] == facts[1]["previous"]
    assert bytes.fromhex(facts[0]["sealed"])
    assert "text" not in facts[0]
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with pytest.raises(StorageError, match="there already"):
        book.export(out)


def test_an_export_shows_text_only_when_asked(path, tmp_path):
    book = written(path, 1, text=True)
    book.export(tmp_path / "out.jsonl", text=True)
    assert json.loads((tmp_path / "out.jsonl").read_text())["text"] == "the secret words"


def test_a_spreadsheet_computes_nothing_of_an_export(path, tmp_path):
    with opened(path) as audit:
        audit.note(Entry(Kind.SAID, voice='=HYPERLINK("x")', who=frozenset({"here", "a:user:1"})))
    audit.book.export(tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row["voice"] == '\'=HYPERLINK("x")'
    assert row["who"] == "a:user:1 here"


def test_an_export_of_an_unknown_kind_is_refused(path, tmp_path):
    with pytest.raises(UserError, match=r"must be \.jsonl or \.csv"):
        written(path, 1).export(tmp_path / "out.txt")


def test_an_audit_that_is_not_there_is_not_made_by_looking(path):
    book = Book(path, KEY)
    for look in (book.verify, lambda: list(book.rows()), lambda: book.prune(NOON, who=frozenset())):
        with pytest.raises(StorageError, match="There is no audit yet"):
            look()
    assert not path.exists()


def test_a_file_that_is_no_audit_is_left_as_it_is(path):
    path.parent.mkdir()
    path.write_bytes(b"something else entirely" * 300)
    with pytest.raises(StorageError, match="is damaged"):
        opened(path)
    assert path.read_bytes().startswith(b"something else")


def test_another_programs_database_is_left_as_it_is(path):
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE theirs (x)")
    with pytest.raises(StorageError, match="is not an audit"):
        opened(path)


def test_an_audit_of_a_newer_version_is_left_as_it_is(path):
    written(path, 1)
    tamper(path, ("PRAGMA user_version = 2",))
    with pytest.raises(StorageError, match="newer rtvc-bridge"):
        opened(path)


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="Cannot write the audit"):
        opened(tmp_path / "file" / "audit.db")


def test_while_another_program_holds_the_file_rows_wait_and_are_written_after(path):
    written(path, 1)
    audit = opened(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        audit.note(LINE)
        with pytest.raises(StorageError, match="not written yet: 1"):
            audit.flush()
        assert "locked" in audit.failing
        other.execute("ROLLBACK")
    flushed(audit)
    assert audit.failing is None
    audit.close()
    assert audit.book.verify().last == 2


def test_while_another_program_opens_the_file_its_turn_is_waited_for(path):
    path.parent.mkdir()
    with filelock.FileLock(path.with_name(".audit.db.lock")):
        with pytest.raises(StorageError, match="another program is opening it"):
            opened(path)
        assert not path.exists()
    opened(path).close()


def flushed(audit):
    """Wait until the writing thread has tried again."""
    while True:
        try:
            return audit.flush()
        except StorageError:
            os.sched_yield()


def test_a_file_removed_while_in_use_is_told_and_rows_wait(path):
    audit = opened(path)
    audit.note(LINE)
    audit.flush()
    aside = path.with_name("aside")
    path.rename(aside)
    audit.note(LINE)
    with pytest.raises(StorageError, match="removed or replaced"):
        audit.flush()
    assert not path.exists()
    aside.rename(path)
    flushed(audit)
    audit.close()
    assert audit.book.verify().last == 2


def test_rows_beyond_what_memory_may_hold_are_counted(path):
    written(path, 0)
    audit = opened(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(10_003):
            audit.note(Entry(Kind.SAID))
        assert audit.failing is not None
        other.execute("ROLLBACK")
    flushed(audit)
    audit.close()
    rows = list(audit.book.rows(last=1))
    assert (rows[0].number, rows[0].kind) == (10_001, "lost")
    assert rows[0].reason == "rows: 3, while none could be written"


def test_a_closed_audit_says_that_it_is(path):
    audit = opened(path)
    audit.close()
    assert audit.failing == "The audit is closed."
