"""The only doors to audit logs."""

import uuid
from datetime import datetime

from litesoc_server.audit.actions import Action
from litesoc_server.audit.models import AuditChain, AuditEntry, AuditVerification


def get_entry(org_id: uuid.UUID, seq: int) -> AuditEntry:
    """Return one entry of an organisation's log. Raises AuditEntry.DoesNotExist."""
    found: AuditEntry = AuditEntry.objects.get(org_id=org_id, seq=seq)
    return found


def count_acts(org_id: uuid.UUID, action: Action, *, target_id: str, since: datetime) -> int:
    """Return how often ``action`` was done to a target since a moment."""
    found = AuditEntry.objects.filter(org_id=org_id, action=action, target_id=target_id, at__gte=since)
    return int(found.count())


def chain_of(org_id: uuid.UUID) -> AuditChain:
    """Return where an organisation's log begins and ends; an empty one when nothing was recorded yet."""
    return AuditChain.objects.filter(org_id=org_id).first() or AuditChain(org_id=org_id)


def verification_of(org_id: uuid.UUID) -> AuditVerification | None:
    """Return what came of the last look through it; None when there was none yet."""
    return AuditVerification.objects.filter(org_id=org_id).first()
