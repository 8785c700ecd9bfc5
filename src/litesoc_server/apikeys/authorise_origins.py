"""Setting which web pages may use an organisation's keys."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from litesoc_server.apikeys.allow_lists import locked_rules
from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By, Target
from litesoc_server.audit.record import record
from litesoc_server.ingest.origins import ALWAYS_ALLOWED, ORIGINS_MAX, OriginInvalid, canonical_origin, is_wildcard
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.plan_gates import require_feature
from litesoc_server.orgs.plan_rows import plan_of
from litesoc_server.orgs.plans import Feature


@dataclass(frozen=True)
class OriginProblem:
    """One entry that cannot be taken."""

    position: int  # from 1
    text: str  # a sentence about it


class OriginsRefused(Exception):
    """The origins cannot be set like this; the text names the entries."""

    def __init__(self, problems: list[OriginProblem]) -> None:
        super().__init__("; ".join(f"line {problem.position}: {problem.text}" for problem in problems))
        self.problems = problems


def set_origins(org: Organization, entries: Sequence[str], *, by: By) -> list[str]:
    """Authorise exactly these origins, in force within 5 seconds. Returns them as they are kept.

    Blank ones are passed over, the same twice counts once, and those that are always authorised are not kept. Raises
    OriginsRefused, and PlanRestricted for wildcards.
    """
    origins = _canonical(entries)
    with transaction.atomic():
        rules = locked_rules(org)
        if origins == rules.origins:
            return origins
        plan = plan_of(org)
        if any(is_wildcard(origin) for origin in origins):
            require_feature(plan.features, Feature.WILDCARD_ORIGINS)
        limit = ORIGINS_MAX if plan.origins_limit is None else min(plan.origins_limit, ORIGINS_MAX)
        if len(origins) > limit:
            raise OriginsRefused([OriginProblem(limit + 1, f"The plan {plan.title} has room for {limit}.")])
        changes: dict[str, tuple[object, object]] = {"origins": (" ".join(rules.origins), " ".join(origins))}
        rules.origins = origins
        rules.save()
        target = Target(kind="organization", id=str(org.id), name=org.name)
        record(org_id=org.id, action=Action.ORIGINS_UPDATED, by=by, target=target, changes=changes)
    return origins


def _canonical(entries: Sequence[str]) -> list[str]:
    origins: list[str] = []
    problems: list[OriginProblem] = []
    for position, entry in enumerate(entries, start=1):
        if not entry.strip():
            continue
        try:
            origin = canonical_origin(entry)
        except OriginInvalid as error:
            problems.append(OriginProblem(position, str(error)))
            continue
        if origin not in origins and origin not in ALWAYS_ALLOWED:
            origins.append(origin)
    if problems:
        raise OriginsRefused(problems)
    return origins
