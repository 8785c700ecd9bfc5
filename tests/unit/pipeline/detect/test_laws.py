"""Laws that hold for all detectors together, whatever happens."""

from collections.abc import Sequence
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import law_examples
from detection_streams import (
    Policies,
    detect,
    ids,
    incidents,
    late_arrivals,
    lately,
    make_moment,
    moved_to,
    new_runner,
    stories,
)
from litesoc_server.events.detection import EVIDENCE_EVENTS_MAX
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Actor, Event
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.pipeline.detect.runner import DetectionRunner
from litesoc_server.pipeline.risk.scorer import score
from litesoc_server.pipeline.state.base import Answer, Request
from litesoc_server.pipeline.state.memory import MemoryState

OTHER_ORG = "7c1d0c0e-2b5e-4a3f-9c55-1d2f3a4b5c6d"

seeds = st.integers(0, 2**32)


@given(events=stories(), seed=seeds)
def test_the_incidents_do_not_depend_on_the_order_of_arrival(events: list[Event], seed: int) -> None:
    assert incidents(detect(late_arrivals(events, seed))) == incidents(detect(events))


@given(events=stories(), stored_share=st.floats(0, 1), processed_share=st.floats(0, 1))
def test_a_crash_changes_no_detection_id(events: list[Event], stored_share: float, processed_share: float) -> None:
    stored_count = round(stored_share * len(events))
    processed_count = stored_count + round(
        processed_share * (len(events) - stored_count)
    )  # before the crash, not all stored

    before = new_runner().run(events[:processed_count]).detections
    runner = new_runner()
    assert runner.rebuild(events[:stored_count]) == stored_count
    after = runner.run(events[stored_count:]).detections

    assert ids(before) | ids(after) == ids(detect(events))


@given(events=stories(), seed=seeds, stored_share=st.floats(0, 1))
def test_a_crash_changes_no_incident_when_events_arrive_late(events: list[Event], seed: int, stored_share: float) -> None:
    events = late_arrivals(events, seed)
    stored_count = round(stored_share * len(events))
    stored = sorted(events[:stored_count], key=lambda event: (event.occurred_at_ms, event.event_id))

    before = new_runner().run(events[:stored_count]).detections
    runner = new_runner()
    runner.rebuild(stored)
    after = runner.run(events[stored_count:]).detections

    assert incidents([*before, *after]) == incidents(detect(events))


@given(events=stories(), seed=seeds)
def test_redelivery_changes_no_detection_id(events: list[Event], seed: int) -> None:
    again = [event for event in lately(events) for _ in range(2)]
    Random(seed).shuffle(again)
    runner = new_runner()
    first = runner.run(events).detections
    assert ids(runner.run(again).detections) <= ids(first)


@given(events=stories(), sizes=st.lists(st.integers(1, 20), min_size=1))
def test_batch_boundaries_mean_nothing(events: list[Event], sizes: list[int]) -> None:
    runner, found, rest = new_runner(), [], list(events)
    for size in sizes:
        found += runner.run(rest[:size]).detections
        rest = rest[size:]
    found += runner.run(rest).detections
    assert found == detect(events)


@given(ours=stories(), theirs=stories(), seed=st.randoms(use_true_random=False))
def test_one_organisation_never_changes_the_results_of_another(ours: list[Event], theirs: list[Event], seed: Any) -> None:
    mixed, left, right = [], list(ours), moved_to(OTHER_ORG, theirs)
    while left or right:
        mixed.append((left if left and (not right or seed.random() < 0.5) else right).pop(0))
    assert [found for found in detect(mixed) if found.org_id != OTHER_ORG] == detect(ours)


@given(live=stories(max_scenes=5), test=stories(max_scenes=5))
def test_test_keys_never_mix_with_live_ones(live: list[Event], test: list[Event]) -> None:
    tested = [msgspec.structs.replace(event, environment=Environment.TEST) for event in test]
    live = [renamed(event, {name: f"test|{name}" for name in NAMES}) for event in live]
    found = detect([*tested, *live])
    assert [one for one in found if one.environment is Environment.LIVE] == detect(live)
    assert ids(one for one in found if one.environment is Environment.TEST).isdisjoint(ids(detect(live)))


# Names that look like what stands before or behind names in keys.
ODD_NAMES = (
    *("x", "x|as usual", "as usual|x", "x|unknown", "unknown|x", "known|x", "test|x", "approved|x", "role:analyst", "|x"),
    *("by role|analyst", "203.0.113.40|x", "198.51.0.0|x", "198.51.0.0", "anywhere|x", "x\x1f1", "x\x1e11", "60000|x"),
    *("133.11.93.1|approved|x", "x|198.51.0.0", "failed|x"),
)
NAMES = ("mira", "jonas", "root", "newcomer", *(f"colleague {n}" for n in range(40)))


def crowd() -> list[Event]:
    """Return a day on which much happens to many actors at the same time; all but the first are known before."""
    names, masked = NAMES[: len(ODD_NAMES)], Actor("[REDACTED]", is_redacted=True)
    moments = [(-86_400.0 * day, "login", name, "home") for name in names[1:] for day in (4, 3, 2, 1)]
    for name in names:
        moments += [(5.0 * n, "fail", name, "script" if n else "home") for n in range(20)]
        moments += [(600 + 5.0 * n, "deny", name, "script") for n in range(6)]
        moments += [(630.0, "approve", name, "tokyo"), (640.0, "login", name, "tokyo"), (650.0, "password", name, "tokyo")]
        moments += [(700.0, "export", name, "tokyo")] * 8
        moments += [(3_600 + 300.0 * n, "fail", name, f"bot {n % 2}") for n in range(12)]
    moments.sort(key=lambda moment: moment[0])
    events = [make_moment(number, *moment) for number, moment in enumerate(moments)]
    return [
        *events,
        *(
            msgspec.structs.replace(make_moment(len(events) + n, 8_000, "fail", "mira", f"bot {n}"), actor=masked)
            for n in range(8)
        ),
    ]


@given(events=stories(), odd_names=st.permutations(ODD_NAMES))
@example(events=crowd(), odd_names=ODD_NAMES)
def test_what_actors_are_called_decides_nothing(events: list[Event], odd_names: Sequence[str]) -> None:
    """Whatever is asked of the state is asked of as many different keys, members and values as with plain names."""
    called = dict(zip(NAMES, [*odd_names, *(f"{name}|x" for name in NAMES)], strict=False))
    plain, odd = asked(events), asked([renamed(event, called) for event in events])
    assert len(plain) == len(odd)
    for field in ("member", "value"):
        pairs = {
            (one.key, getattr(one, field, ""), other.key, getattr(other, field, ""))
            for one, other in zip(plain, odd, strict=True)
        }
        assert len({pair[:2] for pair in pairs}) == len(pairs) == len({pair[2:] for pair in pairs})


def asked(events: list[Event]) -> list[Request]:
    """Return all that detectors ask of the state about ``events``, in order."""
    state = ListeningState()
    DetectionRunner(state, DETECTORS, Policies(), score).run(events)
    return state.heard


class ListeningState(MemoryState):
    """A state that keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Request] = []

    def answer_one(self, request: Request) -> Answer:
        self.heard.append(request)
        return super().answer_one(request)


def renamed(event: Event, called: dict[str, str]) -> Event:
    """Return ``event`` with its actor and its target called otherwise; a masked actor stays masked."""
    if event.actor is None or event.actor.is_redacted:
        return event
    metadata = msgspec.json.decode(event.metadata)
    if "target_id" in metadata:
        metadata["target_id"] = called[metadata["target_id"]]
    if "target" in metadata:
        metadata["target"]["id"] = called[metadata["target"]["id"]]
    return msgspec.structs.replace(
        event, actor=Actor(called[event.actor.id]), metadata=msgspec.Raw(msgspec.json.encode(metadata))
    )


@pytest.mark.parametrize(
    ("detector", "setting", "low", "high"),
    [
        ("brute_force_address", "brute_force_address_failures_count", 3, 9),
        ("brute_force_account", "brute_force_account_failures_count", 4, 11),
        ("account_probing", "account_probing_addresses_count", 2, 4),
        ("slow_brute_force", "slow_brute_force_gap_min_ms", 60_000, 600_000),
        ("password_spray", "password_spray_accounts_count", 6, 12),
        ("credential_stuffing", "credential_stuffing_accounts_count", 10, 30),
        ("success_after_failures", "success_after_failures_count", 3, 8),
        ("impossible_travel", "impossible_travel_speed_kmh", 300.0, 5_000.0),
        ("impossible_travel", "impossible_travel_distance_km", 100.0, 7_000.0),
        ("risky_login", "risky_login_likelihood_ratio", 100.0, 100_000.0),
        ("risky_login", "risky_login_known_device_likelihood_ratio", 1_000.0, 100_000.0),
        ("privilege_escalation", "privilege_escalation_grants_count", 2, 5),
        ("mass_data_access", "mass_data_access_deletions_count", 60, 200),
        ("mass_data_access", "mass_data_access_rows_count", 500, 2_000),
        ("mass_data_access", "mass_data_access_own_factor", 2.0, 9.0),
        ("account_takeover", "account_takeover_stages_count", 2, 3),
        ("api_key_abuse", "api_key_abuse_uses_count", 10, 30),
        ("off_hours_admin", "off_hours_admin_days_count", 5, 25),
    ],
)
@settings(max_examples=law_examples.of(40))
@given(events=stories())
def test_a_higher_threshold_never_fires_more(
    events: list[Event], detector: str, setting: str, low: float, high: float
) -> None:
    """Of the detector whose threshold it is: others learn from what fires, and may know more when less does."""
    fired_high = [one for one in detect(events, **{setting: high}) if one.detector == detector]
    fired_low = [one for one in detect(events, **{setting: low}) if one.detector == detector]
    assert incidents(fired_high) <= incidents(fired_low)


@given(events=stories())
def test_every_detection_explains_itself(events: list[Event]) -> None:
    known = {event.event_id for event in events}
    for found in detect(events):
        assert found.reasons
        assert found.facts
        assert found.ruled_out
        assert found.actions
        assert any(character.isdigit() for character in " ".join(found.reasons)) or found.detector == "privilege_escalation"
        assert set(found.event_ids) <= known
        assert found.trigger_event_id in known
        assert 0 < len(found.event_ids) <= min(EVIDENCE_EVENTS_MAX, found.event_count)
        assert found.first_seen_ms <= found.last_seen_ms
        assert len(found.detection_id) == 32
