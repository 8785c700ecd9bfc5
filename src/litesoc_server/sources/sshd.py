"""Logins out of sshd's lines in auth.log: one per verdict ("Failed …", "Accepted …") or attempt that got none."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, tzinfo
from enum import StrEnum

import msgspec

from litesoc_server.sources.sshd_attempts import Attempt, AttemptTracker
from litesoc_server.sources.syslog_time import SyslogClock, YearlessTime, resolve_first_year

LINE_LENGTH_MAX = 4096  # characters; rsyslog itself cuts at 8 KiB, an sshd verdict has under 1,000
_REPEATS_MAX = 10_000  # of one line; sshd allows 6 attempts per connection, so more is damage or mischief

# OpenSSH 9.8 and later log as sshd-session, 10.0 and later also as sshd-auth. The second form is that of RFC 5424: process
# id, message id, structured data.
SSHD_PROGRAMS = frozenset({"sshd", "sshd-session", "sshd-auth"})
_PROGRAM = re.compile(
    r"(?P<host>\S+) sshd(?:-session|-auth)?"
    r"(?:(?:\[(?P<pid>\d+)\])?:| (?P<process>\d+|-) \S+ (?:-|(?:\[[^\]]*\])+)) (?P<message>.*)",
    re.DOTALL,
)
_REPEATED = re.compile(r"message repeated (\d{1,9}) times: \[ (.*)\]\s*", re.DOTALL)
# OpenSSH auth.c, auth_log(), https://github.com/openssh/openssh-portable: there are "Postponed" and "Partial" too, which
# are no verdicts; a key's failure is told at the usual log level from half of MaxAuthTries on. The user name is text from
# the network: an unknown one may hold " from 192.0.2.1 port 1", so there the last "from … port …" is the true one. A known
# user's name has no space, so there the first one is, whatever a certificate's id says after it.
_VERDICT = re.compile(
    r"(?P<verdict>Failed|Accepted) (?P<method>\S+) for (?:(?P<invalid>invalid user )(?P<unknown>.*)|(?P<user>\S+))"
    r" from (?P<address>\S+) port (?P<port>\d{1,5})(?: ssh\d?)?(?:: .*)?\s*",
    re.DOTALL,
)
_LOOKS_LIKE_VERDICT = ("Failed ", "Accepted ")
_NOTHING_TRIED = "Failed none "  # how a client asks which methods there are


class LineKind(StrEnum):
    """What a line was counted as."""

    LOGIN = "login"  # a verdict
    ATTEMPT = "attempt"  # of a connection that got no verdict
    OTHER = "other"  # another program, or an sshd line that tells of no attempt or of one that another line tells of
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


class Verdict(msgspec.Struct, frozen=True):
    """A line in which sshd decided about an attempt, or about several like it."""

    time: datetime | YearlessTime
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
    x"; only the verdict counts, and "Failed none", which tried no secret, is none. A connection that ends without a verdict,
    as all guesses do where only keys are taken, counts once, as a failed login by an unknown method. "message repeated 3
    times: [ … ]" counts three, all at the second at which it was written.

    Times are RFC 3339, or "Mar 27 13:06:56", which has neither year nor zone: those are read in ``time_zone``, the first
    one in ``year``, the later ones in the same year or the next whenever the months start over. Without ``year`` it is the
    latest year that puts no login after ``now`` (one day of grace for other zones); that needs the last one, so nothing is
    yielded before ``lines`` ends.
    """
    tally = Counter[LineKind]() if counts is None else counts
    found = _read(lines, tally)
    if year is None:
        pending = list(found)
        times = [one.time for one in pending if isinstance(one.time, YearlessTime)]
        year, found = resolve_first_year(times, now=now, time_zone=time_zone), iter(pending)
    for one in found:
        occurred_at = one.time.in_year(year, time_zone) if isinstance(one.time, YearlessTime) else one.time
        if occurred_at is None:
            tally[LineKind.UNREADABLE] += 1
            continue
        tally[LineKind.ATTEMPT if isinstance(one, Attempt) else LineKind.LOGIN] += 1
        yield from logins_of(one, occurred_at)


class SshdMessages:
    """Tells what sshd's messages are, in the order of one log; ``attempts`` is what it remembers from one to the next."""

    def __init__(self) -> None:
        self.attempts = AttemptTracker()

    def read(
        self, time: datetime | YearlessTime, host: str, pid: str | None, message: str
    ) -> tuple[LineKind, list[Verdict | Attempt]]:
        """Return what the line is and what is known by now: its verdict, or attempts that can get none any more."""
        found: list[Verdict | Attempt] = []
        verdict = _verdict(time, host, message)
        kind = LineKind.LOGIN if isinstance(verdict, Verdict) else verdict
        if isinstance(verdict, Verdict):
            self.attempts.decided(time, host, pid or "")
            found.append(verdict)
        elif kind is LineKind.OTHER and pid is not None:
            complete = self.attempts.follow(time, host, pid, message)
            found += () if complete is None else (complete,)
        found += self.attempts.overdue(time)
        return kind, found


def logins_of(found: Verdict | Attempt, occurred_at: datetime) -> list[SshdLogin]:
    """Return the logins that a verdict or an attempt stands for, all of one moment."""
    if isinstance(found, Attempt):
        return [_login_without_verdict(found, occurred_at)]
    return [_login(found, occurred_at)] * found.count


def _read(lines: Iterable[str], tally: Counter[LineKind]) -> Iterator[Verdict | Attempt]:
    clock, messages = SyslogClock(), SshdMessages()
    for line in lines:
        text = line[:LINE_LENGTH_MAX].rstrip("\r\n")
        read = clock.read(text)
        if read is None:
            tally[LineKind.UNREADABLE if text.strip() else LineKind.OTHER] += 1
            continue
        time, rest = read
        program = _PROGRAM.fullmatch(rest)
        if program is None:
            tally[LineKind.OTHER] += 1
            continue
        kind, found = messages.read(time, program["host"], program["pid"] or program["process"], program["message"])
        if kind is not LineKind.LOGIN:  # those are counted when their time is known
            tally[kind] += 1
        yield from _counted(tally, found)
    yield from _counted(tally, messages.attempts.rest())


def _counted(tally: Counter[LineKind], found: Iterable[Verdict | Attempt]) -> Iterator[Verdict | Attempt]:
    """Yield what was found; the lines of attempts were counted as another kind while a verdict could still follow."""
    for one in found:
        if isinstance(one, Attempt):
            tally[LineKind.OTHER] -= 1
        yield one


def _verdict(time: datetime | YearlessTime, host: str, message: str) -> Verdict | LineKind:
    """Return the verdict in sshd's message, or what kind of line it is instead."""
    count = 1
    repeated = _REPEATED.fullmatch(message)
    if repeated is not None:
        count, message = int(repeated[1]), repeated[2]
    if not message.startswith(_LOOKS_LIKE_VERDICT) or message.startswith(_NOTHING_TRIED):
        return LineKind.OTHER
    match = _VERDICT.fullmatch(message)
    if match is None or not 1 <= count <= _REPEATS_MAX:
        return LineKind.UNREADABLE
    return Verdict(time, host, match, count)


def _login_without_verdict(attempt: Attempt, occurred_at: datetime) -> SshdLogin:
    reason = "no_verdict" if attempt.is_known_user else "invalid_user"
    metadata = {"source": "sshd", "reason": reason, "method": "unknown", "source_hostname": attempt.host}
    if attempt.port is not None:
        metadata["port"] = attempt.port
    return SshdLogin(
        event="auth.login_failed",
        actor_id=attempt.user or None,
        user_ip=attempt.address,
        occurred_at=occurred_at,
        metadata=metadata,
    )


def _login(verdict: Verdict, occurred_at: datetime) -> SshdLogin:
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
