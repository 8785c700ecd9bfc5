"""What changes a stored policy: compare-and-set on its version, with a bounded history."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone

from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import Target
from litesoc_server.audit.record import record
from litesoc_server.orgs.models import Organization, PolicyChange, StoredPolicy
from litesoc_server.orgs.policy_values import checked, require_few, require_settings, settings, usable
from litesoc_server.orgs.principals import Who
from litesoc_server.pipeline.normalise.text import clean_text

FIRST_VERSION = 1  # of a policy that nobody has changed: the defaults
ATTEMPTS_MAX = 20  # against others, where the caller did not say which version is to be changed
NOTE_LENGTH_MAX = 2_000  # characters
CHANGES_KEPT_MAX = 1_000  # per organisation, the newest; years of changes that people make


class PolicyConflict(Exception):
    """Somebody else has changed the policy meanwhile; the text is for people."""

    def __init__(self, text: str, version: int) -> None:
        super().__init__(text)
        self.version = version  # that the policy is at now


@dataclass(frozen=True, kw_only=True)
class PolicyState:
    """What an organisation has stored, or would have."""

    version: int
    overrides: Mapping[str, object]


def stored_policy(org: Organization) -> PolicyState:
    """Return what is stored for ``org``."""
    row = StoredPolicy.objects.filter(org=org).first()
    if row is None:
        return PolicyState(version=FIRST_VERSION, overrides={})
    return PolicyState(version=row.version, overrides=row.overrides)


def unfitting_policies() -> dict[str, tuple[str, ...]]:
    """Return the settings that are stored and do not fit this release, by slug; for the operator, who sees all."""
    found = {}
    for row in StoredPolicy.objects.select_related("org").order_by("org__slug"):
        _, problems = usable(row.overrides)
        if problems:
            found[row.org.slug] = tuple(problem.setting for problem in problems)
    return found


def change_policy(
    org: Organization,
    changes: Mapping[str, object],
    *,
    who: Who,
    expected_version: int | None = None,
    note: str | None = None,
) -> PolicyState:
    """Set each of ``changes`` (setting -> value as JSON has it; None: back to the default) and return what is stored then.

    All of them or none. Without ``expected_version`` the newest policy is changed, whatever it is. Changes that change
    nothing leave no trace. Raises PolicyInvalid, or PolicyConflict when the policy is not at ``expected_version`` or others
    keep changing it.
    """
    require_few(changes)
    resets = {name for name, value in changes.items() if value is None}
    values = checked({name: value for name, value in changes.items() if value is not None})
    for _ in range(ATTEMPTS_MAX):
        current = stored_policy(org)
        if expected_version not in (None, current.version):
            text = (
                f"somebody else has changed the policy: it is at version {current.version} now, and this change was made "
                f"for version {expected_version}; read it again, look at what is different, and repeat the change"
            )
            raise PolicyConflict(text, current.version)
        require_settings(resets - current.overrides.keys())  # one that this release no longer knows can be taken out
        wanted = {
            name: value
            for name, value in {**current.overrides, **values}.items()
            if name not in resets and (name not in values or value != settings()[name].default)
        }
        if wanted == current.overrides:
            return current
        if _set_if_unchanged(org, current, wanted, who=who, note=note):
            return PolicyState(version=current.version + 1, overrides=wanted)
    text = "others are changing the policy at the same moment; try again"
    raise PolicyConflict(text, stored_policy(org).version)


def _set_if_unchanged(
    org: Organization, current: PolicyState, wanted: Mapping[str, object], *, who: Who, note: str | None
) -> bool:
    version, now = current.version + 1, timezone.now()
    try:
        with transaction.atomic():
            if current.version == FIRST_VERSION:
                StoredPolicy.objects.create(org=org, version=version, overrides=wanted, updated_at=now)
            else:
                unchanged = StoredPolicy.objects.filter(org=org, version=current.version)
                if unchanged.update(version=version, overrides=wanted, updated_at=now) == 0:
                    return False
            differences = _differences(current.overrides, wanted)
            PolicyChange.objects.create(
                org=org,
                version=version,
                changes=differences,
                note=None if note is None else clean_text(note),
                by=who.by,
                principal=who.principal,
                at=now,
            )
            PolicyChange.objects.filter(org=org, version__lte=version - CHANGES_KEPT_MAX).delete()
            record(
                org_id=org.pk,
                action=Action.POLICY_UPDATED,
                by=who.audit_by,
                target=Target(kind="policy", id=str(version), name=f"version {version}"),
                changes={str(one["setting"]): (one["before"], one["after"]) for one in differences},
                note=note,
            )
    except IntegrityError:  # somebody else has just made the first change
        return False
    return True


def _differences(before: Mapping[str, object], after: Mapping[str, object]) -> list[dict[str, object]]:
    """Return what is different, with the values in force before and after."""
    defaults = {name: setting.default for name, setting in settings().items()}
    old, new = {**defaults, **before}, {**defaults, **after}
    return [
        {"setting": name, "before": old.get(name), "after": new.get(name)}
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name)
    ]
