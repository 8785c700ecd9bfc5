"""What sudo, su, login, systemd-logind and PAM say, against golden files; and the reader that follows a growing log."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from litesoc_server.events.catalog import CATALOG
from litesoc_server.sources.auth_log import AuthLogReader, LoggedAct, Programs
from litesoc_server.sources.pam import read_pam
from litesoc_server.sources.sshd import parse_sshd_lines
from litesoc_server.sources.sudo import read_sudo

GOLDEN = Path(__file__).parents[2] / "golden" / "sources"
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
FAILED = "sshd[811]: Failed password for root from 198.51.100.9 port 40022 ssh2"


def read(*lines: str, programs: Programs = Programs.AUTH, zone: str = "UTC") -> list[LoggedAct]:
    reader = AuthLogReader(programs=programs, time_zone=ZoneInfo(zone))
    return [act for line in lines for act in reader.read(line, now=NOW)]


def golden(source: str) -> list[str]:
    return (GOLDEN / source / "auth.in.log").read_text(encoding="utf-8").splitlines(keepends=True)


@pytest.mark.parametrize("source", ["sudo", "pam"])
def test_golden_file(source: str, request: pytest.FixtureRequest) -> None:
    acts = msgspec.to_builtins(read(*golden(source)))
    path = GOLDEN / source / "auth.out.json"
    if request.config.getoption("--regenerate-golden"):
        path.write_text(json.dumps(acts, indent=2) + "\n", encoding="utf-8")
    assert acts == json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("source", ["sudo", "pam"])
def test_every_name_is_in_the_catalogue(source: str) -> None:
    assert all(act.event in CATALOG for act in read(*golden(source)))


def test_nothing_of_a_command_line_but_the_program_is_kept() -> None:
    said = json.dumps(msgspec.to_builtins(read(*golden("sudo"))))
    assert "hunter2" not in said
    assert "/usr/bin/mysql" in said


def test_sshd_lines_are_read_as_a_whole_log_is() -> None:
    lines = golden("sshd")
    reader = AuthLogReader()
    acts = [act for line in lines for act in reader.read(line, now=NOW)]
    acts += reader.overdue(NOW + timedelta(days=1))
    whole = list(parse_sshd_lines(lines, now=NOW))
    found = sorted((act.event, act.actor_id or "", act.user_ip) for act in acts if act.event != "auth.logout")
    assert found == sorted((login.event, login.actor_id or "", login.user_ip) for login in whole)


def test_the_end_of_a_session_by_ssh_is_a_logout() -> None:
    (act,) = read("Nov 26 11:00:00 web-3 sshd[9]: Disconnected from user alice 198.51.100.9 port 5022")
    assert (act.event, act.actor_id, act.user_ip) == ("auth.logout", "alice", "198.51.100.9")


def test_only_the_programs_asked_for_are_read() -> None:
    lines = [f"Nov 26 11:00:00 web-3 {FAILED}", *golden("sudo"), *golden("pam")]
    sources = {programs: {act.metadata["source"] for act in read(*lines, programs=programs)} for programs in Programs}
    assert sources[Programs.SSHD] == {"sshd"}
    assert sources[Programs.SUDO] == {"sudo"}
    assert sources[Programs.PAM] == {"pam", "su", "login", "systemd-logind"}
    assert sources[Programs.AUTH] == {"sshd", "sudo", "pam", "su", "login", "systemd-logind"}


def test_a_time_without_zone_is_of_the_zone_given_and_the_latest_that_is_not_to_come() -> None:
    (winter,) = read(f"Nov 26 11:00:00 web-3 {FAILED}", zone="Europe/Berlin")
    (summer,) = read(f"Jul 26 11:00:00 web-3 {FAILED}", zone="Europe/Berlin")
    (last_year,) = read(f"Dec 26 11:00:00 web-3 {FAILED}")
    assert winter.occurred_at == datetime(2026, 11, 26, 10, tzinfo=UTC)
    assert summer.occurred_at == datetime(2026, 7, 26, 9, tzinfo=UTC)
    assert last_year.occurred_at.year == 2025


def test_an_attempt_without_verdict_is_told_once_no_verdict_can_follow_and_survives_a_restart() -> None:
    begun = "2026-11-26T11:00:00+00:00 web-3 sshd[5]: Invalid user admin from 198.51.100.9 port 4"
    reader = AuthLogReader()
    assert reader.read(begun, now=NOW) == []
    assert reader.overdue(datetime(2026, 11, 26, 11, 1, tzinfo=UTC)) == []

    later = AuthLogReader()
    later.remember(reader.remembered())
    (act,) = later.overdue(datetime(2026, 11, 26, 11, 3, tzinfo=UTC))
    assert (act.event, act.actor_id, act.metadata["reason"]) == ("auth.login_failed", "admin", "invalid_user")
    assert later.overdue(NOW) == []
    assert len(reader.remembered()) == 1, "one reader does not change what another remembers"


@given(st.text(max_size=300))
def test_no_line_makes_a_reader_fail(text: str) -> None:
    read_sudo(text)
    for program in ("su", "login", "systemd-logind", "sudo"):
        read_pam(program, text)
    read(text, f"Nov 26 11:00:00 web-3 sudo: {text}", f"Nov 26 11:00:00 web-3 sshd[1]: {text}")
