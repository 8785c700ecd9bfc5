"""Adding an entry to an organisation's audit log."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from django.db import connection, transaction
from django.utils import timezone

from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By, Target
from litesoc_server.audit.canonical import sha256_hex
from litesoc_server.audit.entry import Entry
from litesoc_server.audit.models import AuditChain, AuditEntry, AuditValue

INSTALLATION = uuid.UUID(int=0)  # the chain of acts that concern no single organisation: accounts, backups, signing keys
_NO_CHANGES: Mapping[str, tuple[object, object]] = MappingProxyType({})


def record(
    *,
    org_id: uuid.UUID,
    action: Action,
    by: By,
    target: Target | None = None,
    changes: Mapping[str, tuple[object, object]] = _NO_CHANGES,
    note: str | None = None,
    erased: Mapping[str, str] | None = None,
) -> AuditEntry:
    """Record one act, and return its entry.

    To be called in the transaction of the act, as its last step: until that ends the chain of the organisation is locked,
    and whoever locks it first and other rows later can wait for somebody who does it the other way round. ``changes`` are
    values before and after by the name of the field; what is no number, boolean or None is kept apart and can be erased, as
    can the note and all names. ``erased`` is for `audit.erase` alone. Raises TransactionManagementError outside of a
    transaction.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("an act and its record belong into one transaction")
    entry = Entry(action=action, by=by, target=target, changes=changes, note=note)
    chain = locked_chain(org_id)
    at = _not_before(chain.last_at)
    seq = chain.last_seq + 1
    body = entry.body(org_id=org_id, seq=seq, at=at, previous=chain.head_hash, erased=erased)
    row = AuditEntry(
        org_id=org_id,
        seq=seq,
        at=at,
        action=action.value,
        principal=by.principal,
        target_kind=None if target is None else target.kind,
        target_id=None if target is None else target.id,
        body=body.decode(),
        hash=sha256_hex(body),
    )
    row.save()
    AuditValue.objects.bulk_create(
        AuditValue(org_id=org_id, seq=seq, path=path, salt=opening.salt, value=opening.value)
        for path, opening in entry.openings.items()
    )
    AuditChain.objects.filter(org_id=org_id).update(last_seq=seq, head_hash=row.hash, last_at=at)
    return row


def locked_chain(org_id: uuid.UUID) -> AuditChain:
    """Return an organisation's chain, made when it has none, locked until the transaction ends.

    On SQLite there is no lock of a row: a transaction is the only one that writes, from its begin.
    """
    found = AuditChain.objects.select_for_update().filter(org_id=org_id).first()
    if found is None:
        AuditChain.objects.bulk_create([AuditChain(org_id=org_id)], ignore_conflicts=True)
        found = AuditChain.objects.select_for_update().get(org_id=org_id)
    return found


def _not_before(last_at: datetime | None) -> datetime:
    """Return the time to the millisecond, or the time of the entry before where the clock went back."""
    now = timezone.now()
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    return now if last_at is None else max(now, last_at)
