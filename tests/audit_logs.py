"""Audit logs for tests: acts of two people, recorded as the product does."""

import importlib
import uuid

from django.db import connection, transaction

from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By, Target
from litesoc_server.audit.export import exported, start_export
from litesoc_server.audit.models import AuditEntry
from litesoc_server.audit.record import record

ORG = uuid.UUID("11111111-1111-4111-8111-111111111111")
MIRA = By(principal="user:7", name="mira@shop.example", address="203.0.113.9", user_agent="Mozilla/5.0 (X11; Linux)")
JO = By(principal="user:8", name="jo@shop.example", address="2001:db8::9", user_agent=None)


def record_acts(org_id: uuid.UUID = ORG, *, count: int = 6) -> list[AuditEntry]:
    """Record ``count`` acts, by turns Mira's and Jo's."""
    found = []
    for number in range(count):
        with transaction.atomic():
            found.append(
                record(
                    org_id=org_id,
                    action=Action.MEMBER_ROLE_CHANGED if number % 2 else Action.SUPPRESSION_CREATED,
                    by=JO if number % 2 else MIRA,
                    target=Target(kind="member", id=str(number), name=f"colleague{number}@shop.example"),
                    changes={"role": ("viewer", "admin"), "seats": (number, None), "share": (None, 0.5)},
                    note="a journey to Zürich" if number % 3 == 0 else None,
                )
            )
    return found


def export_of(org_id: uuid.UUID = ORG) -> bytes:
    """Return the log as a file that can be verified."""
    return b"".join(exported(start_export(org_id, by=MIRA, what="jsonl")))


def tamper(statement: str, *parameters: object) -> None:
    """Change the log as somebody does who has the database: past the models and the triggers, which come back."""
    migration = importlib.import_module("litesoc_server.audit.migrations.0001_initial")
    with connection.cursor() as cursor:
        for table in migration.APPEND_ONLY:
            on = f" ON {table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER {table}_is_append_only{on}")
        cursor.execute(statement, parameters)
        connection.check_constraints()  # or PostgreSQL, which would do so at the end, lets nobody change the tables
        for table in migration.APPEND_ONLY:
            cursor.execute(migration.trigger_on(table, connection.vendor))
