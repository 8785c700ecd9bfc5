"""A stored score comes out again from the events before it."""

import msgspec

from detection_streams import Policies
from litesoc_server.events.risk import Risk
from litesoc_server.pipeline.risk.recompute import TOLERANCE, agree, recompute
from risk_streams import ABROAD, habits, login, risks


def test_the_same_events_give_the_same_score() -> None:
    events = [*habits(20), login(0, 100, **ABROAD)]
    stored, ticks = risks(events), []
    found = recompute(events[-1].event_id, iter(events), Policies(), lambda: ticks.append(1))
    assert found.risk == stored[events[-1].event_id]
    assert found.earlier_events_count == 20
    assert len(ticks) == 21
    assert agree(stored[events[-1].event_id], found.risk)


def test_a_shorter_past_gives_another_score() -> None:
    events = [*habits(20), login(0, 100)]
    found = recompute(events[-1].event_id, events[-3:], Policies(), lambda: None)
    assert not agree(risks(events)[events[-1].event_id], found.risk)


def test_what_is_no_login_has_no_score() -> None:
    event = msgspec.structs.replace(login(0, 1), name="data.download")
    assert recompute(event.event_id, [event], Policies(), lambda: None).risk is None
    assert agree(None, None)
    assert not agree(None, Risk(1, 0.0, ()))
    assert agree(Risk(1, 0.0, ()), Risk(2, TOLERANCE, ()))
