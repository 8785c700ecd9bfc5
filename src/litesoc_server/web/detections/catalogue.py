"""The catalogue of detectors as one organisation has them: state, settings, activity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from litesoc_server.alerts.detector_activity import DetectorActivity, detector_activity
from litesoc_server.orgs.plan_gates import PlanRestricted
from litesoc_server.orgs.plans import Feature
from litesoc_server.orgs.policy_view import DetectorInForce, detectors_in_force
from litesoc_server.pipeline.detect.base import Detector, DetectorGroup
from litesoc_server.web.detections.sentences import first_sentence
from litesoc_server.web.member import Member

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
QUERY_LENGTH_MAX = 100  # characters


class Filter(StrEnum):
    """What the catalogue can be narrowed to. The values stand in addresses."""

    ON = "on"
    MUTED = "muted"
    NOT_IN_PLAN = "not_in_plan"
    CHANGED = "changed"

    @property
    def heading(self) -> str:
        """As a tab says it."""
        return {"on": "On", "muted": "Muted", "not_in_plan": "Not in the plan", "changed": "Changed"}[self.value]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One detector in the catalogue."""

    found: DetectorInForce
    activity: DetectorActivity
    required_plan: str | None  # the smallest plan that includes it, where this one does not; None: there is none

    @property
    def detector(self) -> Detector:
        """What its file says."""
        return self.found.detector

    @property
    def state(self) -> str:
        """As policy_view has it: on, muted or not_in_plan."""
        return self.found.state

    @property
    def severity(self) -> str:
        """That its alerts have: the organisation's choice, else its usual one."""
        return (self.found.severity or self.detector.severity).value

    @property
    def changed_count(self) -> int:
        """How many of its settings differ from the defaults, its severity among them."""
        return sum(setting.is_overridden for setting in self.found.settings) + (self.found.severity is not None)

    @property
    def summary(self) -> str:
        """What it does, in a sentence."""
        return first_sentence(self.detector.description)

    def passes(self, wanted: Filter) -> bool:
        """Return whether a filter lets it through."""
        return self.changed_count > 0 if wanted is Filter.CHANGED else self.state == wanted.value

    def mentions(self, text: str) -> bool:
        """Return whether every word of ``text`` stands in what is known of it."""
        detector = self.detector
        techniques = " ".join(f"{one.id} {one.name}" for one in detector.techniques)
        known = f"{detector.id} {detector.title} {detector.group} {techniques} {detector.description}".casefold()
        return all(word in known for word in text.casefold().split())


@dataclass(frozen=True, kw_only=True)
class Group:
    """Detectors that look for the same kind of thing."""

    group: DetectorGroup
    entries: Sequence[Entry]


@dataclass(frozen=True, kw_only=True)
class Tab:
    """One filter with how many detectors pass it."""

    filter: Filter | None  # None: all
    count: int

    @property
    def title(self) -> str:
        """As people read it."""
        return "All" if self.filter is None else self.filter.heading


def entries_for(member: Member) -> list[Entry]:
    """Return every detector as the member's organisation has it."""
    activity, required = activity_for(member), required_plan(member)
    return [
        Entry(found=found, activity=activity.get(found.detector.id, DetectorActivity()), required_plan=required)
        for found in detectors_in_force(member.org)
    ]


def required_plan(member: Member) -> str | None:
    """Return the plan to ask for where the member's lacks behavioural detection."""
    if Feature.BEHAVIOURAL_DETECTION in member.plan.features:
        return None
    return PlanRestricted(Feature.BEHAVIOURAL_DETECTION).required


def activity_for(member: Member, detector: str | None = None) -> Mapping[str, DetectorActivity]:
    """Return how busy the detectors were, or ``detector`` alone."""
    return detector_activity(
        org_id=member.org_id,
        environment=member.environment,
        now=moment(member),
        not_before=member.not_before,
        detector=detector,
    )


def moment(member: Member) -> datetime:
    """Return when the request came."""
    return _EPOCH + timedelta(milliseconds=member.now_ms)


def groups_of(entries: Sequence[Entry]) -> list[Group]:
    """Return the entries by what they look for; groups without any are left out."""
    by_group = {group: [entry for entry in entries if entry.detector.group is group] for group in DetectorGroup}
    return [Group(group=group, entries=found) for group, found in by_group.items() if found]


def tabs_of(entries: Sequence[Entry]) -> list[Tab]:
    """Return the filters that let something through, each with its count, all first."""
    tabs = [Tab(filter=None, count=len(entries))]
    tabs += [Tab(filter=one, count=sum(entry.passes(one) for entry in entries)) for one in Filter]
    return [tab for tab in tabs if tab.count]
