"""The journal, by a stand-in for journalctl that prints what systemd's documentation of the JSON form says.

https://systemd.io/JOURNAL_EXPORT_FORMATS/#journal-json-format. No journal runs where tests do, so the command itself is not
run; `litesoc agent check` runs it where the agent does.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from litesoc_server.agent.entries import Entry, JournalPosition, LogUnreadable
from litesoc_server.agent.journal import JournalLog

PATIENCE_S = 20

# Understands --lines=1, --after-cursor and --no-tail; follows until killed.
STAND_IN = """#!{python}
import json, sys, time
entries = [json.loads(line) for line in open({entries!r})]
arguments = sys.argv[1:]
open({called!r}, "a").write(json.dumps(arguments) + chr(10))
after = next((a.split("=", 1)[1] for a in arguments if a.startswith("--after-cursor=")), None)
if "--lines=1" in arguments:
    entries = entries[-1:]
elif after is not None:
    entries = entries[[e["__CURSOR"] for e in entries].index(after) + 1:]
for entry in entries:
    print(json.dumps(entry), flush=True)
if "--follow" in arguments:
    time.sleep(60)
"""


class Journal:
    def __init__(self, directory: Path) -> None:
        self._entries = directory / "entries"
        self._called = directory / "called"
        self._entries.touch()
        self.command = directory / "journalctl"
        self.command.write_text(STAND_IN.format(python=sys.executable, entries=str(self._entries), called=str(self._called)))
        self.command.chmod(0o755)

    def add(self, number: int, message: object, **fields: str) -> None:
        entry = {
            "__CURSOR": f"s=1;i={number}",
            "__REALTIME_TIMESTAMP": "1795687200000001",
            "_HOSTNAME": "web-3",
            "SYSLOG_IDENTIFIER": "sshd",
            "SYSLOG_PID": "811",
            "MESSAGE": message,
            **fields,
        }
        with self._entries.open("a") as file:
            file.write(json.dumps(entry) + "\n")

    def calls(self) -> list[list[str]]:
        return [json.loads(line) for line in self._called.read_text().splitlines()]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path)


def entries_of(log: JournalLog, count: int) -> list[Entry]:
    """Return what the log has once it has ``count`` entries: they come from another process."""
    return until(log.peek, lambda entries: len(entries) >= count)


def until(look: Callable[[], list[Entry]], is_enough: Callable[[list[Entry]], bool]) -> list[Entry]:
    deadline = time.monotonic() + PATIENCE_S
    while not is_enough(found := look()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def test_entries_become_lines_with_their_own_time_and_host(journal: Journal) -> None:
    journal.add(1, "Failed password for root from 198.51.100.9 port 9 ssh2")
    journal.add(2, list(b"Invalid user \xff from 198.51.100.9"), SYSLOG_PID="", _PID="12")
    journal.add(3, None)
    log = JournalLog(None, from_start=True, command=str(journal.command))
    texts = [entry.text for entry in entries_of(log, 3)]
    log.close()
    assert texts == [
        "2026-11-26T10:00:00.000001+00:00 web-3 sshd[811]: Failed password for root from 198.51.100.9 port 9 ssh2",
        "2026-11-26T10:00:00.000001+00:00 web-3 sshd[12]: Invalid user \ufffd from 198.51.100.9",
        "2026-11-26T10:00:00.000001+00:00 web-3 sshd[811]: ",
    ]
    assert {"--follow", "--output=json", "--no-tail", "SYSLOG_FACILITY=4", "SYSLOG_FACILITY=10"} <= {*journal.calls()[0]}


def test_a_first_start_begins_at_the_end_and_notes_where_that_is(journal: Journal) -> None:
    journal.add(1, "old")
    log = JournalLog(None, from_start=False, command=str(journal.command))
    assert log.peek() == []
    assert log.position == JournalPosition("s=1;i=1")
    log.close()


def test_a_later_start_goes_on_after_the_cursor(journal: Journal) -> None:
    for number in (1, 2, 3):
        journal.add(number, f"message {number}")
    log = JournalLog(None, from_start=True, command=str(journal.command))
    log.advance(entries_of(log, 3)[1].mark)
    position = log.position
    log.close()
    later = JournalLog(position, from_start=True, command=str(journal.command))
    assert [entry.mark for entry in entries_of(later, 1)] == ["s=1;i=3"]
    later.close()


def test_without_the_command_the_fix_is_named() -> None:
    log = JournalLog(None, from_start=True, command="/nonexistent/journalctl")
    with pytest.raises(LogUnreadable, match="watch files instead"):
        log.peek()
