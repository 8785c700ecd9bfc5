"""Which alert a detection belongs to once people have settled the incident's last one. Pure: numbers in, an answer out.

A settled alert cools down: for an hour after the incident was last seen, more of the same joins it quietly. What comes later
opens a new alert, and while the incident goes on each new one cools down for twice as long, up to a day. So somebody who
said "I know" is asked again after an hour, two, four, and then once a day. Something more severe always asks again, and so
does what another detector says: an incident is about one account or one address, and much may happen to that.
"""

import msgspec

from litesoc_server.events.detection import AlertSeverity, Detection
from litesoc_server.pipeline.policy import DetectionPolicy


class Cooling(msgspec.Struct, frozen=True):
    """The latest settled alert of an incident."""

    severity: AlertSeverity
    detectors: frozenset[str]  # that took part in it
    last_seen_ms: int  # event time, Unix ms
    cool_down_ms: int


def joins_quietly(settled: Cooling, detection: Detection) -> bool:
    """Return whether ``detection`` is more of what was settled, no more severe, and still within the cool-down."""
    if detection.detector not in settled.detectors or detection.severity.rank > settled.severity.rank:
        return False
    return detection.last_seen_ms <= settled.last_seen_ms + settled.cool_down_ms


def next_cool_down_ms(settled: Cooling | None, detection: Detection, policy: DetectionPolicy) -> int:
    """Return for how long the alert that ``detection`` opens will cool down, given the incident's alert before it.

    Twice as long as that one did, unless the incident was quiet for longer than the longest cool-down: then it begins anew.
    """
    longest_ms = max(policy.cool_down_ms, policy.cool_down_longest_ms)
    if settled is None or detection.first_seen_ms > settled.last_seen_ms + longest_ms:
        return policy.cool_down_ms
    return min(max(policy.cool_down_ms, 2 * settled.cool_down_ms), longest_ms)
