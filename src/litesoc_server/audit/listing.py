"""Which entries of an organisation's audit log are asked for, newest first."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from litesoc_server.audit.canonical import canonical
from litesoc_server.audit.models import AuditEntry, AuditValue

_TARGET_NAME, _BY_NAME, _BY_ADDRESS = "target.name", "by.name", "by.address"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the entries have to be. None and empty: anything."""

    actions: Collection[str] = ()
    who: str | None = None  # a part of the name, or a principal
    target: str | None = None  # a part of the name, or an id
    address: str | None = None  # the beginning of the client's
    from_at: datetime | None = None
    to_at: datetime | None = None  # exclusive


def entries(org_id: uuid.UUID, wanted: Wanted, *, before: int | None = None) -> QuerySet[AuditEntry]:
    """Return the entries, newest first, those before the number ``before`` or all."""
    found: QuerySet[AuditEntry] = AuditEntry.objects.filter(org_id=org_id).order_by("-seq")
    if wanted.actions:
        found = found.filter(action__in=list(wanted.actions))
    if wanted.who:
        found = found.filter(Q(principal=wanted.who) | _has(_BY_NAME, "icontains", _inside(wanted.who)))
    if wanted.target:
        found = found.filter(Q(target_id=wanted.target) | _has(_TARGET_NAME, "icontains", _inside(wanted.target)))
    if wanted.address:
        found = found.filter(_has(_BY_ADDRESS, "startswith", f'"{_inside(wanted.address)}'))
    if wanted.from_at is not None:
        found = found.filter(at__gte=wanted.from_at)
    if wanted.to_at is not None:
        found = found.filter(at__lt=wanted.to_at)
    return found if before is None else found.filter(seq__lt=before)


def _has(path: str, lookup: str, text: str) -> Q:
    values = AuditValue.objects.filter(org_id=OuterRef("org_id"), seq=OuterRef("seq"), path=path)
    return Q(Exists(values.filter(**{f"value__{lookup}": text})))


def _inside(text: str) -> str:
    """Return ``text`` as it occurs within a stored value."""
    return canonical(text).decode()[1:-1]
