"""What tests/crash/test_removal.py runs on a data directory, and kills: ``python removal_main.py (fill|remove|look) …``.

``fill`` gives each organisation rows everywhere and lets the first one be removed; ``remove`` does that, once it has said
that it begins; ``look`` prints what is left, as JSON.
"""

import json
import sys
from contextlib import ExitStack, closing
from datetime import date, timedelta
from typing import Any

import django

django.setup()

from django.apps import apps  # noqa: E402 # needs Django set up
from django.utils import timezone  # noqa: E402

from contract.store_cases import make_events, stored  # noqa: E402
from litesoc_server.audit.models import AuditEntry  # noqa: E402
from litesoc_server.audit.record import INSTALLATION  # noqa: E402
from litesoc_server.clock import SystemClock  # noqa: E402
from litesoc_server.config import load_config  # noqa: E402
from litesoc_server.events.envelope import ENVELOPE_DECODER, ENVELOPE_ENCODER, Envelope, Environment  # noqa: E402
from litesoc_server.events.ids import OrgId  # noqa: E402
from litesoc_server.orgs.models import Organization, UsageDay  # noqa: E402
from litesoc_server.pipeline.state.memory import MemoryState  # noqa: E402
from litesoc_server.runtime.build import build_store, build_stream  # noqa: E402
from litesoc_server.runtime.organization_removal import OrganizationRemover  # noqa: E402
from litesoc_server.store.sql_store import SqlStore  # noqa: E402
from litesoc_server.stream.base import Stream  # noqa: E402
from litesoc_server.stream.subjects import Subject  # noqa: E402

EVENTS, LETTERS, DAYS = 3_000, 200, 3_000


def fill(store: SqlStore, stream: Stream) -> None:
    """Give both organisations the same."""
    for org in Organization.objects.order_by("created_at"):
        org_id = OrgId(str(org.pk))
        store.insert(stored(make_events(org_id, EVENTS)))
        UsageDay.objects.bulk_create(
            UsageDay(
                org=org, day=date(2020, 1, 1) + timedelta(days=number), environment="live", key_id="1", source="a", events=1
            )
            for number in range(DAYS)
        )
        envelope = Envelope(org_id, "key", Environment.LIVE, "collect", 0, b"0" * 16, None, False, (), b"{}")
        for _ in range(LETTERS):
            stream.dead_letters.add(Subject.RAW, ENVELOPE_ENCODER.encode(envelope), "why")
    long_ago = timezone.now() - timedelta(hours=1)
    first = Organization.objects.order_by("created_at")[0]
    Organization.objects.filter(pk=first.pk).update(deletion_asked_at=long_ago, deletion_due_at=long_ago)


def remove(store: SqlStore, stream: Stream) -> None:
    """Remove what is due."""
    print("begins", flush=True)
    OrganizationRemover(store=store, stream=stream, state=MemoryState()).run_once()


def look(store: SqlStore, stream: Stream) -> None:
    """Count the rows of each organisation, by its id."""
    found: dict[str, dict[str, int]] = {}

    def count(org_id: Any, where: str) -> None:
        rows = found.setdefault(str(org_id), {})
        rows[where] = rows.get(where, 0) + 1

    for model in apps.get_models():
        fields = {field.attname for field in model._meta.concrete_fields}
        for org_id in model._base_manager.values_list("org_id", flat=True) if "org_id" in fields else ():
            count(org_id, model._meta.label)
    tables = store._read("SELECT table FROM system.columns WHERE database = currentDatabase() AND name = 'org_id'", {})
    for (table,) in tables:
        for (org_id,) in store._read(f"SELECT org_id FROM {table}", {}):
            count(org_id, table)
    for letter in stream.dead_letters.list(10 * LETTERS):
        count(ENVELOPE_DECODER.decode(letter.payload).org_id, "dead letters")
    ended = AuditEntry.objects.filter(org_id=INSTALLATION, action="organization.deleted").count()
    print(json.dumps({"rows": found, "ended": ended}))


def main() -> None:
    config = load_config()
    store, stream = build_store(config), build_stream(config, SystemClock())
    with ExitStack() as stack:
        store.open()
        stack.enter_context(closing(store))
        stream.open(None)
        stack.enter_context(closing(stream))
        for wanted in sys.argv[1:]:
            {"fill": fill, "remove": remove, "look": look}[wanted](store, stream)


if __name__ == "__main__":
    main()
