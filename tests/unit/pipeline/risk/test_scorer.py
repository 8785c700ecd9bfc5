"""The risk score as its readers see it: what raises it, what lowers it, what it says, and what it learns."""

from collections.abc import Sequence
from math import fsum
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import law_examples
from detection_streams import LATENESS_S, Policies, detect, late_arrivals, moved_to, stories
from factories import make_event
from litesoc_server.events.event import Event, NetworkKind
from litesoc_server.events.ids import EventId
from litesoc_server.pipeline.detect.runner import DetectionRunner
from litesoc_server.pipeline.risk.scorer import score
from litesoc_server.pipeline.state.base import Answer, Request
from litesoc_server.pipeline.state.memory import MemoryState
from risk_streams import (
    ABROAD,
    DAY_S,
    HOME,
    HOUR_S,
    OTHER_PROVIDER,
    SAME_PROVIDER,
    habits,
    login,
    risk_of,
    risks,
    scoring_runner,
    texts_of_familiarity,
    weights,
)

OTHER_ORG = "7c1d0c0e-2b5e-4a3f-9c55-1d2f3a4b5c6d"
NOTHING_TO_COMPARE = "no login of this account older than 10 minutes is known: nothing to compare with"
laws = settings(max_examples=law_examples.of(60))


def test_the_further_from_home_the_riskier() -> None:
    history = habits(20)
    scores = [
        risk_of(login(0, 100, **origin), history).log_ratio
        for origin in (HOME, SAME_PROVIDER, OTHER_PROVIDER, ABROAD, ABROAD | {"ua": "Chrome/Windows"})
    ]
    assert scores == sorted(scores)
    assert len(set(scores)) == len(scores)


def test_an_address_never_seen_anywhere_does_not_score_low() -> None:
    """The trap of smoothing a user's and everybody's frequencies alike: both are tiny, and their ratio is harmless."""
    history = habits(30) + [login(-n * HOUR_S, 200 + n, actor_id=f"other-{n}") for n in range(40)]
    history.sort(key=lambda event: event.occurred_at_ms)
    usual, new = risk_of(login(0, 900), history), risk_of(login(0, 900, **ABROAD), history)
    assert weights(new)["network"] > 3
    assert weights(new)["place"] > 0
    assert usual.score < 15
    assert new.score > 70


@pytest.mark.parametrize("events", [habits(1), habits(9), [*habits(9), login(0, 100, **ABROAD)]])
def test_the_contributions_add_up_and_come_weightiest_first(events: list[Event]) -> None:
    for risk in risks(events).values():
        assert risk.log_ratio == pytest.approx(fsum(one.weight for one in risk.contributions), abs=0.0006)
        sizes = [abs(one.weight) for one in risk.contributions]
        assert sizes == sorted(sizes, reverse=True)
        assert 0 <= risk.score <= 100
        assert all(one.text for one in risk.contributions)


def test_the_words_name_what_is_new() -> None:
    texts = [one.text for one in risk_of(login(0, 100, **ABROAD), habits(20)).contributions]
    assert texts[0] == "new country JP"
    assert "known user agent" in texts
    assert "JP is new in the organisation" in texts


def test_a_first_login_is_neither_vouched_for_nor_held_against_anybody() -> None:
    risk = risk_of(login(0, 1))
    assert weights(risk)["network"] == 0
    assert "agent" not in weights(risk)
    assert NOTHING_TO_COMPARE in {one.text for one in risk.contributions}


def test_logins_of_the_last_minutes_are_no_comparison_and_nobody_says_that_there_were_none() -> None:
    risk = risk_of(login(0, 3), [login(-240, 1), login(-120, 2)])
    assert NOTHING_TO_COMPARE in {one.text for one in risk.contributions}
    older = risk_of(login(0, 3), [login(-600, 1), login(-120, 2)])
    assert NOTHING_TO_COMPARE not in {one.text for one in older.contributions}


def test_failures_just_before_raise_it() -> None:
    history = habits(10)
    failures = [make_event(at=-60 + n, number=50 + n, ip="198.51.100.7") for n in range(6)]
    calm, attacked = risk_of(login(0, 100), history), risk_of(login(0, 100), [*history, *failures])
    assert attacked.log_ratio > calm.log_ratio + 3
    guessed = risk_of(login(0, 100, **ABROAD | {"ip": "198.51.100.7"}), [*history, *failures])
    assert weights(guessed)["address_failures"] > 0


def test_a_device_id_that_is_known_vouches_and_a_new_one_does_not() -> None:
    def with_id(event: Event, device_id: str) -> Event:
        assert event.device is not None
        return msgspec.structs.replace(event, device=msgspec.structs.replace(event.device, id=device_id))

    history = [with_id(event, "laptop") for event in habits(10)]
    own = risk_of(with_id(login(0, 100, **SAME_PROVIDER), "laptop"), history)
    foreign = risk_of(with_id(login(0, 100, **SAME_PROVIDER), "attacker's"), history)
    unsent = risk_of(login(0, 100, **SAME_PROVIDER), history)
    without_ids = risk_of(login(0, 100, **SAME_PROVIDER), habits(10))
    assert own.log_ratio < without_ids.log_ratio - 4
    assert foreign.log_ratio > without_ids.log_ratio + 2
    assert without_ids.log_ratio < unsent.log_ratio < foreign.log_ratio


def test_tor_is_worse_than_a_home_line() -> None:
    history = habits(10, kind=NetworkKind.ISP)
    isp = risk_of(login(0, 100, kind=NetworkKind.ISP, **OTHER_PROVIDER), history)
    tor = risk_of(login(0, 100, kind=NetworkKind.TOR, **OTHER_PROVIDER), history)
    assert tor.log_ratio > isp.log_ratio + 4


def test_the_unusual_hour_and_the_long_pause_count() -> None:
    usual, night = risk_of(login(0, 100), habits(30)), risk_of(login(14 * HOUR_S, 100), habits(30))
    assert weights(usual)["hour_of_week"] < 0 < weights(night)["hour_of_week"]
    assert weights(risk_of(login(120 * DAY_S, 100), habits(30)))["idle"] > 1


def test_where_addresses_cannot_be_looked_up_nothing_about_networks_is_held_against_anybody() -> None:
    unknown = {"geo": None, "asn": None, "as_org": None}
    risk = risk_of(login(0, 100, **unknown | {"ip": "203.0.113.77"}), habits(10, **unknown))
    assert "network" not in weights(risk)


def test_an_office_that_many_use_is_no_surprise() -> None:
    office = OTHER_PROVIDER | {"ip": "193.157.1.1"}
    colleagues = [login(-n * HOUR_S, 300 + n, actor_id=f"colleague-{n % 9}", **office) for n in range(60, 0, -1)]
    history = sorted([*habits(10), *colleagues], key=lambda event: event.occurred_at_ms)
    assert weights(risk_of(login(0, 100, **office), history))["place"] < -3


def test_what_is_used_becomes_familiar_and_is_forgotten() -> None:
    moved = [login(DAY_S * n, 200 + n, **OTHER_PROVIDER) for n in range(12)]
    found = risks([*habits(10), *moved])
    ratios = [found[event.event_id].log_ratio for event in moved]
    assert ratios[1] < ratios[0] - 4
    late = risk_of(login(500 * DAY_S, 300, **OTHER_PROVIDER), [*habits(10), moved[0]])
    assert weights(late)["network"] == 0  # nothing is left to compare with


def test_a_suspicious_login_teaches_nothing() -> None:
    failures = [make_event(at=-700 + n, number=50 + n, **ABROAD) for n in range(12)]
    taken_over = login(-600, 70, **ABROAD)
    again = login(HOUR_S, 100, **ABROAD)
    learned = risk_of(again, [*habits(10), taken_over])
    contested = risk_of(again, [*habits(10), *failures, taken_over])
    assert weights(contested)["network"] > 3
    assert weights(learned)["network"] < -2


@laws
@given(events=stories(), seed=st.integers(0, 2**32))
def test_the_order_of_arrival_changes_no_familiarity(events: list[Event], seed: int) -> None:
    """Marks of detectors aside, and failures just before and the organisation's tiny sample: these go by what is here."""
    in_order, late = (
        DetectionRunner(MemoryState(), (), Policies(), score).run(stream).risks
        for stream in (events, late_arrivals(events, seed))
    )
    assert in_order.keys() == late.keys()
    for event_id, risk in in_order.items():
        assert texts_of_familiarity(risk) == texts_of_familiarity(late[event_id])


@laws
@given(events=stories(), seed=st.integers(0, 2**32))
def test_redelivery_changes_no_score(events: list[Event], seed: int) -> None:
    """Where no detector has marked a login meanwhile: from then on it is not counted among the owner's."""
    newest_ms = max(event.occurred_at_ms for event in events)
    again = [event for event in events if event.occurred_at_ms >= newest_ms - LATENESS_S * 1000]
    Random(seed).shuffle(again)
    runner = DetectionRunner(MemoryState(), (), Policies(), score)
    first = runner.run(events).risks
    assert runner.run(again).risks.items() <= first.items()


@laws
@given(ours=stories(), theirs=stories())
def test_one_organisation_never_changes_the_scores_of_another(ours: list[Event], theirs: list[Event]) -> None:
    renamed = [
        msgspec.structs.replace(event, event_id=EventId("f" + event.event_id[1:])) for event in moved_to(OTHER_ORG, theirs)
    ]
    mixed = risks(sorted([*ours, *renamed], key=lambda event: event.occurred_at_ms))
    assert {event_id: risk for event_id, risk in mixed.items() if not event_id.startswith("f")} == risks(ours)


@laws
@given(events=stories())
def test_scoring_changes_no_detection(events: list[Event]) -> None:
    assert scoring_runner().run(events).detections == detect(events)


def test_a_busy_service_keeps_its_past_and_costs_one_memory_in_five_minutes() -> None:
    events = [login(-HOUR_S + n, n + 1, actor_id="robot") for n in range(3_600)]
    assert weights(risk_of(login(60, 9_000, actor_id="robot"), events))["network"] < -2


def test_an_actor_who_is_everywhere_at_once_still_has_a_past() -> None:
    pods = [{"ip": f"10.0.{n}.1", "geo": "Oslo", "asn": 64_500 + n} for n in range(20)]
    events = [login(-HOUR_S + n * 3, n + 1, actor_id="robot", **pods[n % 20]) for n in range(1_200)]
    assert "network" in weights(risk_of(login(0, 9_000, actor_id="robot", **pods[3]), events))


def test_nobody_in_particular_gets_no_score() -> None:
    masked = make_event(name="auth.login_success", is_redacted=True, number=1)
    assert risks([masked, make_event(name="auth.login_success", actor_id=None, number=2)]) == {}


class Watched:
    """A state that writes down what it is asked."""

    def __init__(self) -> None:
        self._state = MemoryState()
        self.asked: list[Request] = []

    def answer(self, requests: Sequence[Request]) -> list[Answer]:
        self.asked += requests
        return self._state.answer(requests)


@pytest.mark.parametrize(("origin", "most"), [(HOME, 7), (ABROAD, 8)])
def test_a_login_costs_few_requests(origin: dict[str, Any], most: int) -> None:
    """The eighth asks what failed at an address that is new. Two of seven are the organisation's sample."""
    counts = []
    for scorer in (score, None):
        state = Watched()
        runner = DetectionRunner(state, (), Policies(), scorer)
        runner.run(habits(20))
        state.asked.clear()
        runner.run([login(0, 100, **origin)])
        counts.append(len(state.asked))
    assert counts[0] - counts[1] <= most
