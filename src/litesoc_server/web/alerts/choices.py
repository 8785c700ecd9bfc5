"""The tabs and facets of a list of alerts, as links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import QueryDict

from litesoc_server.accounts.models import User
from litesoc_server.accounts.selectors import name_of
from litesoc_server.alerts.facets import NOBODY, Counts
from litesoc_server.alerts.models import Status
from litesoc_server.events.detection import AlertSeverity, AlertType
from litesoc_server.web.alerts.wanted import ALL, DEFAULT_TAB, Wanted
from litesoc_server.web.alerts.words import detector_title, type_title

_TITLES = {
    Status.OPEN.value: "Open",
    Status.ACKNOWLEDGED.value: "Acknowledged",
    Status.RESOLVED.value: "Resolved",
    Status.DISMISSED.value: "Marked safe",
    ALL: "All",
}
_FACET_TITLES = {"severity": "Severity", "alert_type": "Type", "detector": "Detector", "assignee": "Assignee"}
SHOWN_MAX = 8  # values of one facet; chosen ones always


@dataclass(frozen=True)
class Choice:
    """One link that narrows a list, or takes that back."""

    title: str
    count: int
    url: str
    is_chosen: bool
    value: str


@dataclass(frozen=True)
class Facet:
    """One way to narrow a list."""

    name: str
    title: str
    choices: Sequence[Choice]


def tabs_of(wanted: Wanted, counts: Counts, query: QueryDict) -> list[Choice]:
    """Return a tab for each status, and one for all."""
    numbers = {**counts.by_status, ALL: sum(counts.by_status.values())}
    return [
        Choice(
            title=title,
            count=numbers.get(tab, 0),
            url=_with(query, "status", [] if tab == DEFAULT_TAB else [tab]),
            is_chosen=wanted.tab == tab,
            value=tab,
        )
        for tab, title in _TITLES.items()
    ]


def facets_of(wanted: Wanted, counts: Counts, query: QueryDict, people: Sequence[User], me: User) -> list[Facet]:
    """Return the facets with what is worth choosing: values that would leave something, the most first, and chosen ones."""
    names = {**{str(user.id): name_of(user) for user in people}, str(me.id): "Me", NOBODY: "Nobody"}
    titles: Mapping[str, Mapping[str, str]] = {
        "severity": {severity.value: severity.value.capitalize() for severity in reversed(AlertSeverity)},
        "alert_type": {kind.value: type_title(kind.value) for kind in AlertType},
        "detector": {detector: detector_title(detector) for detector in counts.by_facet["detector"]},
        "assignee": {
            **names,
            **{user_id: "Former member" for user_id in counts.by_facet["assignee"] if user_id not in names},
        },
    }
    return [Facet(name, title, _choices(name, titles[name], wanted, counts, query)) for name, title in _FACET_TITLES.items()]


def _choices(name: str, titles: Mapping[str, str], wanted: Wanted, counts: Counts, query: QueryDict) -> list[Choice]:
    chosen = wanted.chosen.values.get(name, frozenset())
    values = [value for value in titles if counts.by_facet[name].get(value, 0) or value in chosen]
    if name != "severity":  # which has an order of its own
        values.sort(key=lambda value: (value not in chosen, -counts.by_facet[name].get(value, 0), titles[value]))
    return [
        Choice(
            title=titles[value],
            count=counts.by_facet[name].get(value, 0),
            url=_with(query, name, sorted(chosen ^ {value})),
            is_chosen=value in chosen,
            value=value,
        )
        for value in values[: max(SHOWN_MAX, len(chosen))]
    ]


def _with(query: QueryDict, name: str, values: Sequence[str]) -> str:
    changed = query.copy()
    changed.pop("after", None)
    changed.setlist(name, list(values))
    return f"?{changed.urlencode()}"
