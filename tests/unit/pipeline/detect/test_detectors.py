"""What single detectors make of situations that golden cases do not show."""

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec
import pytest

from detection_streams import ORIGINS, Policies, detect
from factories import T0_MS, make_event
from litesoc_server.events.detection import AlertSeverity, AlertType, Detection
from litesoc_server.events.event import Device, Event, Network
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.pipeline.detect.runner import DetectionRunner
from litesoc_server.pipeline.state.base import LATENESS_MS
from litesoc_server.pipeline.state.memory import MemoryState

DAY_S = 86_400
HOME, OFFICE, TOKYO = ORIGINS["home"], ORIGINS["office"], ORIGINS["tokyo"]


def login(at: float, **fields: Any) -> Event:
    return make_event(name="auth.login_success", at=at, **fields)


def history(days: int = 4, **fields: Any) -> list[Event]:
    return [login(-DAY_S * day, **{**HOME, **fields}) for day in range(days, 0, -1)]


def failures(number: int, *, end: float = -10, gap: float = 5, **fields: Any) -> list[Event]:
    return [make_event(at=end - gap * n, **fields) for n in range(number - 1, -1, -1)]


def only(detector: str, events: Sequence[Event], **changes: Any) -> list[Detection]:
    return [detection for detection in detect(events, **changes) if detection.detector == detector]


def one(detector: str, events: Sequence[Event], **changes: Any) -> Detection:
    (detection,) = only(detector, events, **changes)
    return detection


class TestBruteForceAccount:
    @pytest.mark.parametrize(
        ("ids", "is_one_account"), [(("mira@shop.example", "Mira@Shop.Example"), True), (("aB", "Ab"), False)]
    )
    def test_an_address_written_in_another_case_is_the_same_account(self, ids: Sequence[str], is_one_account: bool) -> None:
        logins = [event for actor_id in ids[:1] for event in history(actor_id=actor_id)]
        guesses = [make_event(at=n, actor_id=ids[n % 2], ip=f"198.51.100.{n}") for n in range(10)]
        found = only("brute_force_account", [*logins, *guesses])
        assert [detection.severity for detection in found] == [AlertSeverity.HIGH] * is_one_account

    def test_a_late_failure_may_complete_a_window_that_is_not_the_fullest(self) -> None:
        early = [make_event(at=second, **HOME) for second in (0, 0, 0, 0, 55, 110, 165)]
        late = [make_event(at=3600 + 20 * n, **OFFICE) for n in range(10)]
        in_order = {found.incident_key for found in only("brute_force_account", [*early, *late])}
        arrived = [*early, *(event for n, event in enumerate(late) if n != 4), late[4]]
        assert in_order == {"account|actor:mira", f"credential_attack|ip:{OFFICE['ip']}"}
        assert {found.incident_key for found in only("brute_force_account", arrived)} == in_order

    def test_one_failure_from_elsewhere_is_enough_to_be_an_attack_on_the_account(self) -> None:
        found = only("brute_force_account", [*failures(10, **TOKYO), make_event(at=0, **OFFICE)])
        assert [one.incident_key for one in found] == [
            f"credential_attack|ip:{TOKYO['ip']}",
            "account|actor:mira",
        ]
        assert {one.severity for one in found} == {AlertSeverity.MEDIUM}


class TestPasswordSpray:
    @pytest.mark.parametrize("sends_ids", [False, True])
    def test_one_tool_is_recognised_whether_or_not_it_keeps_its_cookies(self, sends_ids: bool) -> None:
        users = [f"user-{n}" for n in range(12)]
        logins = [login(-2 * DAY_S, **{**HOME, "actor_id": user, "ip": f"81.166.{n}.7"}) for n, user in enumerate(users)]
        tries = [
            make_event(
                at=5 * n,
                actor_id=user,
                ip=f"45.83.{n}.9",
                asn=206092,
                ua="Chrome/Windows",
                device_id=f"device-{n}" if sends_ids else None,
            )
            for n, user in enumerate(users)
        ]
        assert {found.incident_key for found in only("password_spray", [*logins, *tries])} == {
            "credential_attack|client:206092|Chrome/Windows"
        }


def test_two_accounts_whose_long_names_begin_alike_are_attacked_slowly_each_for_itself() -> None:
    names = ["m" * 100 + end for end in "ab"]
    events = [login(-day * DAY_S, actor_id=name, **HOME) for day in (3, 2, 1) for name in names]
    events += [make_event(at=300 * n, actor_id=name, ip=f"198.51.{n % 2}.7") for n in range(12) for name in names]
    assert {found.incident_key for found in only("slow_brute_force", events)} >= {f"account|actor:{name}" for name in names}


def test_accounts_tried_at_one_pace_from_a_shared_address_are_announced_each_for_itself() -> None:
    office = {"ip": "203.0.113.50", "asn": 64510, "ua": "Chrome/Windows"}
    history = [login(-DAY_S, actor_id=name, **HOME) for name in ("mira", "jonas")]
    history += [login(-DAY_S + n, actor_id=f"colleague {n}", **office) for n in range(4)]
    tries = [
        make_event(at=600 * n + 3 * k, actor_id=name, **office)
        for n in range(14)
        for k, name in enumerate(("mira", "jonas"))
    ]
    swapped = [one for pair in zip(tries[1::2], tries[::2], strict=True) for one in pair]
    for order in (tries, swapped):
        found = only("slow_brute_force", [*history, *order])
        assert {one.incident_key for one in found} == {"credential_attack|ip:203.0.113.50"}
        assert {one.actor_id for one in found} == {"mira", "jonas"}


class TestCredentialStuffing:
    """Ten weeks of logins in the office, and a botnet that comes back every week at the same hour."""

    WEEK_S = 7 * DAY_S
    USERS: ClassVar = [f"user {n}" for n in range(8)]
    LIMIT, LIMIT_MAX = 25, 100

    def wave(self, week: int, accounts_count: int) -> list[Event]:
        """Return failures on so many accounts within 50 minutes, in week 0 and those after it."""
        accounts = [*self.USERS, *(f"guess {n}" for n in range(accounts_count - len(self.USERS)))]
        return [
            make_event(at=week * self.WEEK_S + 3_000 * n / accounts_count, actor_id=account, ip=f"198.51.{n % 50}.7")
            for n, account in enumerate(accounts)
        ]

    def weeks(self, *accounts_counts: int) -> list[Event]:
        events = [login(week * self.WEEK_S - DAY_S, actor_id=user, **OFFICE) for week in range(-2, 8) for user in self.USERS]
        events += [event for week, number in enumerate(accounts_counts) for event in self.wave(week, number)]
        return sorted(events, key=lambda event: event.occurred_at_ms)

    def reported(self, events: Sequence[Event]) -> dict[int, float]:
        """Return the highest limit that was exceeded, by week."""
        found: dict[int, float] = {}
        for detection in only("credential_stuffing", events):
            week, limit = (detection.last_seen_ms - T0_MS) // (self.WEEK_S * 1000), detection.facts[0].threshold
            assert limit is not None
            found[week] = max(found.get(week, 0), limit)
        return found

    @pytest.mark.parametrize(("accounts_count", "expected"), [(60, []), (LIMIT_MAX + 1, [8]), (10 * LIMIT, [8])])
    def test_who_keeps_just_below_the_limit_for_eight_weeks_raises_it_fourfold_at_most(
        self, accounts_count: int, expected: list[int]
    ) -> None:
        assert list(self.reported(self.weeks(*[self.LIMIT - 1] * 8, accounts_count))) == expected

    def test_a_strange_login_is_a_part_of_the_campaign_once_that_has_lasted_for_five_minutes(self) -> None:
        early, within = (login(at, actor_id="mira", **TOKYO) for at in (1_450, 1_700))
        others = [*self.weeks(), *self.wave(0, 60)]
        for arrived in ([early, within], [within, early]):  # the limit is reached after 21 minutes
            moment = 1_700 * 1_000 + T0_MS
            before = [event for event in others if event.occurred_at_ms <= moment]
            found = only("new_country", [*before, *arrived], blocked_countries=frozenset({"JP"}))
            assert {one.trigger_event_id: one.incident_key for one in found} == {
                early.event_id: "account|actor:mira",
                within.event_id: "credential_attack|org:stuffing",
            }

    def test_who_mistypes_in_the_first_minutes_of_an_organisation_is_no_campaign(self) -> None:
        """500 users come for the first time, one a second and each from home; one in ten mistypes before."""
        events: list[Event] = []
        for second in range(1_500):
            user = second % 500
            where = {"actor_id": f"user {user}", "ip": f"84.{16 + user % 16}.{user}.7", "asn": 64_500 + user % 16}
            if second % 10 == 3:
                events.append(make_event(at=second, **where))
            events.append(login(second + 0.5, **where))
        assert only("credential_stuffing", events) == []

    @pytest.mark.parametrize("has_users", [True, False])
    def test_a_campaign_against_a_new_organisation_is_reported_once_five_minutes_are_known(self, has_users: bool) -> None:
        users = [login(10 * n, actor_id=f"user {n}", ip=f"84.16.{n}.7") for n in range(60)] if has_users else []
        tries = [make_event(at=3 * n, actor_id=f"guess {n}", ip=f"198.51.{n % 50}.7") for n in range(200)]
        found = only("credential_stuffing", sorted([*users, *tries], key=lambda event: event.occurred_at_ms))
        assert found[0].incident_key == "credential_attack|org:stuffing"
        assert 0 <= found[0].last_seen_ms - T0_MS - LATENESS_MS <= 60_000

    def test_a_slow_ramp_is_reported_from_where_it_is_over_the_highest_limit_on(self) -> None:
        ramp = [round(20 * 1.37**week) for week in range(9)]
        assert ramp[-1] >= 9 * self.LIMIT
        reported = self.reported(self.weeks(*ramp))
        assert {week for week, number in enumerate(ramp) if number > self.LIMIT_MAX} <= set(reported)
        assert max(reported.values()) <= self.LIMIT_MAX

    def test_what_was_learned_under_a_higher_limit_counts_for_no_more_than_the_limit(self) -> None:
        state = MemoryState()
        before = self.weeks(*[8 * self.LIMIT] * 8)
        DetectionRunner(state, DETECTORS, Policies(credential_stuffing_accounts_count=10 * self.LIMIT)).run(before)
        found = DetectionRunner(state, DETECTORS, Policies()).run(self.wave(8, 10 * self.LIMIT)).detections
        limits = [one.facts[0].threshold for one in found if one.detector == "credential_stuffing"]
        assert limits
        assert all(limit is not None and limit <= self.LIMIT_MAX for limit in limits)


class TestPasswordSprayInTheOffice:
    """Its people all log in from one address."""

    people = tuple(f"person-{n}" for n in range(16))
    days = tuple(event for n in range(16) for event in history(actor_id=f"person-{n}", **OFFICE))

    def test_a_stranger_among_them_is_found(self) -> None:
        tries = [make_event(at=20 * n, actor_id=who, **{**OFFICE, "ua": "Opera/Linux"}) for n, who in enumerate(self.people)]
        found = only("password_spray", [*self.days, *tries])
        assert {detection.incident_key for detection in found} == {f"credential_attack|ip:{OFFICE['ip']}"}
        assert "Opera on Linux" in found[-1].title

    def test_their_own_mistakes_are_left_alone(self) -> None:
        tries = [make_event(at=20 * n, actor_id=who, **OFFICE) for n, who in enumerate(self.people)]
        assert only("password_spray", [*self.days, *tries]) == []


class TestSuccessAfterFailures:
    @pytest.mark.parametrize(
        ("number", "fields", "severity"),
        [
            (20, {}, AlertSeverity.MEDIUM),  # a stale password in a client at home, for a long time
            (5, {"ua": None}, AlertSeverity.LOW),  # typos at home, device not sent
            (12, {"ua": None}, AlertSeverity.CRITICAL),
            (5, {"ua": "Safari/iOS"}, AlertSeverity.HIGH),  # a new phone at home
            (12, {"ua": "Safari/iOS"}, AlertSeverity.CRITICAL),
            (5, TOKYO, AlertSeverity.CRITICAL),  # five in five minutes, then in, from a new network
        ],
    )
    def test_its_severity_follows_pace_and_familiarity(
        self, number: int, fields: dict[str, Any], severity: AlertSeverity
    ) -> None:
        origin = {**HOME, **fields}
        found = one("success_after_failures", [*history(), *failures(number, **origin), login(0, **origin)])
        assert found.severity is severity
        assert found.incident_key == f"credential_attack|ip:{origin['ip']}"
        assert found.event_count == number + 1

    @pytest.mark.parametrize("detector", ["success_after_failures", "brute_force_address", "brute_force_account"])
    def test_the_owners_own_typos_are_no_alert(self, detector: str) -> None:
        assert only(detector, [*history(), *failures(12, **HOME), login(0, **HOME)]) == []

    def test_another_device_in_the_owners_network_is(self) -> None:
        assert only("brute_force_address", [*history(), *failures(6, **{**HOME, "ua": "Chrome/Linux"}), login(0, **HOME)])

    def test_slow_failures_from_a_new_network_are_no_takeover_yet(self) -> None:
        events = [*history(), *failures(5, gap=600, **TOKYO), login(0, **TOKYO)]
        assert one("success_after_failures", events).severity is AlertSeverity.HIGH

    def test_the_owner_at_home_is_left_alone_while_others_fail(self) -> None:
        assert only("success_after_failures", [*history(), *failures(30, **TOKYO), login(0, **HOME)]) == []

    def test_a_new_place_while_others_fail_is_an_incident_of_the_account(self) -> None:
        events = [*history(), *failures(6, **TOKYO), login(0, **OFFICE)]
        found = one("success_after_failures", events)
        assert (found.severity, found.incident_key) == (AlertSeverity.HIGH, "account|actor:mira")

    def test_within_a_batch_the_order_of_its_events_counts(self) -> None:
        first = login(0, number=1, **TOKYO)
        after = [make_event(at=0, number=n, **TOKYO) for n in range(2, 9)]
        assert only("success_after_failures", [first, *after]) == []
        last = login(0, number=9, **TOKYO)
        assert one("success_after_failures", [*after, last]).event_count == 8

    def test_without_any_address_it_is_an_incident_of_the_account(self) -> None:
        found = one("success_after_failures", [*failures(6, ip=None), login(0, ip=None)])
        assert found.incident_key == "account|actor:mira"

    def test_an_hour_later_it_is_forgotten(self) -> None:
        assert only("success_after_failures", [*failures(9, end=-3601, gap=1, **TOKYO), login(0, **TOKYO)]) == []


class TestImpossibleTravel:
    def test_the_intruder_is_found_even_when_the_owner_comes_second(self) -> None:
        intruder = login(-120, **TOKYO)
        found = one("impossible_travel", [*history(), intruder, login(0, **HOME)])
        assert found.trigger_event_id == intruder.event_id
        assert found.source_ip == TOKYO["ip"]
        assert found.severity is AlertSeverity.HIGH

    def test_a_suspicious_place_does_not_become_familiar(self) -> None:
        days = [login(day * DAY_S + offset, **origin) for day in range(3) for offset, origin in ((0, HOME), (600, TOKYO))]
        assert len(only("impossible_travel", [*history(), *days])) == 3

    @pytest.mark.parametrize(
        "fields",
        [
            {"asn": HOME["asn"]},
            {"ip": "81.166.1.200"},
            {"geo": None},
            {"network": Network(asn=1, is_vpn=True)},
            {"network": Network(asn=1, is_tor=True)},
            {"network": Network(asn=1, is_relay=True)},
            {"network": Network(asn=1, is_datacenter=True)},
            {"network": Network(asn=1, is_mobile=True)},
            *({"kind": kind} for kind in ("vpn", "tor", "relay", "proxy", "gateway", "satellite", "hosting", "mobile")),
        ],
    )
    def test_what_may_be_the_owner_is_skipped(self, fields: dict[str, Any]) -> None:
        assert only("impossible_travel", [*history(), login(-300, **HOME), login(0, **{**TOKYO, **fields})]) == []

    @pytest.mark.parametrize("ua", [None, HOME["ua"]], ids=["unsent", "known browser"])
    def test_where_the_device_cannot_be_told_the_journey_must_be_plain(self, ua: str | None) -> None:
        told_by_nothing = {**TOKYO, "ua": ua}
        near, late = (
            [login(-1800, **HOME), login(0, **told_by_nothing)],
            [login(-14_500, **HOME), login(0, **told_by_nothing)],
        )
        assert one("impossible_travel", [*history(), *near]).severity is AlertSeverity.MEDIUM
        assert only("impossible_travel", [*history(), *late]) == []
        london = {**told_by_nothing, "geo": "London"}
        assert only("impossible_travel", [*history(), login(-300, **HOME), login(0, **london)]) == []

    def test_a_device_known_by_its_id_travels_with_its_owner(self) -> None:
        home, tokyo = {**HOME, "device_id": "laptop"}, {**TOKYO, "device_id": "laptop"}
        assert only("impossible_travel", [*history(**home), login(-300, **home), login(0, **tokyo)]) == []

    def test_a_gateway_of_the_organisation_is_no_place(self) -> None:
        colleagues = [make_event(name="auth.login_success", actor_id=f"c{n}", at=-9_000, **TOKYO) for n in range(3)]
        events = [*history(), *colleagues, login(-300, **HOME), login(0, **TOKYO)]
        assert only("impossible_travel", events) == []
        assert len(only("impossible_travel", [*history(), *colleagues[1:], login(-300, **HOME), login(0, **TOKYO)])) == 1

    def test_within_a_country_it_needs_fixed_lines_and_is_medium(self) -> None:
        coast = {"ip": "47.150.1.1", "geo": "Los Angeles", "asn": 5650, "ua": "Chrome/Windows"}
        other = {"ip": "24.90.1.1", "geo": "New York", "asn": 12271, "ua": "Safari/iOS"}
        events = [*history(**coast), login(-300, **coast)]
        assert one("impossible_travel", [*events, login(0, **other)]).severity is AlertSeverity.MEDIUM
        mobile = {**other, "network": Network(asn=12271, is_mobile=True)}
        assert only("impossible_travel", [*events, login(0, **mobile)]) == []

    def test_two_logins_of_a_fresh_account_from_two_continents_fire(self) -> None:
        events = [
            login(0, ip="175.139.1.1", geo="Kuala Lumpur", asn=4788),
            login(5, ip="24.90.1.1", geo="New York", asn=7922),
        ]
        assert one("impossible_travel", events).severity is AlertSeverity.MEDIUM

    def test_masked_actors_are_not_one_traveller(self) -> None:
        masked = {"actor_id": "[REDACTED]", "is_redacted": True}
        assert detect([login(0, **HOME, **masked), login(5, **TOKYO, **masked)]) == []


class TestPrivilegeEscalation:
    @staticmethod
    def grant(at: float, actor: str = "boss", **metadata: Any) -> Event:
        return make_event(name="authz.permission_granted", actor_id=actor, at=at, metadata=metadata)

    @staticmethod
    def creation(at: float, **metadata: Any) -> Event:
        return make_event(name="admin.user_created", actor_id="boss", at=at, metadata=metadata)

    @pytest.mark.parametrize(
        "metadata",
        [
            {"target": {"id": "jonas"}},
            {"target": "jonas"},
            {"target": {"email": "Jonas@shop.example"}},
            {"target_id": "jonas"},
            {"target_user": "JONAS"},
            {"user_id": "jonas"},
        ],
    )
    def test_a_self_grant_is_seen_under_every_name_of_the_target(self, metadata: dict[str, Any]) -> None:
        event = make_event(
            name="authz.permission_granted",
            actor_id="jonas",
            email="jonas@shop.example",
            metadata={**metadata, "role": "admin"},
        )
        assert one("privilege_escalation", [event]).severity is AlertSeverity.HIGH

    @pytest.mark.parametrize(
        "metadata",
        [
            {"user_id": "jonas", "role": "viewer"},
            {"user_id": "jonas", "target_id": "mira", "role": "admin"},
            {"user_id": "jonas", "role": "admin", "original_event": "authz.role_removed"},
            {"role": "admin"},
            {},
        ],
        ids=["harmless role", "someone else", "taken away", "target not said", "nothing said"],
    )
    def test_other_grants_are_quiet(self, metadata: dict[str, Any]) -> None:
        assert only("privilege_escalation", [self.grant(0, actor="jonas", **metadata)]) == []

    def test_a_grant_to_a_new_account_fires_in_either_order_of_arrival(self) -> None:
        created, granted = self.creation(0, target_id=7), self.grant(60, target_id="7", role="admin")
        for events in ([created, granted], [granted, created]):
            found = one("privilege_escalation", events)
            assert found.severity is AlertSeverity.MEDIUM
            assert set(found.event_ids) == {created.event_id, granted.event_id}
        assert only("privilege_escalation", [created, self.grant(DAY_S, target_id=7)]) == []

    def test_causes_add_up(self) -> None:
        created, granted = self.creation(0, target_id="boss"), self.grant(60, target_id="boss", role="owner")
        found = one("privilege_escalation", [created, granted])
        assert found.severity is AlertSeverity.CRITICAL
        assert len(found.reasons) == 2

    def test_an_escalation_after_a_suspicious_login_is_critical(self) -> None:
        risky = login(-60, **TOKYO)
        escalation = make_event(name="admin.privilege_escalation", at=0, **TOKYO)
        found = one("privilege_escalation", [*history(), login(-120, **HOME), risky, escalation])
        assert found.severity is AlertSeverity.CRITICAL
        assert found.event_ids == (risky.event_id, escalation.event_id)

    def test_a_grant_before_its_actor_is_found_out_is_found_out_too(self) -> None:
        granted = make_event(name="authz.permission_granted", at=-60, **TOKYO, metadata={"role": "admin"})
        found = one("privilege_escalation", [*history(), login(-120, **TOKYO), granted, login(0, **HOME)])
        assert found.severity is AlertSeverity.HIGH
        assert found.trigger_event_id == granted.event_id

    def test_the_first_administrative_act_of_a_known_actor_weighs_in(self) -> None:
        events = [*history(), make_event(name="admin.privilege_escalation", at=0, **HOME)]
        assert one("privilege_escalation", events).severity is AlertSeverity.CRITICAL
        earlier = make_event(name="admin.settings_changed", at=-DAY_S, **HOME)
        assert one("privilege_escalation", [earlier, *events]).severity is AlertSeverity.HIGH


class TestInstantAlert:
    @pytest.mark.parametrize(
        ("name", "alert_type", "severity"),
        [
            ("authz.access_denied", AlertType.SUSPICIOUS_ACTIVITY, AlertSeverity.HIGH),
            ("authz.role_changed", AlertType.SUSPICIOUS_ACTIVITY, AlertSeverity.HIGH),
            ("data.bulk_delete", AlertType.DATA_EXFILTRATION, AlertSeverity.CRITICAL),
            ("data.sensitive_access", AlertType.DATA_EXFILTRATION, AlertSeverity.HIGH),
            ("security.suspicious_activity", AlertType.SUSPICIOUS_ACTIVITY, AlertSeverity.CRITICAL),
            ("security.brute_force_detected", AlertType.SUSPICIOUS_ACTIVITY, AlertSeverity.CRITICAL),
        ],
    )
    def test_types_and_severities(self, name: str, alert_type: AlertType, severity: AlertSeverity) -> None:
        found = one("instant_alert", [make_event(name=name)])
        assert (found.alert_type, found.severity) == (alert_type, severity)

    def test_an_escalation_is_left_to_its_own_detector(self) -> None:
        (found,) = detect([make_event(name="admin.privilege_escalation")])
        assert (found.detector, found.alert_type) == ("privilege_escalation", AlertType.PRIVILEGE_ESCALATION)

    def test_a_role_change_that_is_an_escalation_is_one_incident(self) -> None:
        event = make_event(name="authz.role_changed", metadata={"target_id": "mira", "new_role": "admin"})
        found = detect([event])
        assert {detection.detector for detection in found} == {"privilege_escalation", "instant_alert"}
        assert len({detection.incident_key for detection in found}) == 1

    def test_without_actor_and_address_there_is_still_an_alert(self) -> None:
        assert one("instant_alert", [make_event(name="data.bulk_delete", actor_id=None, ip=None)]).incident_key.endswith(
            "|unknown"
        )


def test_texts_hold_utc_times_and_no_raw_user_agent_or_control_characters() -> None:
    agent = "Mozilla/5.0 (secret)"
    device = Device(user_agent=agent, browser="Firefox", os="Linux")
    names = [*["auth.login_failed"] * 12, "auth.login_success", "data.bulk_delete"]
    events = [
        msgspec.structs.replace(make_event(at=n, actor_id="mi\x1b[31mra\n", name=name), device=device)
        for n, name in enumerate(names)
    ]
    found = detect(events)
    assert {detection.detector for detection in found} >= {"brute_force_address", "success_after_failures", "instant_alert"}
    for detection in found:
        text = " ".join((detection.title, detection.description, *detection.reasons, *detection.ruled_out))
        assert agent not in text
        assert text.isprintable()
        assert f"2026-03-01T12:00:{(detection.last_seen_ms - T0_MS) // 1000:02}Z" in detection.description


class TestSessionHijack:
    CLOUD: ClassVar = {"ip": "203.0.113.40", "geo": "London", "asn": 14061, "ua": "Firefox/Linux", "kind": "hosting"}

    def moved(self, at: float, actor_id: str) -> list[Event]:
        origins = ({**HOME, "kind": "isp"}, self.CLOUD)
        return [
            *history(actor_id=actor_id),
            *(
                make_event(name="data.download", at=at + 600 * n, actor_id=actor_id, session_id=f"s-{actor_id}", **origin)
                for n, origin in enumerate(origins)
            ),
        ]

    def test_a_way_that_sessions_of_others_went_is_the_companys_own(self) -> None:
        events = [event for n in range(4) for event in self.moved(3_600 * n, f"colleague {n}")]
        found = only("session_hijack", sorted(events, key=lambda event: event.occurred_at_ms))
        assert [one.actor_id for one in found] == ["colleague 0", "colleague 1", "colleague 2"]
        assert {one.severity for one in found} == {AlertSeverity.MEDIUM}

    def test_a_data_centre_that_colleagues_log_in_from_is_passed_over(self) -> None:
        events = [login(-7_200, actor_id="jonas", **self.CLOUD), *self.moved(0, "mira")]
        assert only("session_hijack", sorted(events, key=lambda event: event.occurred_at_ms)) == []
