import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litesoc_server.sources.sshd import LINE_LENGTH_MAX, LineKind, SshdLogin, parse_sshd_lines
from litesoc_server.sources.sshd_attempts import CONNECTIONS_MAX

GOLDEN = Path(__file__).parents[2] / "golden" / "sources" / "sshd"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FAILED = "web-3 sshd[811]: Failed password for root from 198.51.100.9 port 40022 ssh2"


def logins(*lines: str, now: datetime = NOW, year: int | None = None, zone: str = "UTC") -> list[SshdLogin]:
    return list(parse_sshd_lines(lines, now=now, year=year, time_zone=ZoneInfo(zone)))


def times(*stamps: str, now: datetime = NOW, year: int | None = None) -> list[str]:
    found = logins(*(f"{stamp} {FAILED}" for stamp in stamps), now=now, year=year)
    return [login.occurred_at.isoformat()[:10] for login in found]


def test_golden_file() -> None:
    counts = Counter[LineKind]()
    lines = (GOLDEN / "auth.in.log").read_text(encoding="utf-8").splitlines(keepends=True)
    items = [login.to_item(with_time=True) for login in parse_sshd_lines(lines, now=NOW, counts=counts)]
    assert items == json.loads((GOLDEN / "auth.out.json").read_text(encoding="utf-8"))
    assert counts == {LineKind.LOGIN: 11, LineKind.ATTEMPT: 1, LineKind.OTHER: 8, LineKind.UNREADABLE: 2}


def test_an_item_without_time_is_left_to_the_server() -> None:
    (login,) = logins(f"Mar 27 13:08:09 {FAILED}")
    assert login.to_item(with_time=False) == {
        "event": "auth.login_failed",
        "actor": {"id": "root"},
        "user_ip": "198.51.100.9",
        "metadata": {
            "source": "sshd",
            "reason": "failed_password",
            "method": "password",
            "port": "40022",
            "source_hostname": "web-3",
        },
    }


def test_without_a_year_it_is_the_latest_that_is_not_in_the_future() -> None:
    assert times("Nov 21 00:00:00") == ["2026-11-21"]
    assert times("Nov 24 00:00:00") == ["2025-11-24"]
    assert times("Nov 23 06:00:00") == ["2026-11-23"]  # a zone ahead of the one assumed
    assert times("Nov 20 00:00:00", "Nov 25 00:00:00") == ["2025-11-20", "2025-11-25"]


def test_the_year_turns_when_the_months_start_over() -> None:
    stamps = ("Oct  1 00:00:00", "Dec 31 23:59:59", "Jan  1 00:00:00", "Oct  2 00:00:00")
    assert times(*stamps) == ["2025-10-01", "2025-12-31", "2026-01-01", "2026-10-02"]
    assert times(*stamps, year=2020) == ["2020-10-01", "2020-12-31", "2021-01-01", "2021-10-02"]


def test_lines_in_the_wrong_order_around_midnight_do_not_turn_the_year() -> None:
    assert times("Apr  1 00:00:00", "Mar 31 23:59:59", "Apr  1 00:00:01") == ["2026-04-01", "2026-03-31", "2026-04-01"]
    assert times("Dec 31 23:59:59", "Jan  1 00:00:00", "Dec 31 23:59:59", "Jan  1 00:00:01") == [
        "2025-12-31",
        "2026-01-01",
        "2025-12-31",
        "2026-01-01",
    ]


def test_29_february_decides_for_a_leap_year() -> None:
    assert times("Feb 28 00:00:00", "Feb 29 00:00:00", "Mar  1 00:00:00") == ["2024-02-28", "2024-02-29", "2024-03-01"]
    assert times("Dec 31 00:00:00", "Feb 29 00:00:00") == ["2023-12-31", "2024-02-29"]


def test_29_february_of_a_year_that_has_none_is_unreadable() -> None:
    counts = Counter[LineKind]()
    found = list(parse_sshd_lines([f"Feb 29 00:00:00 {FAILED}"], now=NOW, year=2025, counts=counts))
    assert (found, counts) == ([], {LineKind.UNREADABLE: 1})


def test_traditional_times_are_in_the_given_zone_and_rfc3339_in_their_own() -> None:
    local, absolute = logins(f"Mar 27 13:00:00 {FAILED}", f"2026-03-27T13:00:00+02:00 {FAILED}", zone="America/New_York")
    assert local.occurred_at == datetime(2026, 3, 27, 17, tzinfo=UTC)
    assert absolute.occurred_at == datetime(2026, 3, 27, 11, tzinfo=UTC)
    assert local.to_item(with_time=True)["timestamp"] == "2026-03-27T17:00:00+00:00"


def test_with_a_year_logins_come_while_the_lines_do() -> None:
    read: list[int] = []

    def lines() -> Iterator[str]:
        for number in range(3):
            read.append(number)
            yield f"Mar 27 13:08:0{number} {FAILED}"

    next(parse_sshd_lines(lines(), now=NOW, year=2026))
    assert read == [0]


@pytest.mark.parametrize(
    "line",
    [
        "Mar 32 13:08:09 " + FAILED,
        "Mär 27 13:08:09 " + FAILED,
        "2026-02-30T13:08:09Z " + FAILED,
        "2026-02-03T13:08:09 " + FAILED,
        "Mar 27 13:08:09 web-3 sshd[1]: Failed password for root from 198.51.100.9",
        "Mar 27 13:08:09 web-3 sshd[1]: Failed password",
        "Mar 27 13:08:09 web-3 sshd[1]: message repeated 999999999 times: [ Failed password for root from ::1 port 1 ssh2]",
        "Mar 27 13:08:09 web-3 sshd[1]: Failed password for " + "x" * LINE_LENGTH_MAX + " from 198.51.100.9 port 1 ssh2",
        "\0\ud800",
    ],
)
def test_what_cannot_be_read_is_counted(line: str) -> None:
    counts = Counter[LineKind]()
    assert list(parse_sshd_lines([line], now=NOW, counts=counts)) == []
    assert counts == {LineKind.UNREADABLE: 1}


@pytest.mark.parametrize(
    "line",
    [
        "",
        "\n",
        "Mar 27 13:08:09 web-3 kernel: Failed password for root from 198.51.100.9 port 1 ssh2",
        "Mar 27 13:08:09 web-3 sshdx[1]: Failed password for root from 198.51.100.9 port 1 ssh2",
        "Mar 27 13:08:09 web-3 sshd[1]: Disconnected from 198.51.100.9 port 1 [preauth]",
        "Mar 27 13:08:09 web-3 sshd[1]: User Failed password for root from 198.51.100.9 port 1 ssh2",
    ],
)
def test_other_lines_are_counted_apart(line: str) -> None:
    counts = Counter[LineKind]()
    assert list(parse_sshd_lines([line], now=NOW, counts=counts)) == []
    assert counts == {LineKind.OTHER: 1}


def attempts(*messages: str) -> list[tuple[str | None, str, str]]:
    """Return account, address and reason of the logins in lines of sshd, each "pid message"."""
    lines = (
        f"Mar 27 13:08:{second:02} web-3 sshd[{message.partition(' ')[0]}]: {message.partition(' ')[2]}"
        for second, message in enumerate(messages)
    )
    return [(login.actor_id, login.user_ip, login.metadata["reason"]) for login in logins(*lines)]


def test_guesses_at_a_server_that_takes_only_keys_count_once_each() -> None:
    assert attempts(
        "1 Invalid user admin from 198.51.100.9 port 4000",
        "1 Connection closed by invalid user admin 198.51.100.9 port 4000 [preauth]",
        "2 Connection closed by authenticating user root 198.51.100.9 port 4001 [preauth]",
        "3 Disconnected from authenticating user root 2001:db8::9 port 4002 [preauth]",
        "4 Connection reset by invalid user  198.51.100.9 port 4003 [preauth]",
    ) == [
        ("admin", "198.51.100.9", "invalid_user"),
        ("root", "198.51.100.9", "no_verdict"),
        ("root", "2001:db8::9", "no_verdict"),
        (None, "198.51.100.9", "invalid_user"),
    ]


def test_where_there_is_a_verdict_only_it_counts() -> None:
    assert attempts(
        "1 Invalid user admin from 198.51.100.9 port 4000",
        "2 Invalid user test from 198.51.100.9 port 4001",
        "1 Failed password for invalid user admin from 198.51.100.9 port 4000 ssh2",
        "1 Connection closed by invalid user admin 198.51.100.9 port 4000 [preauth]",
    ) == [("admin", "198.51.100.9", "invalid_user"), ("test", "198.51.100.9", "invalid_user")]


def test_two_accounts_in_one_connection_are_two_attempts() -> None:
    assert attempts("1 Invalid user a from 198.51.100.9", "1 Invalid user b from 198.51.100.9") == [
        ("a", "198.51.100.9", "invalid_user"),
        ("b", "198.51.100.9", "invalid_user"),
    ]


def test_no_attempt_is_forgotten_when_connections_stay_open() -> None:
    lines = [f"{number} Invalid user u{number} from 198.51.100.9" for number in range(CONNECTIONS_MAX + 5)]
    log = [f"2026-03-27T13:08:00Z web-3 sshd[{line.partition(' ')[0]}]: {line.partition(' ')[2]}" for line in lines]
    assert sorted(login.actor_id or "" for login in logins(*log)) == sorted(f"u{number}" for number in range(len(lines)))


def test_lines_in_the_form_of_rfc_5424() -> None:
    header = '<38>1 2026-01-19T14:23:55+00:00 gate.example sshd 44255 - [meta sequenceId="1"]'
    guess, success = logins(
        f"{header} Invalid user tutu from 198.51.100.9 port 33166",
        "<38>1 2026-01-19T14:23:56Z gate.example sshd 442 - - Accepted publickey for mira from 203.0.113.2 port 33168 ssh2",
    )[::-1]
    assert (guess.actor_id, guess.user_ip, guess.metadata["source_hostname"]) == ("tutu", "198.51.100.9", "gate.example")
    assert (success.actor_id, success.event) == ("mira", "auth.login_success")


stamps = st.builds(
    lambda day, second: (datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=day, seconds=second)).strftime("%b %e %H:%M:%S"),
    st.integers(0, 700),
    st.integers(0, 86_399),
)
users = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=60)


@given(lines=st.lists(st.text(max_size=120) | st.builds("{} {}".format, stamps, st.just(FAILED)), max_size=20))
def test_no_line_raises_and_none_is_lost_from_the_count(lines: list[str]) -> None:
    counts = Counter[LineKind]()
    found = list(parse_sshd_lines(lines, now=NOW, counts=counts))
    assert counts.total() == len(lines)
    assert len(found) == counts[LineKind.LOGIN] + counts[LineKind.ATTEMPT]
    assert all(login.occurred_at <= NOW + timedelta(days=1) for login in found)


@given(user=users, address=st.ip_addresses(), port=st.integers(1, 65535))
def test_no_user_name_can_forge_the_address(user: str, address: object, port: int) -> None:
    line = f"Mar 27 13:08:09 web-3 sshd[1]: Failed password for invalid user {user} from {address} port {port} ssh2"
    (login,) = logins(line)
    assert (login.actor_id or "", login.user_ip, login.metadata["port"]) == (user, str(address), str(port))
