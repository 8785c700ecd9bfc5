"""How long an audit log is kept: apart from events, and for good unless its organisation says otherwise."""

import uuid
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from litesoc_server.audit.actions import Action
from litesoc_server.audit.append_only import drop
from litesoc_server.audit.by import By
from litesoc_server.audit.checkpoints import sign
from litesoc_server.audit.keys import signing_key
from litesoc_server.audit.models import (
    AuditChain,
    AuditCheckpoint,
    AuditEntry,
    AuditValue,
    AuditVerification,
    CheckpointKind,
)
from litesoc_server.audit.record import locked_chain, record

DAYS_MIN = 90  # who wants to hide something by keeping less has to wait that long
DAYS_MAX = 36_500


class RetentionRefused(Exception):
    """No time that a log may be kept for; the text is for people."""


def retention_of(org_id: uuid.UUID) -> int | None:
    """Return for how many days the log is kept; None: for good."""
    return AuditChain.objects.filter(org_id=org_id).values_list("retention_days", flat=True).first()


def set_retention(org_id: uuid.UUID, days: int | None, *, by: By) -> None:
    """Keep the log for ``days``, or for good. Raises RetentionRefused."""
    if days is not None and not DAYS_MIN <= days <= DAYS_MAX:
        msg = f"an audit log is kept for {DAYS_MIN} to {DAYS_MAX:,} days, or for good"
        raise RetentionRefused(msg)
    with transaction.atomic():
        before = locked_chain(org_id).retention_days
        if before == days:
            return
        AuditChain.objects.filter(org_id=org_id).update(retention_days=days)
        record(org_id=org_id, action=Action.RETENTION_CHANGED, by=by, changes={"audit_log_days": (before, days)})


def drop_expired() -> int:
    """Drop what is older than its organisation keeps it, of all organisations, and return the number of entries.

    A signed checkpoint stays that says with which entry the rest begins. Raises KeyUnusable, django.db.Error.
    """
    limited = AuditChain.objects.filter(retention_days__isnull=False).values_list("org_id", flat=True)
    return sum(_drop_expired(org_id) for org_id in list(limited))


def _drop_expired(org_id: uuid.UUID) -> int:
    key = signing_key()
    with transaction.atomic():
        chain = locked_chain(org_id)
        if chain.retention_days is None:
            return 0
        oldest_kept = timezone.now() - timedelta(days=chain.retention_days)
        of_org = AuditEntry.objects.filter(org_id=org_id)
        # The newest entry stays, so that the chain goes on from it.
        last = of_org.filter(at__lt=oldest_kept, seq__lt=chain.last_seq).order_by("-seq").first()
        if last is None:
            return 0
        sign(key, CheckpointKind.START, org_id, last.seq, last.hash)
        AuditChain.objects.filter(org_id=org_id).update(first_seq=last.seq + 1, start_hash=last.hash)
        drop(AuditCheckpoint.objects.filter(org_id=org_id, seq__lt=last.seq))
        drop(AuditCheckpoint.objects.filter(org_id=org_id, seq=last.seq, kind=CheckpointKind.HEAD))
        drop(AuditValue.objects.filter(org_id=org_id, seq__lte=last.seq))
        return drop(of_org.filter(seq__lte=last.seq))


def forget_log(org_id: uuid.UUID) -> None:
    """Drop everything of an organisation that is deleted with all its data."""
    with transaction.atomic():
        locked_chain(org_id)
        for rows in (AuditValue.objects, AuditEntry.objects, AuditCheckpoint.objects):
            drop(rows.filter(org_id=org_id))
        AuditVerification.objects.filter(org_id=org_id).delete()
        AuditChain.objects.filter(org_id=org_id).delete()
