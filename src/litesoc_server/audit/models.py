"""The rows of the audit log; docs/decisions/0025-the-audit-chain.md says why they are these."""

from django.db import models
from django.db.models.functions import Left

from litesoc_server.audit.append_only import AppendOnlyManager, AppendOnlyModel
from litesoc_server.audit.entry import HASH_LENGTH, NOTHING_BEFORE

VALUE_INDEXED_LENGTH = 100  # characters


class AuditChain(models.Model):
    """Where one organisation's chain begins and ends. Whoever adds an entry locks this row, so there is one at a time."""

    org_id = models.UUIDField(primary_key=True, editable=False)
    first_seq = models.PositiveBigIntegerField(default=1)  # of the oldest entry that retention has left
    start_hash = models.CharField(max_length=HASH_LENGTH, default=NOTHING_BEFORE)  # of the entry before that one
    last_seq = models.PositiveBigIntegerField(default=0)
    head_hash = models.CharField(max_length=HASH_LENGTH, default=NOTHING_BEFORE)  # of the newest entry
    last_at = models.DateTimeField(null=True)  # entries never go back in time, also when the clock does
    retention_days = models.PositiveIntegerField(null=True)  # None = for good

    def __str__(self) -> str:
        return f"audit log of {self.org_id}, {self.last_seq} entries"


class AuditEntry(AppendOnlyModel):
    """One act. ``body`` is what is hashed; the other columns repeat what lists are filtered by."""

    org_id = models.UUIDField()
    seq = models.PositiveBigIntegerField()  # 1, 2, 3, … of each organisation
    at = models.DateTimeField()
    action = models.CharField(max_length=60)  # audit.actions.Action; a name that a later release added is kept as it is
    principal = models.CharField(max_length=100)
    target_kind = models.CharField(max_length=40, null=True)
    target_id = models.CharField(max_length=100, null=True)
    body = models.TextField()  # canonical JSON, see audit.entry
    hash = models.CharField(max_length=HASH_LENGTH)

    objects = AppendOnlyManager["AuditEntry"]()

    class Meta:
        verbose_name = "entry"
        verbose_name_plural = "entries"
        ordering = ["org_id", "-seq"]
        constraints = [models.UniqueConstraint(name="audit_each_number_once", fields=["org_id", "seq"])]
        indexes = [
            models.Index(name="audit_entries_by_action", fields=["org_id", "action", "-seq"]),
            models.Index(name="audit_entries_by_principal", fields=["org_id", "principal", "-seq"]),
            models.Index(name="audit_entries_by_target", fields=["org_id", "target_id", "-seq"]),
            models.Index(name="audit_entries_by_time", fields=["org_id", "at"]),
        ]

    def __str__(self) -> str:
        return f"{self.action} ({self.seq})"


class AuditValue(AppendOnlyModel):
    """One value that an entry commits to. Erasing somebody deletes the row: value and salt."""

    org_id = models.UUIDField()
    seq = models.PositiveBigIntegerField()
    path = models.CharField(max_length=150)  # where it belongs in the entry: "by.name", "changes.role.after", …
    salt = models.CharField(max_length=64)  # hexadecimal
    value = models.TextField()  # canonical JSON (may be personal data)

    objects = AppendOnlyManager["AuditValue"]()

    class Meta:
        verbose_name = "value"
        constraints = [models.UniqueConstraint(name="audit_each_value_once", fields=["org_id", "seq", "path"])]
        # By the start of the value only: it may be longer than PostgreSQL's index rows.
        indexes = [models.Index("org_id", "path", Left("value", VALUE_INDEXED_LENGTH), "seq", name="audit_values_by_text")]

    def __str__(self) -> str:
        return f"{self.path} of {self.seq}"


class AuditKey(AppendOnlyModel):
    """The public half of a key that signs checkpoints. Keys that were used once stay listed."""

    key_id = models.CharField(max_length=16, unique=True)  # the start of the SHA-256 digest of the public key
    public_key = models.CharField(max_length=64)  # Ed25519, hexadecimal
    made_at = models.DateTimeField()
    endorsed_by = models.CharField(max_length=16, null=True)  # the key before it; None of a first one
    endorsement = models.CharField(max_length=128, null=True)  # the signature of that key
    proof = models.CharField(max_length=128, null=True)  # its own signature: it does follow that key

    objects = AppendOnlyManager["AuditKey"]()

    class Meta:
        verbose_name = "signing key"
        ordering = ["made_at", "id"]

    def __str__(self) -> str:
        return self.key_id


class AuditVerification(models.Model):
    """What came of looking through a chain the last time; for the page, which cannot wait for it."""

    org_id = models.UUIDField(primary_key=True, editable=False)
    at = models.DateTimeField()
    entries_count = models.PositiveBigIntegerField()  # that were looked at then; all that are new, or all
    last_seq = models.PositiveBigIntegerField()  # the newest entry that was looked at
    problem = models.TextField(null=True)  # the first one; None = there is none

    def __str__(self) -> str:
        return f"verification of {self.org_id} at {self.at}"


class CheckpointKind(models.TextChoices):
    """What a checkpoint says."""

    HEAD = "head", "Entries up to here"  # the chain had this entry at that time
    START = "start", "Entries from here"  # retention has dropped this entry and what came before it


class AuditCheckpoint(AppendOnlyModel):
    """A signed statement about the chain. It tells what was there even if whoever has the database changes all of it."""

    org_id = models.UUIDField()
    kind = models.CharField(max_length=10, choices=CheckpointKind.choices)
    seq = models.PositiveBigIntegerField()
    hash = models.CharField(max_length=HASH_LENGTH)  # of the entry ``seq``
    at = models.DateTimeField()
    key_id = models.CharField(max_length=16)
    signature = models.CharField(max_length=128)  # Ed25519, hexadecimal

    objects = AppendOnlyManager["AuditCheckpoint"]()

    class Meta:
        verbose_name = "checkpoint"
        ordering = ["org_id", "seq", "id"]
        indexes = [models.Index(name="audit_checkpoints_newest", fields=["org_id", "-seq", "-id"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.seq}"
