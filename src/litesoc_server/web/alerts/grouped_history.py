"""A history that people can read: firings of one detector in a row are one line."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from litesoc_server.alerts.history import HistoryLine


@dataclass(frozen=True)
class HistoryGroup:
    """One line, or several firings of one detector with nothing in between; ``line`` is the latest of them."""

    line: HistoryLine
    count: int = 1
    events_count_max: int = 0  # of the firings


def grouped(lines: Sequence[HistoryLine]) -> list[HistoryGroup]:
    """Put firings of one detector that follow each other together."""
    groups: list[HistoryGroup] = []
    for line in lines:
        before = groups[-1] if groups else None
        if line.detection is None:
            groups.append(HistoryGroup(line))
        elif before is not None and _is_same_detector(before.line, line):
            largest = max(before.events_count_max, line.detection.event_count)
            groups[-1] = replace(before, line=line, count=before.count + 1, events_count_max=largest)
        else:
            groups.append(HistoryGroup(line, events_count_max=line.detection.event_count))
    return groups


def _is_same_detector(before: HistoryLine, line: HistoryLine) -> bool:
    return (
        before.detection is not None and line.detection is not None and before.detection.detector == line.detection.detector
    )
