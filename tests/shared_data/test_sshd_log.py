"""The sshd parser on 24 days of a real auth.log, against the facts known about it."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from litesoc_server.sources.sshd import LineKind, parse_sshd_lines

pytestmark = pytest.mark.shared_data


def test_the_facts_about_the_real_log(shared_data: Path) -> None:
    counts = Counter[LineKind]()
    with (shared_data / "detect" / "ssh" / "elastic_auth.log").open(encoding="utf-8") as lines:
        logins = list(parse_sshd_lines(lines, now=datetime(2026, 11, 22, tzinfo=UTC), counts=counts))
    accepted = [login for login in logins if login.event == "auth.login_success"]
    undecided = [login for login in logins if login.metadata["method"] == "unknown"]
    failed = [login for login in logins if login.event == "auth.login_failed"]
    assert (len(failed) - len(undecided), len(accepted), len(undecided)) == (1_042, 226, 86)
    failing = {login.user_ip for login in failed if login.metadata["method"] != "unknown"}
    assert (len(failing), len(failing - {login.user_ip for login in accepted})) == (105, 102)
    assert (counts.total(), counts[LineKind.UNREADABLE]) == (7_121, 0)
    assert (logins[0].occurred_at, logins[-1].occurred_at) == (
        datetime(2026, 3, 27, 13, 8, 9, tzinfo=UTC),
        datetime(2026, 4, 20, 14, 14, 29, tzinfo=UTC),
    )


def test_the_takeover_in_the_real_log(shared_data: Path) -> None:
    with (shared_data / "detect" / "ssh" / "elastic_auth.log").open(encoding="utf-8") as lines:
        logins = list(parse_sshd_lines(lines, now=datetime(2026, 11, 22, tzinfo=UTC), year=2017))
    begin, end = datetime(2017, 3, 30, 15, 54, tzinfo=UTC), datetime(2017, 3, 30, 16, 1, 36, tzinfo=UTC)
    burst = [
        login
        for login in logins
        if begin <= login.occurred_at <= end and (login.actor_id, login.user_ip) == ("elastic_user_0", "24.151.103.17")
    ]
    assert Counter(login.event for login in burst) == {"auth.login_failed": 147, "auth.login_success": 1}
    assert burst[-1].event == "auth.login_success"
