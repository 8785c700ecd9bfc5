"""What an organisation holds of one actor, place by place: how much, and from when until when."""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from litesoc_server.alerts.erase import alerts_about
from litesoc_server.alerts.models import Alert
from litesoc_server.audit.erase import values_naming
from litesoc_server.audit.models import AuditEntry
from litesoc_server.events.ids import OrgId
from litesoc_server.orgs.models import Organization, SavedView
from litesoc_server.orgs.policy_lists import ACTOR_LENGTH_MAX
from litesoc_server.pipeline.normalise.text import clean_text
from litesoc_server.privacy.dead_letters import letters_naming
from litesoc_server.privacy.removal import listed
from litesoc_server.privacy.saved_views import views_naming
from litesoc_server.privacy.texts import TextTable, rows_naming, text_tables
from litesoc_server.store.actors import ActorNames
from litesoc_server.store.base import EventReader
from litesoc_server.stream.base import DeadLetters

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MASKED = ("[REDACTED]", "REDACTED", "[erased]", "erased")  # stand for anybody


class ActorRefused(Exception):
    """Nobody can be looked for by this; the text is a sentence for people."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """What one place holds."""

    place: str  # docs/reference/privacy.md lists them
    environment: str | None  # None where a place does not tell
    count: int
    first_at: datetime | None
    last_at: datetime | None


def checked_actor(text: str) -> str:
    """Return an actor's id or e-mail address as events have it. Raises ActorRefused."""
    actor_id = clean_text(text).strip()
    if not actor_id or len(actor_id) > ACTOR_LENGTH_MAX:
        msg = f"Give the id or the e-mail address of one actor, with 1 to {ACTOR_LENGTH_MAX} characters."
        raise ActorRefused(msg)
    if actor_id in _MASKED:
        msg = f"{actor_id} stands for anybody: give an id that is one person's."
        raise ActorRefused(msg)
    return actor_id


def held_of(org: Organization, names: ActorNames, *, reader: EventReader, letters: DeadLetters) -> list[Held]:
    """Return what there is; places that hold nothing are left out. Raises StoreUnavailable, StreamUnavailable.

    What detectors remember is not counted: it is part of no table, and goes with the rest.
    """
    return [*_in_store(org, names, reader), *_in_control_database(org, names), *_in_dead_letters(org, names, letters)]


def _in_store(org: Organization, names: ActorNames, reader: EventReader) -> Iterator[Held]:
    for rows in reader.actor_held(org_id=OrgId(str(org.pk)), names=names):
        first_at, last_at = (_EPOCH + timedelta(milliseconds=at_ms) for at_ms in (rows.first_ms, rows.last_ms))
        yield Held(
            place=rows.place, environment=rows.environment.value, count=rows.count, first_at=first_at, last_at=last_at
        )


def _in_control_database(org: Organization, names: ActorNames) -> Iterator[Held]:
    mentions, about = names.mentions, list(alerts_about(org.pk, names))
    yield from _counted("alerts", None, [(alert.first_seen_at, alert.last_seen_at) for alert in about])
    for table in text_tables():
        if table.model is not SavedView:
            yield from _counted(table.place, None, _times_in(table, org, names, {alert.pk for alert in about}))
    yield from _counted("saved_views", None, [(view.created_at, view.created_at) for view in views_naming(org, mentions)])
    entries = sum(len(entries) for entries in listed(org, names).values())
    if entries:
        yield Held(place="policy", environment=None, count=entries, first_at=None, last_at=None)
    yield from _counted("audit_log", None, _times_in_audit_log(org.pk, names))


def _times_in(
    table: TextTable, org: Organization, names: ActorNames, about: set[uuid.UUID]
) -> Iterator[tuple[datetime | None, datetime | None]]:
    for row in rows_naming(table, org, names.mentions):
        if table.model is Alert and row.pk in about:
            continue
        at = getattr(row, table.time) if table.time is not None else None
        yield at, at


def _times_in_audit_log(org_id: uuid.UUID, names: ActorNames) -> list[tuple[datetime | None, datetime | None]]:
    seqs = [value.seq for value in values_naming(org_id, names.mentions)]
    if not seqs:
        return []
    ends = AuditEntry.objects.filter(org_id=org_id, seq__in=(seqs[0], seqs[-1])).order_by("seq").values_list("at", flat=True)
    first_at, last_at = ends[0], ends[len(ends) - 1]
    return [(first_at, last_at)] * len(seqs)


def _in_dead_letters(org: Organization, names: ActorNames, letters: DeadLetters) -> Iterator[Held]:
    found = letters_naming(letters, OrgId(str(org.pk)), names.mentions)
    times = [_EPOCH + timedelta(milliseconds=letter.failed_at_ms) for letter in found]
    yield from _counted("dead_letters", None, [(at, at) for at in times])


def _counted(
    place: str, environment: str | None, times: Iterable[tuple[datetime | None, datetime | None]]
) -> Iterator[Held]:
    rows = list(times)
    if not rows:
        return
    yield Held(
        place=place,
        environment=environment,
        count=len(rows),
        first_at=min((first_at for first_at, _ in rows if first_at is not None), default=None),
        last_at=max((last_at for _, last_at in rows if last_at is not None), default=None),
    )
