"""One actor's data as one JSON document, written piece by piece: whoever reads it never holds more than a page of events.

Its shape is in docs/reference/privacy.md.
"""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Any

import msgspec
from asgiref.sync import sync_to_async
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from litesoc_server.alerts.erase import alerts_about
from litesoc_server.alerts.models import Alert
from litesoc_server.audit.erase import values_naming
from litesoc_server.audit.models import AuditEntry
from litesoc_server.events.ids import OrgId
from litesoc_server.orgs.models import Organization, SavedView
from litesoc_server.privacy.dead_letters import letters_naming
from litesoc_server.privacy.find import held_of
from litesoc_server.privacy.removal import listed
from litesoc_server.privacy.saved_views import views_naming
from litesoc_server.privacy.texts import rows_naming, text_tables
from litesoc_server.store.actors import ActorNames
from litesoc_server.store.base import Cursor, EventReader
from litesoc_server.stream.base import DeadLetters

FORMAT = "litesoc-actor-1"
EVENTS_AT_ONCE = 1_000
_ENCODER = msgspec.json.Encoder()


def export_actor(
    org: Organization, actor_id: str, names: ActorNames, *, reader: EventReader, letters: DeadLetters
) -> Iterator[bytes]:
    """Yield the pieces of the document. Raises StoreUnavailable, StreamUnavailable, also midway."""
    about = {
        "format": FORMAT,
        "organization": {"id": str(org.pk), "name": org.name},
        "exported_at": timezone.now(),
        "asked_for": actor_id,
        "names": msgspec.to_builtins(names),
        "held": [vars(one) for one in held_of(org, names, reader=reader, letters=letters)],
    }
    yield _json(about)[:-1]
    yield from _list("events", _events(org, names, reader))
    rows = [*_alerts(org, names), *_texts(org, names), *_policy(org, names)]
    yield from _list("records", map(_json, rows))
    yield from _list("audit_log", map(_json, _audit_log(org, names)))
    found = letters_naming(letters, OrgId(str(org.pk)), names.mentions)
    yield from _list("dead_letters", (_json(_letter(one.subject, one.reason, one.payload)) for one in found))
    yield b"}\n"


async def in_thread(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Yield ``pieces``, each of which a thread waits for: for answers that stream."""
    while piece := await sync_to_async(_next)(pieces):
        yield piece


def _next(pieces: Iterator[bytes]) -> bytes:
    return next(pieces, b"")


def _list(name: str, items: Iterator[bytes]) -> Iterator[bytes]:
    yield f',\n"{name}": ['.encode()
    before = b"\n"
    for item in items:
        yield before + item
        before = b",\n"
    yield b"]"


def _events(org: Organization, names: ActorNames, reader: EventReader) -> Iterator[bytes]:
    after: Cursor | None = None
    while events := reader.actor_events(org_id=OrgId(str(org.pk)), names=names, after=after, limit=EVENTS_AT_ONCE):
        yield from map(_ENCODER.encode, events)
        after = Cursor(events[-1].occurred_at_ms, events[-1].event_id)


def _alerts(org: Organization, names: ActorNames) -> Iterator[dict[str, Any]]:
    for alert in alerts_about(org.pk, names):
        yield {"place": "alerts", "row": _row(alert)}


def _texts(org: Organization, names: ActorNames) -> Iterator[dict[str, Any]]:
    """Yield whole rows, also of what is about others: it is for whoever answers the person to leave that out."""
    mentions = names.mentions
    about = set(alerts_about(org.pk, names).values_list("pk", flat=True))
    for table in text_tables():
        if table.model is SavedView:
            continue
        for row in rows_naming(table, org, mentions):
            if table.model is not Alert or row.pk not in about:
                yield {"place": table.place, "row": _row(row)}
    for view in views_naming(org, mentions):
        yield {"place": "saved_views", "row": _row(view)}


def _policy(org: Organization, names: ActorNames) -> Iterator[dict[str, Any]]:
    for setting, entries in listed(org, names).items():
        yield {"place": "policy", "row": {"setting": setting, "entries": entries}}


def _audit_log(org: Organization, names: ActorNames) -> Iterator[dict[str, Any]]:
    for value in values_naming(org.pk, names.mentions):
        entry = AuditEntry.objects.get(org_id=org.pk, seq=value.seq)
        at: datetime = entry.at
        yield {"seq": value.seq, "at": at, "action": entry.action, "path": value.path, "value": json.loads(value.value)}


def _letter(subject: str, reason: str, payload: bytes) -> dict[str, str]:
    return {"subject": subject, "reason": reason, "payload": payload.decode("utf-8", "replace")}


def _row(row: Any) -> dict[str, Any]:  # noqa: ANN401 # of any table
    return {field.name: field.value_from_object(row) for field in row._meta.concrete_fields}  # noqa: SLF001 # Django's own


def _json(value: object) -> bytes:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False).encode()
