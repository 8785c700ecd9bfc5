"""Panther's rule samples where a rule and a detector mean the same: what matches there fires here, what does not is quiet.

Most of the 394 rules are about one product's settings and have no counterpart; those below are about logins. A rule that
counts is given its line as often as our own limit asks for.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from detection_streams import detect
from factories import make_event
from litesoc_server.events.event import Event
from panther_logs import Log, login_of

pytestmark = pytest.mark.shared_data

COUNTING_RULES = {
    "Standard.BruteForceByUser": ("brute_force_account", 10),
    "Snowflake.Stream.BruteForceByIp": ("brute_force_address", 5),
}
DAY_S = 86_400


def samples(shared_data: Path, rule_id: str) -> Iterator[tuple[str, bool, Log, list[dict[str, Any]]]]:
    path = shared_data / "detect" / "panther" / "panther_rule_tests_shared.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines():
        row = msgspec.json.decode(line)
        if row["rule_id"] == rule_id:
            yield row["test_name"], row["expected"], row["log"], row["mocks"] or []


@pytest.mark.parametrize("rule_id", COUNTING_RULES)
def test_rules_that_count_failed_logins(rule_id: str, shared_data: Path) -> None:
    detector, count = COUNTING_RULES[rule_id]
    verdicts = {}
    for name, expected, log, _ in samples(shared_data, rule_id):
        login = login_of(log)
        events = [] if login is None else [_event(login, second * 20, second) for second in range(count)]
        verdicts[name] = (expected, detector in {found.detector for found in detect(events)})
    print(f"{rule_id}: {len(verdicts)} samples, {sum(expected for expected, _ in verdicts.values())} of them match")
    assert len(verdicts) >= 4
    assert {name: pair for name, pair in verdicts.items() if pair[0] is not pair[1]} == {}


def test_the_rule_for_password_sprays(shared_data: Path) -> None:
    """Its samples are single lines; each stands for one of a spray's attempts, by another account each time."""
    verdicts = {}
    for name, expected, log, _ in samples(shared_data, "Snowflake.Stream.PasswordSpray"):
        login = login_of(log)
        events = (
            []
            if login is None
            else [_event(login._replace(actor_id=f"{number}.{login.actor_id}"), number * 20, number) for number in range(12)]
        )
        verdicts[name] = (expected, "password_spray" in {found.detector for found in detect(events)})
    assert len(verdicts) == 6
    assert {name: pair for name, pair in verdicts.items() if pair[0] is not pair[1]} == {}


def test_the_rule_for_stolen_sessions(shared_data: Path) -> None:
    """A sample is the session's later event; what the rule remembered of the earlier one stands in its mock."""
    verdicts = {}
    for name, expected, log, mocks in samples(shared_data, "Okta.PotentiallyStolenSession"):
        asn, ip, _, browser, system = msgspec.json.decode(mocks[0]["returnValue"])
        agent = log["client"]["userAgent"]
        events = [
            _session_event(1, 0, int(asn), ip, f"{browser}/{system}"),
            _session_event(
                2,
                600,
                log["securityContext"].get("asNumber"),
                log["client"]["ipAddress"],
                f"{agent['browser']}/{agent['os']}",
            ),
        ]
        verdicts[name] = (expected, "session_hijack" in {found.detector for found in detect(events)})
    assert len(verdicts) == 4
    assert {name: pair for name, pair in verdicts.items() if pair[0] is not pair[1]} == {}


@pytest.mark.parametrize(
    ("rule_id", "by_address"),
    [("OpenAI.BruteForce.Login.Success.Group", False), ("Snowflake.PotentialBruteForceSuccess.Group", True)],
)
def test_rules_for_a_login_after_failed_ones(rule_id: str, by_address: bool, shared_data: Path) -> None:
    """Numbers in these samples are minutes. The rules look back 30 hours and more, we look back one."""
    path = shared_data / "detect" / "panther" / "panther_correlation_tests_shared.jsonl"
    (rule,) = [row for line in path.read_text().splitlines() if (row := msgspec.json.decode(line))["rule_id"] == rule_id]
    assert rule["tests"]
    for test in rule["tests"]:
        moments = []
        for output in test["RuleOutputs"]:
            name = "auth.login_failed" if output["ID"] == "Multiple Failed Logins" else "auth.login_success"
            (matches,) = output["Matches"].values()
            moments += [(minute, name, who) for who, minutes in matches.items() for minute in minutes]
        events = [
            make_event(
                number=number,
                name=name,
                at=minute * 60,
                actor_id="mira" if by_address else who,
                ip=who if by_address else "203.0.113.7",
            )
            for number, (minute, name, who) in enumerate(sorted(moments), 1)
        ]
        fired = "success_after_failures" in {found.detector for found in detect(events)}
        assert fired is test["ExpectedResult"], test["Name"]


def _event(login: Any, at: float, number: int) -> Event:
    return make_event(number=number, name=login.name, actor_id=login.actor_id, ip=login.ip, at=at)


def _session_event(number: int, at: float, asn: int | None, ip: str, ua: str) -> Event:
    event = make_event(number=number, name="data.download", actor_id="admin", ip=ip, asn=asn, ua=ua, at=at)
    return msgspec.structs.replace(event, session_id="123456789")
