"""Taking one change of a policy back: a new change that touches nothing else, so what others did since stays."""

from collections.abc import Mapping
from typing import Any

from litesoc_server.orgs.models import Organization, PolicyChange
from litesoc_server.orgs.policy_changes import PolicyState, change_policy, stored_policy
from litesoc_server.orgs.policy_values import settings
from litesoc_server.orgs.principals import Who

_MISSING = object()


class UndoRefused(Exception):
    """The change cannot be taken back; the text, for people, says why."""


def undo_change(org: Organization, version: int, *, who: Who) -> PolicyState:
    """Take back the change that made ``version``, and return what is stored then.

    Raises PolicyChange.DoesNotExist, UndoRefused when its settings have other values since or it is taken back already,
    PolicyInvalid when a list would grow too long, PolicyConflict when somebody else changes the policy at this moment.
    """
    change = PolicyChange.objects.get(org=org, version=version)
    stored = stored_policy(org)
    return change_policy(
        org, values_before(change, stored), who=who, expected_version=stored.version, note=f"Undoes version {version}."
    )


def can_undo(change: PolicyChange, stored: PolicyState) -> bool:
    """Return whether nothing stands against taking ``change`` back."""
    try:
        values_before(change, stored)
    except UndoRefused:
        return False
    return True


def values_before(change: PolicyChange, stored: PolicyState) -> dict[str, object]:
    """Return what has to be set to take ``change`` back: setting -> value. Raises UndoRefused."""
    wanted: dict[str, object] = {}
    for one in change.changes:
        name = one["setting"]
        if name not in settings():
            msg = f"this release has no setting {name} any more"
            raise UndoRefused(msg)
        current = stored.overrides.get(name, settings()[name].default)
        taken_back = _taken_back(one, current)
        if taken_back is _MISSING:
            raise UndoRefused("what it set has another value since: change that instead")
        if taken_back != current:
            wanted[name] = taken_back
    if not wanted:
        raise UndoRefused("it is taken back already")
    return wanted


def _taken_back(one: Mapping[str, Any], current: object) -> object:
    """Return ``current`` without what one difference did to it; _MISSING when others have changed the same since."""
    before, after = one["before"], one["after"]
    if isinstance(current, list) and isinstance(before, list) and isinstance(after, list):
        kept = [entry for entry in current if entry in before or entry not in after]
        return kept + [entry for entry in before if entry not in after and entry not in kept]
    if isinstance(current, dict) and isinstance(before, dict) and isinstance(after, dict):
        return _mapping_taken_back(before, after, current)
    return before if current in (after, before) else _MISSING


def _mapping_taken_back(before: Mapping[str, object], after: Mapping[str, object], current: dict[str, object]) -> object:
    result = dict(current)
    for key in before.keys() | after.keys():
        old, new, now = (side.get(key, _MISSING) for side in (before, after, current))
        if old == new:
            continue
        if now not in (new, old):
            return _MISSING
        if old is _MISSING:
            result.pop(key, None)
        else:
            result[key] = old
    return result
