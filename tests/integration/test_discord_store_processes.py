"""The bot's file of choices when several processes make it at once."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.discord

MAKING = """
import sys
from pathlib import Path
from rtvc_discord.store import Store

print("here", flush=True)
sys.stdin.readline()
for number in range(60):
    Store.opened(Path(sys.argv[1]) / f"{number}.db").close()
"""


def test_processes_that_make_it_at_once_all_get_it(tmp_path):
    command = [sys.executable, "-c", MAKING, str(tmp_path)]
    makers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for maker in makers:
        assert maker.stdout
        assert maker.stdout.readline() == "here\n"
    for maker in makers:
        assert maker.stdin
        maker.stdin.write("go\n")
        maker.stdin.flush()
    for maker in makers:
        maker.communicate(timeout=120)
    assert [maker.returncode for maker in makers] == [0] * 4
