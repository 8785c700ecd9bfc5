"""Attempts that sshd never decides about: a client that names an account and leaves, or is turned away, without a verdict.

A server that takes keys only logs guesses like this alone ("Invalid user admin from …", "Connection closed by authenticating
user root …"). Where a verdict follows in the same connection, that is the attempt and these lines are not.
"""

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import msgspec

from litesoc_server.sources.syslog_time import YearlessTime

CONNECTIONS_MAX = 4096  # remembered at once; sshd itself takes 100 that are not yet logged in (MaxStartups)
VERDICT_WAIT = timedelta(minutes=2)  # the default of LoginGraceTime: after it no verdict follows

# OpenSSH auth.c, getpwnamallow(), and packet.c, sshpkt_vfatal(), with what auth2.c says before the address; monitor.c puts
# "[preauth]" behind it. The user name is text from the network: the last "from" is
# the true one, and before the address of a closing line the last space is.
_BEGINNING = re.compile(r"Invalid user (?P<user>.*) from (?P<address>\S+)(?: port (?P<port>\d{1,5}))?\s*", re.DOTALL)
_END = re.compile(
    r"(?:Connection (?:closed|reset) by|Disconnected from) (?P<known>authenticating|invalid) user (?P<user>.*)"
    r" (?P<address>\S+) port (?P<port>\d{1,5}) \[preauth\]\s*",
    re.DOTALL,
)


class Attempt(msgspec.Struct, frozen=True):
    """Somebody named an account and got no verdict."""

    time: datetime | YearlessTime
    host: str
    user: str  # as typed by whoever tried (personal data)
    address: str  # as logged (personal data)
    port: str | None
    is_known_user: bool


class Connection(msgspec.Struct):
    """What is remembered of one connection."""

    since: datetime | YearlessTime  # its first line
    pending: Attempt | None = None
    is_decided: bool = False


class AttemptTracker:
    """Follows the connections of one log by process id, and lets go of an attempt once no verdict can follow it."""

    def __init__(self) -> None:
        self._connections: OrderedDict[tuple[str, str], Connection] = OrderedDict()

    def remembered(self) -> list[tuple[str, str, Connection]]:
        """Return what it remembers, host and process id first, for ``remember`` of another one."""
        return [(host, pid, msgspec.structs.replace(one)) for (host, pid), one in self._connections.items()]

    def remember(self, remembered: Iterable[tuple[str, str, Connection]]) -> None:
        """Go on where another one stood."""
        self._connections = OrderedDict(((host, pid), msgspec.structs.replace(one)) for host, pid, one in remembered)

    def decided(self, time: datetime | YearlessTime, host: str, pid: str) -> None:
        """Note a verdict: what its connection said before belongs to it."""
        connection = self._connection(time, host, pid)
        connection.pending, connection.is_decided = None, True

    def follow(self, time: datetime | YearlessTime, host: str, pid: str, message: str) -> Attempt | None:
        """Look at a line that is no verdict; return the attempt that is complete by now, if there is one."""
        match = _BEGINNING.fullmatch(message)
        if match is not None:
            connection = self._connection(time, host, pid)
            complete = connection.pending  # a second account in one connection: the first one got no verdict
            connection.pending, connection.is_decided = _attempt(time, host, match, is_known_user=False), False
            return complete
        match = _END.fullmatch(message)
        if match is None:
            return None
        connection = self._connections.pop((host, pid), None) or Connection(time)
        if connection.is_decided or connection.pending is not None:
            return connection.pending
        return _attempt(time, host, match, is_known_user=match["known"] == "authenticating")

    def overdue(self, time: datetime | YearlessTime) -> Iterator[Attempt]:
        """Forget the connections that can get no verdict any more at ``time``, or are too many; yield their attempts."""
        while self._connections:
            oldest = next(iter(self._connections.values()))
            if len(self._connections) <= CONNECTIONS_MAX and not _is_long_after(time, oldest.since):
                return
            self._connections.popitem(last=False)
            if oldest.pending is not None:
                yield oldest.pending

    def rest(self) -> list[Attempt]:
        """Return, at the end of the log, the attempts whose connections are still open."""
        return [connection.pending for connection in self._connections.values() if connection.pending is not None]

    def _connection(self, time: datetime | YearlessTime, host: str, pid: str) -> Connection:
        return self._connections.setdefault((host, pid), Connection(time))


def _is_long_after(time: datetime | YearlessTime, since: datetime | YearlessTime) -> bool:
    if isinstance(time, YearlessTime) and isinstance(since, YearlessTime):
        return time.years_later != since.years_later or time.local - since.local > VERDICT_WAIT
    if isinstance(time, YearlessTime) or isinstance(since, YearlessTime):
        return True  # the log changed its form in between
    return time - since > VERDICT_WAIT


def _attempt(time: datetime | YearlessTime, host: str, match: re.Match[str], *, is_known_user: bool) -> Attempt:
    return Attempt(time, host, match["user"], match["address"], match["port"], is_known_user)
