"""The settings that belong to no single detector, in the sections in which people find them."""

from collections.abc import Sequence
from dataclasses import dataclass

from litesoc_server.orgs.policy_history import LISTS_OF_DETECTORS
from litesoc_server.orgs.policy_lists import LISTS
from litesoc_server.orgs.policy_values import settings
from litesoc_server.orgs.policy_view import detector_of

ALERTS = ("cool_down_ms", "cool_down_longest_ms", "storm_incidents_count", "storm_window_ms")
REPORTED = ("blocked_countries",)


@dataclass(frozen=True, kw_only=True)
class Section:
    """Some settings that are changed together."""

    slug: str
    title: str
    text: str
    names: tuple[str, ...]


def _of_no_detector() -> list[str]:
    return [name for name in settings() if detector_of(name) is None and name not in LISTS_OF_DETECTORS]


def _sections() -> Sequence[Section]:
    lists = [name for name in _of_no_detector() if name in LISTS and name not in REPORTED]
    rest = [name for name in _of_no_detector() if name not in (*ALERTS, *REPORTED, *lists)]
    return (
        Section(
            slug="allowed",
            title="Left alone",
            text=(
                "Events of these addresses, networks, actors and programs are stored, but no detector looks at them: your "
                "own offices, monitoring, load tests. A user agent can be forged by anybody: prefer the other lists."
            ),
            names=tuple(lists),
        ),
        Section(
            slug="blocked",
            title="Always reported",
            text="A login from one of these countries is an alert, whatever else is known of it.",
            names=REPORTED,
        ),
        Section(
            slug="alerts",
            title="How detections become alerts",
            text=(
                "After you settle an alert, more of the same joins it quietly for a while: the cool-down. When very many "
                "incidents come at once, further ones are gathered in one alert, a storm."
            ),
            names=ALERTS,
        ),
        Section(
            slug="memory",
            title="What is familiar",
            text="What several detectors share: how long things are remembered, and how much makes one usual.",
            names=tuple(rest),
        ),
    )


SECTIONS: Sequence[Section] = _sections()
GENERAL_NAMES: tuple[str, ...] = tuple(name for section in SECTIONS for name in section.names)


def section_of(name: str) -> Section | None:
    """Return the section that a setting stands in; None for one that belongs to a detector."""
    return next((section for section in SECTIONS if name in section.names), None)
