"""What was changed in a policy, as people ask for it: about one detector or some settings, and since a version."""

from collections.abc import Collection, Iterator, Mapping
from itertools import islice

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from litesoc_server.orgs.access import policy_history
from litesoc_server.orgs.models import Organization, PolicyChange
from litesoc_server.orgs.policy_values import settings
from litesoc_server.orgs.policy_view import detector_of

LISTS_OF_DETECTORS = ("muted_detectors", "severities")  # settings that hold something about each of several detectors
SHOWN_MAX = 20
_AT_ONCE = 50  # rows read: changes of long lists are long


def changes_since(org: Organization, version: int) -> list[PolicyChange]:
    """Return the newest SHOWN_MAX changes that came after ``version``, newest first."""
    return list(policy_history(org).filter(version__gt=version)[:SHOWN_MAX])


def changes_of_detector(org: Organization, detector: str) -> list[PolicyChange]:
    """Return the newest SHOWN_MAX changes of one detector's settings, its severity or whether it is muted, newest first."""
    own = [name for name in settings() if detector_of(name) == detector]
    found = _naming(org, [*own, *LISTS_OF_DETECTORS]).iterator(_AT_ONCE)
    return list(islice((change for change in found if concerns(change, detector)), SHOWN_MAX))


def changes_of_settings(org: Organization, names: Collection[str]) -> list[PolicyChange]:
    """Return the newest SHOWN_MAX changes of any of ``names``, newest first."""
    return list(_naming(org, names)[:SHOWN_MAX])


def last_changes(org: Organization, names: Collection[str]) -> Mapping[str, PolicyChange]:
    """Return the newest change of each of ``names`` that is still in the history."""
    found: dict[str, PolicyChange] = {}
    if not names:
        return found
    for change in _naming(org, names).iterator(_AT_ONCE):
        for name in changed_settings(change):
            if name in names:
                found.setdefault(name, change)
        if len(found) == len(names):
            break
    return found


def concerns(change: PolicyChange, detector: str) -> bool:
    """Return whether ``change`` is about ``detector``."""
    return any(detector_of(one["setting"]) == detector or detector in _detectors_in(one) for one in change.changes)


def changed_settings(change: PolicyChange) -> Iterator[str]:
    """Return the names of the settings that ``change`` is about."""
    return (one["setting"] for one in change.changes)


def _detectors_in(one: Mapping[str, object]) -> set[str]:
    """Return the detectors that one difference is about; only lists of detectors say so."""
    before, after = one["before"], one["after"]
    match one["setting"]:
        case "muted_detectors" if isinstance(before, list) and isinstance(after, list):
            return set(before) ^ set(after)
        case "severities" if isinstance(before, dict) and isinstance(after, dict):
            return {key for key, _ in before.items() ^ after.items()}
        case _:
            return set()


def _naming(org: Organization, names: Collection[str]) -> QuerySet[PolicyChange]:
    """Return the changes of any of ``names``. Both databases write a space after the colon, and quotes in values escaped."""
    mentioned = Q(pk__in=[])
    for name in names:
        mentioned |= Q(text__contains=f'"setting": "{name}"')
    return policy_history(org).annotate(text=Cast("changes", TextField())).filter(mentioned)
