"""The backend itself; Django finds it by this file's name.

SQLite has one writer at a time and no queue: whoever comes second sleeps, up to 100 ms each time, and tries again
(https://www.sqlite.org/c3ref/busy_timeout.html, sqliteDefaultBusyCallback). Beside a thread that writes all the time another
one so waits for long. Threads of this process queue up here instead; other processes meet SQLite's own lock as before.
Single statements outside of a transaction do not queue: they are rare, and nobody knows beforehand whether they write.
"""

from collections import defaultdict
from typing import Any

from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError

from litesoc_server.sqlite_turns.turns import Turns

_turns: defaultdict[str, Turns] = defaultdict(Turns)  # by file


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that begins a transaction when it is its turn, and ends its turn with the transaction."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 # as Django has it
        super().__init__(*args, **kwargs)
        self._turn: Turns | None = None  # while a transaction of this connection is open

    def _start_transaction_under_autocommit(self) -> None:
        turns = _turns[str(self.settings_dict["NAME"])]
        if not turns.take(self.settings_dict["OPTIONS"].get("timeout", 5.0)):
            msg = "database is locked"  # SQLite's own words
            raise OperationalError(msg)
        self._turn = turns
        try:
            super()._start_transaction_under_autocommit()
        except BaseException:  # whatever it was: else nobody would ever write again
            self._end_turn()
            raise

    def _commit(self) -> None:
        super()._commit()  # fails: it is rolled back next
        self._end_turn()

    def _rollback(self) -> None:
        try:
            super()._rollback()
        finally:
            self._end_turn()

    def _close(self) -> None:
        try:
            super()._close()
        finally:
            self._end_turn()

    def _end_turn(self) -> None:
        turn, self._turn = self._turn, None
        if turn is not None:
            turn.give()
