"""Reads an auth.log line by line as it grows: what each line says somebody did, with the line's own time and host."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from enum import StrEnum

import msgspec

from litesoc_server.sources.host_act import HostAct
from litesoc_server.sources.pam import read_pam
from litesoc_server.sources.sshd import LINE_LENGTH_MAX, SSHD_PROGRAMS, SshdMessages, Verdict, logins_of
from litesoc_server.sources.sshd_attempts import Attempt, Connection
from litesoc_server.sources.sudo import read_sudo
from litesoc_server.sources.syslog_time import SyslogClock, YearlessTime, resolve_first_year

# RFC 3164 section 4.1.3: the tag ends at the first "[", ":" or space. The second form is that of RFC 5424.
_PROGRAM = re.compile(
    r"(?P<host>\S+) (?P<program>[\w./-]{1,64})"
    r"(?:(?:\[(?P<pid>\d{1,10})\])?:| (?P<process>\d{1,10}|-) \S+ (?:-|(?:\[[^\]]*\])+)) (?P<message>.*)",
    re.DOTALL,
)
# OpenSSH packet.c, ssh_packet_disconnect and sshpkt_vfatal: a session of somebody who was let in. "authenticating user" and
# "invalid user" stand in lines of those who were not.
_ENDED = re.compile(r"Disconnected from user (?P<user>\S+) (?P<address>\S+) port (?P<port>\d{1,5})\s*")


class LoggedAct(msgspec.Struct, frozen=True):
    """One act as a log tells it."""

    event: str  # a name of the catalogue
    actor_id: str | None  # personal data
    user_ip: str | None  # as logged (personal data)
    occurred_at: datetime  # aware
    metadata: dict[str, str]  # source, source_hostname, and what else the line says


class Programs(StrEnum):
    """Whose lines of a log are read."""

    AUTH = "auth"  # all of these
    SSHD = "sshd"
    SUDO = "sudo"
    PAM = "pam"  # pam_unix, su, login, systemd-logind


class AuthLogReader:
    """Reads the lines of one log in their order. Pure: what time it is it is told."""

    def __init__(self, *, programs: Programs = Programs.AUTH, time_zone: tzinfo = UTC) -> None:
        self._programs = programs
        self._time_zone = time_zone  # of times without a zone
        self._clock = SyslogClock()
        self._sshd = SshdMessages()

    def remembered(self) -> list[tuple[str, str, Connection]]:
        """Return what it remembers between lines, for ``remember`` of a later reader of the same log."""
        return self._sshd.attempts.remembered()

    def remember(self, remembered: list[tuple[str, str, Connection]]) -> None:
        """Go on where another reader stood."""
        self._sshd.attempts.remember(remembered)

    def read(self, line: str, *, now: datetime) -> list[LoggedAct]:
        """Return what the line tells, mostly nothing. Never raises for what a line holds.

        A time without a year is the latest such time that is not after ``now`` (one day of grace for other zones).
        """
        text = line[:LINE_LENGTH_MAX].rstrip("\r\n")
        timed = self._clock.read(text)
        if timed is None:
            return []
        program = _PROGRAM.fullmatch(timed[1])
        if program is None:
            return []
        at = self._moment(timed[0], now)
        if at is None:
            return []
        host, name, message = program["host"], program["program"].rpartition("/")[2], program["message"]
        if name in SSHD_PROGRAMS and self._reads(Programs.SSHD):
            return self._of_sshd(at, host, program["pid"] or program["process"], message)
        act = read_sudo(message) if name == "sudo" and self._reads(Programs.SUDO) else None
        if act is None and self._reads(Programs.PAM):
            act = read_pam(name, message)
        return [] if act is None else _logged(act, at, host)

    def overdue(self, now: datetime) -> list[LoggedAct]:
        """Return the attempts to log in by ssh that can get no verdict any more, though nothing was logged since."""
        return _of_moments(self._sshd.attempts.overdue(now))

    def _reads(self, programs: Programs) -> bool:
        return self._programs in (Programs.AUTH, programs)

    def _of_sshd(self, at: datetime, host: str, pid: str | None, message: str) -> list[LoggedAct]:
        ended = _ENDED.fullmatch(message)
        if ended is not None:
            metadata = {"source": "sshd", "port": ended["port"], "source_hostname": host}
            return [LoggedAct("auth.logout", ended["user"], ended["address"], at, metadata)]
        _, found = self._sshd.read(at, host, pid, message)
        return _of_moments(found)

    def _moment(self, time: datetime | YearlessTime, now: datetime) -> datetime | None:
        if isinstance(time, datetime):
            return time
        alone = YearlessTime(0, time.local)
        year = resolve_first_year([alone], now=now, time_zone=self._time_zone)
        return alone.in_year(year, self._time_zone)


def _of_moments(found: Iterable[Verdict | Attempt]) -> list[LoggedAct]:
    """Return the logins of what was found; this reader has given all of it a moment with a year."""
    timed = ((one, one.time) for one in found)
    return [
        LoggedAct(login.event, login.actor_id, login.user_ip, login.occurred_at, login.metadata)
        for one, moment in timed
        if isinstance(moment, datetime)
        for login in logins_of(one, moment)
    ]


def _logged(act: HostAct, at: datetime, host: str) -> list[LoggedAct]:
    metadata = act.metadata | {"source_hostname": host}
    return [LoggedAct(act.event, act.actor_id, act.user_ip, at, metadata)] * act.count
