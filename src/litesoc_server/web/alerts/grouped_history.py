"""A history that people can read: what each detector found between two things that people did is one line."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from litesoc_server.alerts.history import HistoryLine


@dataclass(frozen=True)
class HistoryGroup:
    """One line, or the firings of one detector between two things that people did; ``line`` is the latest of them."""

    line: HistoryLine
    count: int = 1
    events_count_max: int = 0  # of the firings


def grouped(lines: Sequence[HistoryLine]) -> list[HistoryGroup]:
    """Put firings of one detector together that nothing but firings lies between. ``lines`` and answer: oldest first."""
    groups: list[HistoryGroup] = []
    firings: dict[str, HistoryGroup] = {}  # since somebody last did something, by detector, in the order of their latest
    for line in lines:
        if line.detection is None:
            groups += [*firings.values(), HistoryGroup(line)]
            firings = {}
            continue
        earlier = firings.pop(line.detection.detector, None)
        firings[line.detection.detector] = _with_firing(earlier, line, line.detection.event_count)
    return [*groups, *firings.values()]


def _with_firing(earlier: HistoryGroup | None, line: HistoryLine, events_count: int) -> HistoryGroup:
    if earlier is None:
        return HistoryGroup(line, events_count_max=events_count)
    largest = max(earlier.events_count_max, events_count)
    return replace(earlier, line=line, count=earlier.count + 1, events_count_max=largest)
