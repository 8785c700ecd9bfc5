"""What the detectors of acts after a login make of situations that golden cases do not show."""

from collections.abc import Sequence
from typing import Any

import pytest

from detection_streams import ORIGINS, detect, incidents
from factories import make_event
from litesoc_server.events.detection import AlertSeverity, Detection
from litesoc_server.events.event import Event, Geo, Network, NetworkKind

DAY_S, HOUR_S = 86_400, 3_600
HOME, OFFICE, TOKYO, NOWHERE = (ORIGINS[place] for place in ("home", "office", "tokyo", "nowhere"))


def only(detector: str, events: Sequence[Event], **changes: Any) -> list[Detection]:
    return [detection for detection in detect(events, **changes) if detection.detector == detector]


def logins(days: int = 5, **fields: Any) -> list[Event]:
    return [make_event(name="auth.login_success", at=-DAY_S * day, **{**HOME, **fields}) for day in range(days, 0, -1)]


def export(at: float, rows: int, **fields: Any) -> Event:
    return make_event(name="data.export", at=at, metadata={"rows": rows}, **{**HOME, **fields})


class TestMassDataAccess:
    def test_many_small_deletions_add_up_beyond_the_events_that_the_state_names(self) -> None:
        events = [*logins(), *(make_event(name="admin.user_deleted", at=10 * n, **HOME) for n in range(120))]
        found = only("mass_data_access", events)
        assert found[-1].event_count == 120
        assert found[-1].facts[0].value == 120
        assert {one.severity for one in found} == {AlertSeverity.MEDIUM}

    def test_the_first_of_its_kind_is_quiet_where_the_account_always_is(self) -> None:
        assert only("mass_data_access", [*logins(), export(0, 8_000)]) == []
        (absurd,) = only("mass_data_access", [*logins(), export(0, 20_000)])
        assert absurd.severity is AlertSeverity.MEDIUM
        for elsewhere in ({**HOME, "asn": 1}, {**HOME, "ua": "curl/"}, TOKYO):
            (found,) = only("mass_data_access", [*logins(), export(0, 8_000, **elsewhere)])
            assert found.severity is AlertSeverity.HIGH

    def test_where_an_event_comes_from_need_not_be_sent(self) -> None:
        assert only("mass_data_access", [*logins(), export(0, 8_000, **NOWHERE, ua=None, asn=None, geo=None)]) == []

    def test_nothing_is_new_to_an_account_without_a_history(self) -> None:
        assert only("mass_data_access", [*logins(2), export(0, 8_000, **TOKYO)]) == []

    def test_what_a_stranger_takes_is_counted_for_itself(self) -> None:
        owners = [export(0, 600), export(120, 600)]
        assert only("mass_data_access", [*logins(), owners[0], export(60, 999, **TOKYO), owners[1]]) == []
        (found,) = only("mass_data_access", [*logins(), owners[0], export(60, 1_000, **TOKYO), owners[1]])
        assert found.event_count == 1

    def test_what_a_stranger_does_makes_nothing_usual(self) -> None:
        strangers = [export(-DAY_S * 30 + HOUR_S * hour, 9_000, **TOKYO) for hour in range(6)]
        habit = [export(-DAY_S * day, 300) for day in range(20, 0, -1)]
        events = [*logins(40), *strangers, *habit, export(0, 5_000)]
        assert only("mass_data_access", events)[-1].trigger_event_id == events[-1].event_id

    def test_deletions_are_one_incident_with_the_instant_alerts_of_them(self) -> None:
        for place in (HOME, TOKYO):
            events = [*logins(), make_event(name="data.bulk_delete", at=0, metadata={"count": 500}, **place)]
            found = [*only("mass_data_access", events), *only("instant_alert", events)]
            assert [one.incident_key for one in found] == 2 * ["data_deletion|actor:mira"]

    def test_what_two_hours_hold_together_does_not_count(self) -> None:
        assert only("mass_data_access", [*logins(), export(0, 600, **TOKYO), export(HOUR_S + 0.001, 600, **TOKYO)]) == []
        assert len(only("mass_data_access", [*logins(), export(0, 600, **TOKYO), export(HOUR_S, 600, **TOKYO)])) == 1

    def test_a_burst_across_midnight_is_one(self) -> None:
        midnight = 12 * HOUR_S
        (found,) = only(
            "mass_data_access", [*logins(), export(midnight - 60, 600, **TOKYO), export(midnight + 60, 600, **TOKYO)]
        )
        assert found.event_count == 2

    def test_a_habit_fades_when_it_is_given_up(self) -> None:
        habit = [export(DAY_S * day, 900 if day == 0 else 5_000) for day in range(10)]
        again = [export(DAY_S * 14, 5_000)]
        much_later = [export(DAY_S * 200, 25_000)]
        assert only("mass_data_access", [*logins(), *habit, *again]) == []
        (found,) = only("mass_data_access", [*logins(), *habit, *much_later])
        assert "no earlier day" in found.reasons[1]

    def test_a_service_that_does_it_all_day_is_held_against_itself(self) -> None:
        day = [export(DAY_S * day + 600 * n, 120) for day in range(3) for n in range(6)]
        usual_day = [export(DAY_S * 4 + 300 * n, 120) for n in range(12)]
        assert only("mass_data_access", [*logins(), *day, *usual_day]) == []

    def test_a_masked_actor_is_nobody(self) -> None:
        assert only("mass_data_access", [export(0, 100_000, is_redacted=True)]) == []


class TestAccountTakeover:
    def test_a_login_that_another_detector_found_risky_counts(self) -> None:
        """The burglar uses the owner's network and device, but guessed ten passwords before."""
        guesses = [make_event(at=20 * n, **TOKYO) for n in range(10)]
        entered = make_event(name="auth.login_success", at=220, **TOKYO)
        events = [*logins(), *guesses, entered, export(8_000, 1, **TOKYO)]
        (found,) = only("account_takeover", events)
        assert found.severity is AlertSeverity.CRITICAL
        assert "the login came right after many failed ones" in found.reasons
        assert found.source_ip == TOKYO["ip"]
        assert found.incident_key == "account|actor:mira"

    def test_what_the_owner_does_at_home_does_not_count_but_other_new_networks_do(self) -> None:
        entered = make_event(name="auth.login_success", at=0, **TOKYO)
        assert only("account_takeover", [*logins(), entered, export(60, 1)]) == []
        assert len(only("account_takeover", [*logins(), entered, export(60, 1, **OFFICE)])) == 1

    def test_an_account_without_a_history_is_not_judged(self) -> None:
        entered = make_event(name="auth.login_success", at=0, **TOKYO)
        assert only("account_takeover", [*logins(2), entered, export(60, 1, **TOKYO)]) == []

    def test_new_in_the_same_country_counts_only_behind_a_veil_or_after_guesses(self) -> None:
        carrier = {**HOME, "ip": "46.212.1.9", "asn": 2116, "ua": "Mobile Safari/iOS", "kind": "mobile"}
        entered = make_event(name="auth.login_success", at=0, **carrier)
        assert only("account_takeover", [*logins(), entered, export(60, 1, **carrier)]) == []

        vpn = {**carrier, "kind": "vpn"}
        hidden = make_event(name="auth.login_success", at=0, **vpn)
        (found,) = only("account_takeover", [*logins(), hidden, export(60, 1, **vpn)])
        assert "it came from a network behind which anybody may be" in found.reasons

        guesses = [make_event(at=-36_000 + 3_000 * n, **carrier) for n in range(10)]
        (found,) = only("account_takeover", [*logins(), *guesses, entered, export(60, 1, **carrier)])
        assert found.severity is AlertSeverity.CRITICAL

    def test_it_is_an_act_of_its_own_only_within_a_day(self) -> None:
        entered = make_event(name="auth.login_success", at=0, **TOKYO)
        assert len(only("account_takeover", [*logins(), entered, export(DAY_S, 1, **TOKYO)])) == 1
        assert only("account_takeover", [*logins(), entered, export(DAY_S + 1, 1, **TOKYO)]) == []


class TestApiKeyAbuse:
    @pytest.mark.parametrize(
        ("kind", "severity"),
        [(NetworkKind.TOR, AlertSeverity.MEDIUM), (NetworkKind.ISP, AlertSeverity.LOW), (None, AlertSeverity.LOW)],
    )
    def test_a_network_that_hides_weighs_more(self, kind: NetworkKind | None, severity: AlertSeverity) -> None:
        uses = [self.use(-HOUR_S * 12 * n, Network(asn=64_500)) for n in range(30, 0, -1)]
        (found,) = only("api_key_abuse", [*uses, self.use(0, Network(asn=64_501, kind=kind))])
        assert found.severity is severity

    def test_each_key_is_by_itself(self) -> None:
        uses = [self.use(-HOUR_S * 12 * n, Network(asn=64_500)) for n in range(30, 0, -1)]
        assert only("api_key_abuse", [*uses, self.use(0, Network(asn=64_501), key="another")]) == []

    def test_a_key_that_is_made_or_revoked_is_not_the_one_in_use(self) -> None:
        events = [make_event(name="admin.api_key_created", metadata={"key_id": "k1", "key_type": "ingest"})]
        assert only("api_key_abuse", events) == []

    @staticmethod
    def use(at: float, network: Network, key: str = "k1") -> Event:
        return make_event(name="api.key_used", at=at, actor_id=None, network=network, metadata={"key_id": key})


class TestOffHoursAdmin:
    def test_a_zone_that_the_system_does_not_know_is_utc(self) -> None:
        strange = {**HOME, "geo": Geo(country_code="NO", time_zone="Mars/Olympus")}
        acts = [self.act(-DAY_S * day, strange) for day in range(20, 0, -1)]
        (found,) = only("off_hours_admin", [*acts, self.act(9 * HOUR_S, strange)])
        assert found.description.startswith("At 21:00 by the clock of Mars/Olympus (2026-03-01T21:00:00Z)")

    def test_the_clock_follows_daylight_saving(self) -> None:
        """At 07:00 UTC it is 8 in Oslo in winter and 9 in summer: one hour of difference stays quiet either way."""
        winter = [self.act(DAY_S * day - 5 * HOUR_S, HOME) for day in range(25)]
        assert only("off_hours_admin", [*winter, self.act(DAY_S * 40 - 5 * HOUR_S, HOME)]) == []

    def test_an_evening_after_a_long_day_is_quiet(self) -> None:
        days = [self.act(-DAY_S * day, HOME) for day in range(20, 0, -1)]
        assert only("off_hours_admin", [*days, self.act(3 * HOUR_S, HOME)]) == []
        assert len(only("off_hours_admin", [*days, self.act(4 * HOUR_S, HOME)])) == 1

    def test_an_hour_at_which_a_colleague_works_is_quiet(self) -> None:
        days = [self.act(-DAY_S * day, HOME) for day in range(20, 0, -1)]
        shift = [self.act(-DAY_S * day + 8 * HOUR_S, HOME, actor_id="jonas") for day in (9, 5)]
        assert only("off_hours_admin", [*days, *shift, self.act(8 * HOUR_S, HOME)]) == []
        assert len(only("off_hours_admin", [*days, *shift[:1], self.act(8 * HOUR_S, HOME)])) == 1

    @staticmethod
    def act(at: float, where: dict[str, Any], **fields: Any) -> Event:
        return make_event(name="admin.settings_changed", at=at, **where, **fields)


@pytest.mark.parametrize("act", ["user.email_changed", "authz.role_changed"])
def test_what_follows_a_stolen_session_is_found_also_when_its_owner_s_event_comes_last(act: str) -> None:
    home = {"asn": 2119, "ua": "Firefox/Linux", "ip": "81.166.1.7"}
    thief = {"asn": 206092, "ua": "Chrome/Windows", "ip": "45.83.220.9"}
    history = [make_event(name="auth.login_success", at=-86_400 * day, number=10 - day, **home) for day in range(5, 0, -1)]
    owner = make_event(name="data.download", at=0, session_id="S", number=100, **home)
    stolen = make_event(name="data.download", at=100, session_id="S", number=101, **thief)
    done = make_event(name=act, at=200, number=102, metadata={"target": "eve", "new_role": "admin"}, **thief)
    in_order = detect([*history, owner, stolen, done])
    assert {found.detector for found in in_order} >= {"session_hijack"}
    assert len({found.detector for found in in_order}) > 1
    owner_last = detect([*history, stolen, done, owner])
    assert {found.detector for found in owner_last} == {found.detector for found in in_order}
    assert incidents(owner_last) == incidents(in_order)
