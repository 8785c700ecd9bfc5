"""Muting a detector, and letting it speak again: a change of one entry, whatever others change at the same time."""

from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.policy_changes import ATTEMPTS_MAX, PolicyConflict, PolicyState, change_policy, stored_policy
from litesoc_server.orgs.policy_values import settings
from litesoc_server.orgs.principals import Who

_LIST = "muted_detectors"


def set_muted(org: Organization, detector: str, *, is_muted: bool, who: Who, note: str | None) -> PolicyState:
    """Mute ``detector``, or let it speak again; what is so already leaves no trace.

    Raises PolicyInvalid for what is no detector, PolicyConflict when others keep changing the policy.
    """
    for _ in range(ATTEMPTS_MAX):
        stored = stored_policy(org)
        muted = stored.overrides.get(_LIST, settings()[_LIST].default)
        assert isinstance(muted, list)  # it was checked when it was stored
        others = [one for one in muted if one != detector]
        wanted = [*others, detector] if is_muted else others
        try:
            return change_policy(org, {_LIST: wanted}, who=who, expected_version=stored.version, note=note)
        except PolicyConflict:
            continue
    text = "others are changing the policy at the same moment; try again"
    raise PolicyConflict(text, stored_policy(org).version)
