"""Changes of a policy in words: what was different, who did it, and whether it can be taken back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from litesoc_server.orgs.models import Organization, PolicyChange
from litesoc_server.orgs.policy_changes import stored_policy
from litesoc_server.orgs.policy_undo import can_undo
from litesoc_server.orgs.policy_view import detector_of
from litesoc_server.web.detections.setting_words import LIST_SHOWN_MAX, TITLES, label_of, value_in_words


@dataclass(frozen=True, kw_only=True)
class Entries:
    """Some entries that came onto a list or went off it; of many the first."""

    shown: tuple[str, ...]
    more_count: int


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One setting before and after a change."""

    setting: str
    label: str
    detector: str | None  # id of the one that it is about
    before: str = ""
    after: str = ""
    added: Entries | None = None  # of a list
    removed: Entries | None = None
    state: str = ""  # "muted" or "on again", of a detector

    @property
    def detector_title(self) -> str:
        """The detector as people read it."""
        return TITLES.get(self.detector or "", self.detector or "")


@dataclass(frozen=True, kw_only=True)
class ShownChange:
    """One change as a page shows it."""

    change: PolicyChange
    differences: tuple[Difference, ...]
    can_undo: bool

    @property
    def through(self) -> str:
        """Where it was made, when that was no person on these pages."""
        kind = self.change.principal.partition(":")[0]
        return {"key": "through the API", "operator": "at the command line"}.get(kind, "")


def shown_changes(org: Organization, changes: Iterable[PolicyChange]) -> list[ShownChange]:
    """Return changes in words."""
    stored = stored_policy(org)
    return [
        ShownChange(
            change=change,
            differences=tuple(one for difference in change.changes for one in _differences(difference)),
            can_undo=can_undo(change, stored),
        )
        for change in changes
    ]


def last_about(changes: Iterable[ShownChange], setting: str, detector: str) -> PolicyChange | None:
    """Return the newest of ``changes`` that says something about ``detector`` in ``setting``, a list of detectors."""
    for shown in changes:
        if any(one.setting == setting and one.detector == detector for one in shown.differences):
            return shown.change
    return None


def _differences(one: Mapping[str, Any]) -> list[Difference]:
    name, before, after = one["setting"], one["before"], one["after"]
    if name == "muted_detectors" and isinstance(before, list) and isinstance(after, list):
        return [
            Difference(setting=name, label="", detector=entry, state="muted" if entry in after else "on again")
            for entry in sorted(set(before) ^ set(after))
        ]
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            Difference(
                setting=name,
                label=label_of(name),
                detector=key,
                before=str(before.get(key, "its own")),
                after=str(after.get(key, "its own")),
            )
            for key in sorted({key for key, _ in before.items() ^ after.items()})
        ]
    if isinstance(before, list) and isinstance(after, list):
        return [
            Difference(
                setting=name,
                label=label_of(name),
                detector=None,
                added=_entries([entry for entry in after if entry not in before]),
                removed=_entries([entry for entry in before if entry not in after]),
            )
        ]
    return [
        Difference(
            setting=name,
            label=label_of(name),
            detector=detector_of(name),
            before=value_in_words(name, before),
            after=value_in_words(name, after),
        )
    ]


def _entries(entries: list[object]) -> Entries | None:
    if not entries:
        return None
    return Entries(
        shown=tuple(str(entry) for entry in entries[:LIST_SHOWN_MAX]), more_count=max(0, len(entries) - LIST_SHOWN_MAX)
    )
