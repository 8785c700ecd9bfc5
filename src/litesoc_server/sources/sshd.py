"""Logins out of sshd's lines in auth.log: one per verdict ("Failed …", "Accepted …"), in the words of /collect."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, tzinfo
from enum import StrEnum

import msgspec

from litesoc_server.sources.syslog_time import SyslogClock, YearlessTime, resolve_first_year

LINE_LENGTH_MAX = 4096  # characters; rsyslog itself cuts at 8 KiB, an sshd verdict has under 1,000
_REPEATS_MAX = 10_000  # of one line; sshd allows 6 attempts per connection, so more is damage or mischief

# OpenSSH 9.8 and later log as sshd-session, 10.0 and later also as sshd-auth.
_PROGRAM = re.compile(r"(?P<host>\S+) sshd(?:-session|-auth)?(?:\[\d+\])?: (?P<message>.*)", re.DOTALL)
_REPEATED = re.compile(r"message repeated (\d{1,9}) times: \[ (.*)\]\s*", re.DOTALL)
# OpenSSH auth.c, auth_log(). The user name is text from the network: an unknown one may hold " from 192.0.2.1 port 1", so
# there the last "from … port …" is the true one. A known user's name has no space, so there the first one is, whatever a
# certificate's id says after it.
_VERDICT = re.compile(
    r"(?P<verdict>Failed|Accepted) (?P<method>\S+) for (?:(?P<invalid>invalid user )(?P<unknown>.*)|(?P<user>\S+))"
    r" from (?P<address>\S+) port (?P<port>\d{1,5})(?: ssh\d?)?(?:: .*)?\s*",
    re.DOTALL,
)
_LOOKS_LIKE_VERDICT = ("Failed ", "Accepted ")
_NOTHING_TRIED = "Failed none "  # how a client asks which methods there are


class LineKind(StrEnum):
    """What a line was counted as."""

    LOGIN = "login"
    OTHER = "other"  # another program, or an sshd line that decides nothing (so also "Invalid user …", see below)
    UNREADABLE = "unreadable"  # not a log line, or a verdict in a form that is not known


class SshdLogin(msgspec.Struct, frozen=True):
    """One attempt to log in, as a source of events tells it."""

    event: str  # "auth.login_failed" or "auth.login_success"
    actor_id: str | None  # as typed by whoever tried (personal data); None for an empty name
    user_ip: str  # as logged; a name instead of an address when sshd was told UseDNS (personal data)
    occurred_at: datetime  # aware
    metadata: dict[str, str]  # source, reason (of a failure), method, port, source_hostname

    def to_item(self, *, with_time: bool) -> dict[str, object]:
        """Return it as an item of a /collect body; its time counts only under a key with the scope backfill."""
        item: dict[str, object] = {
            "event": self.event,
            "actor": None if self.actor_id is None else {"id": self.actor_id},
            "user_ip": self.user_ip,
            "metadata": self.metadata,
        }
        if with_time:
            item["timestamp"] = self.occurred_at.astimezone(UTC).isoformat()
        return item


class _Verdict(msgspec.Struct, frozen=True):
    host: str
    match: re.Match[str]
    count: int


def parse_sshd_lines(
    lines: Iterable[str],
    *,
    now: datetime,
    year: int | None = None,
    time_zone: tzinfo = UTC,
    counts: Counter[LineKind] | None = None,
) -> Iterator[SshdLogin]:
    """Yield the logins of an auth.log, in its order. Never raises for what a line holds.

    ``counts``, when given, is filled with how many lines were what.

    An attempt under an unknown name makes two lines, "Invalid user x" and, if a secret was tried, "Failed … for invalid user
    x"; only the verdict counts, and "Failed none", which tried no secret, does not. "message repeated 3 times: [ … ]" counts
    three, all at the second at which it was written.

    Times are RFC 3339, or "Mar 27 13:06:56", which has neither year nor zone: those are read in ``time_zone``, the first
    one in ``year``, the later ones in the same year or the next whenever the months start over. Without ``year`` it is the
    latest year that puts no login after ``now`` (one day of grace for other zones); that needs the last one, so nothing is
    yielded before ``lines`` ends.
    """
    tally = Counter[LineKind]() if counts is None else counts
    logins = _read(lines, tally)
    if year is None:
        pending = list(logins)
        times = [time for time, _ in pending if isinstance(time, YearlessTime)]
        year, logins = resolve_first_year(times, now=now, time_zone=time_zone), iter(pending)
    for time, verdict in logins:
        occurred_at = time.in_year(year, time_zone) if isinstance(time, YearlessTime) else time
        if occurred_at is None:
            tally[LineKind.UNREADABLE] += 1
            continue
        tally[LineKind.LOGIN] += 1
        login = _login(verdict, occurred_at)
        for _ in range(verdict.count):
            yield login


def _read(lines: Iterable[str], tally: Counter[LineKind]) -> Iterator[tuple[datetime | YearlessTime, _Verdict]]:
    clock = SyslogClock()
    for line in lines:
        text = line[:LINE_LENGTH_MAX].rstrip("\r\n")
        read = clock.read(text)
        if read is None:
            tally[LineKind.UNREADABLE if text.strip() else LineKind.OTHER] += 1
            continue
        time, rest = read
        verdict = _verdict(rest)
        if isinstance(verdict, LineKind):
            tally[verdict] += 1
        else:
            yield time, verdict


def _verdict(rest: str) -> _Verdict | LineKind:
    """Return the verdict in a line without its time, or what kind of line it is instead."""
    program = _PROGRAM.fullmatch(rest)
    if program is None:
        return LineKind.OTHER
    message, count = program["message"], 1
    repeated = _REPEATED.fullmatch(message)
    if repeated is not None:
        count, message = int(repeated[1]), repeated[2]
    if not message.startswith(_LOOKS_LIKE_VERDICT) or message.startswith(_NOTHING_TRIED):
        return LineKind.OTHER
    match = _VERDICT.fullmatch(message)
    if match is None or not 1 <= count <= _REPEATS_MAX:
        return LineKind.UNREADABLE
    return _Verdict(program["host"], match, count)


def _login(verdict: _Verdict, occurred_at: datetime) -> SshdLogin:
    match = verdict.match
    is_failure = match["verdict"] == "Failed"
    metadata = {"source": "sshd"}
    if is_failure:
        method = match["method"].partition("/")[0].replace("-", "_")  # keyboard-interactive/pam
        metadata["reason"] = "invalid_user" if match["invalid"] else f"failed_{method}"
    metadata |= {"method": match["method"], "port": match["port"], "source_hostname": verdict.host}
    return SshdLogin(
        event="auth.login_failed" if is_failure else "auth.login_success",
        actor_id=(match["unknown"] if match["invalid"] else match["user"]) or None,
        user_ip=match["address"],
        occurred_at=occurred_at,
        metadata=metadata,
    )
