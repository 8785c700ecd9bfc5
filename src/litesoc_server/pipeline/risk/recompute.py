"""The score of a stored login once more, from the stored events before it."""

from collections.abc import Callable, Iterable

import msgspec

from litesoc_server.events.event import Event
from litesoc_server.events.ids import EventId
from litesoc_server.events.risk import Risk
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.pipeline.detect.runner import DetectionRunner
from litesoc_server.pipeline.policy import PolicyProvider
from litesoc_server.pipeline.risk.scorer import score
from litesoc_server.pipeline.state.memory import MemoryState

TOLERANCE = 0.05  # of log ratios: the organisation's sample may differ by a login when events arrived out of order


class Recomputed(msgspec.Struct, frozen=True):
    """What came out, and from how much."""

    risk: Risk | None  # None: no login that could be scored, or one that the policy passes over
    earlier_events_count: int


def recompute(event_id: EventId, events: Iterable[Event], policies: PolicyProvider, tick: Callable[[], None]) -> Recomputed:
    """Judge ``events``, which end with the event meant, from an empty state; ``tick`` is called for each of them."""
    runner = DetectionRunner(MemoryState(), DETECTORS, policies, score)
    risk, count = None, 0
    for event in events:
        risks = runner.run((event,)).risks
        tick()
        if event.event_id == event_id:
            risk = risks.get(event_id)
        else:
            count += 1
    return Recomputed(risk, count)


def agree(stored: Risk | None, recomputed: Risk | None) -> bool:
    """Return whether two risks of one login are the same, but for what the order of arrival may change."""
    if stored is None or recomputed is None:
        return stored is recomputed
    return abs(stored.log_ratio - recomputed.log_ratio) <= TOLERANCE
