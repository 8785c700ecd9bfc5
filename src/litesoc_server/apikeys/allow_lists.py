"""Setting from which addresses keys may be used, with a warning before somebody is locked out."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from litesoc_server.apikeys.change_key import require_active
from litesoc_server.apikeys.models import AccessRules, ApiKey
from litesoc_server.apikeys.selectors import lately_used_keys
from litesoc_server.apikeys.targets import target_of
from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By, Target
from litesoc_server.audit.record import record
from litesoc_server.ingest.allow_list import AllowList, AllowListInvalid, Problem, parse_allow_list
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.plan_gates import require_feature
from litesoc_server.orgs.plan_rows import plan_of
from litesoc_server.orgs.plans import Feature


@dataclass(frozen=True)
class LockedOut:
    """Somebody whom a list would keep out."""

    key: ApiKey | None  # that was used from there lately; None for whoever is saving the list
    address: str


class WouldLockOut(Exception):
    """The list leaves out addresses that are in use; saving it has to be insisted on."""

    def __init__(self, locked_out: list[LockedOut]) -> None:
        super().__init__(f"the list leaves out {len(locked_out)} addresses that are in use")
        self.locked_out = locked_out


def set_org_allow_list(org: Organization, text: str, *, is_on: bool, by: By, is_insisted: bool = False) -> None:
    """Keep the organisation's list as written, and switch it on or off; in force within 5 seconds.

    Switching off is always possible; the rest needs a plan that includes it. Raises PlanRestricted, AllowListInvalid, and
    WouldLockOut unless it is insisted on.
    """
    with transaction.atomic():
        rules = locked_rules(org)
        text = _as_lines(text)
        if is_on or text != rules.allow_list:
            require_feature(plan_of(org).features, Feature.IP_ALLOW_LIST)
        parsed = parse_allow_list(text)
        if is_on and not parsed.entry_count:
            raise AllowListInvalid([Problem(1, "There is no address yet: nobody could use any key.")])
        if is_on and not is_insisted:
            _require_nobody_locked_out(parsed, lately_used_keys(org), by)
        changes = _differences(
            {"is_on": (rules.is_allow_list_on, is_on), "allow_list": (rules.allow_list, text)},
        )
        if not changes:
            return
        rules.allow_list, rules.is_allow_list_on = text, is_on
        rules.save()
        target = Target(kind="organization", id=str(org.id), name=org.name)
        record(org_id=org.id, action=Action.ALLOW_LIST_UPDATED, by=by, target=target, changes=changes)


def set_key_allow_list(key: ApiKey, text: str, *, by: By, is_insisted: bool = False) -> None:
    """Keep a key's own list as written; one without entries is none. Raises as set_org_allow_list does, and KeyEnded."""
    with transaction.atomic():
        stored = ApiKey.objects.select_related("org").select_for_update(of=("self",)).get(pk=key.pk)
        require_active(stored)
        parsed = parse_allow_list(text)
        text = _as_lines(text) if parsed.entry_count else ""
        if text == stored.allow_list:
            return
        if text:
            require_feature(plan_of(stored.org).features, Feature.IP_ALLOW_LIST)
        if text and not is_insisted:
            mine = by if by.principal == f"key:{stored.id}" else None
            _require_nobody_locked_out(parsed, lately_used_keys(stored.org).filter(pk=stored.pk), mine)
        changes = {"allow_list": (stored.allow_list, text)}
        stored.allow_list = text
        stored.save(update_fields=["allow_list"])
        record(org_id=stored.org_id, action=Action.ALLOW_LIST_UPDATED, by=by, target=target_of(stored), changes=changes)
    key.refresh_from_db(fields=["allow_list"])


def locked_rules(org: Organization) -> AccessRules:
    """Return the organisation's rules, made if there are none, locked until the transaction ends."""
    Organization.objects.select_for_update().get(pk=org.pk)  # so that two at once do not both make them
    rules, _ = AccessRules.objects.get_or_create(org=org)
    return rules


def _require_nobody_locked_out(parsed: AllowList, keys: Iterable[ApiKey], by: By | None) -> None:
    locked_out = [
        LockedOut(key, key.last_used_from)
        for key in keys
        if key.last_used_from is not None and not parsed.includes(key.last_used_from)
    ]
    if by is not None and by.address is not None and not parsed.includes(by.address):
        locked_out.insert(0, LockedOut(None, by.address))
    if locked_out:
        raise WouldLockOut(locked_out)


def _as_lines(text: str) -> str:
    """Return the text with line ends of one kind: forms send CR LF."""
    return "\n".join(text.splitlines()).strip("\n")


def _differences(sides: dict[str, tuple[object, object]]) -> dict[str, tuple[object, object]]:
    return {name: side for name, side in sides.items() if side[0] != side[1]}
