"""Signing how far each chain has come."""

import uuid

from django.db.models import F, Max, OuterRef, Q, Subquery
from django.utils import timezone

from litesoc_server.audit.entry import iso_ms
from litesoc_server.audit.keys import signing_key
from litesoc_server.audit.lines import checkpoint_content
from litesoc_server.audit.models import AuditChain, AuditCheckpoint, CheckpointKind
from litesoc_server.audit.signing import SigningKey


def sign_head(org_id: uuid.UUID) -> AuditCheckpoint | None:
    """Sign the newest entry of one chain, and return the checkpoint; the one that there is already, None without entries."""
    chain = AuditChain.objects.filter(org_id=org_id, last_seq__gt=0).first()
    if chain is None:
        return None
    newest = newest_checkpoint(org_id)
    if newest is not None and newest.seq == chain.last_seq:
        return newest
    return sign(signing_key(), CheckpointKind.HEAD, org_id, chain.last_seq, chain.head_hash)


def sign_all_heads() -> int:
    """Sign the newest entry of each chain that has one which no checkpoint signs yet, and return how many were."""
    signed = AuditCheckpoint.objects.filter(org_id=OuterRef("org_id"), kind=CheckpointKind.HEAD)
    newest = Subquery(signed.order_by().values("org_id").annotate(seq=Max("seq")).values("seq"))
    behind = AuditChain.objects.annotate(signed_seq=newest).filter(last_seq__gt=0)
    behind = behind.filter(Q(signed_seq=None) | Q(signed_seq__lt=F("last_seq")))
    return sum(sign_head(org_id) is not None for org_id in behind.values_list("org_id", flat=True))


def newest_checkpoint(org_id: uuid.UUID) -> AuditCheckpoint | None:
    """Return the newest one about the newest entries of a chain."""
    return AuditCheckpoint.objects.filter(org_id=org_id, kind=CheckpointKind.HEAD).order_by("-seq", "-id").first()


def sign(key: SigningKey, kind: CheckpointKind, org_id: uuid.UUID, seq: int, entry_hash: str) -> AuditCheckpoint:
    """Store a checkpoint about one entry, and return it."""
    now = timezone.now()
    content = checkpoint_content(
        kind=kind.value, org_id=str(org_id), seq=seq, entry_hash=entry_hash, at=iso_ms(now), key_id=key.key_id
    )
    checkpoint = AuditCheckpoint(
        org_id=org_id, kind=kind.value, seq=seq, hash=entry_hash, at=now, key_id=key.key_id, signature=key.sign(content)
    )
    checkpoint.save()
    return checkpoint
