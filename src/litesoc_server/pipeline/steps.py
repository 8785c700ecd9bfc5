"""The ordered steps from a raw message to a stored event and its detections. Start reading here.

translate -> normalise -> redact -> enrich -> (drop what the store already holds) -> detect -> cut addresses. The consumer
(consumer.py) owns fetching, publishing, storing and acknowledging; nothing here does I/O but the one question to the
store on redelivery.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from litesoc_server import telemetry
from litesoc_server.events.detection import Detection
from litesoc_server.events.envelope import ENVELOPE_DECODER, Envelope
from litesoc_server.events.errors import InvalidMessage
from litesoc_server.events.event import Event
from litesoc_server.events.ids import EventId, event_id_at
from litesoc_server.events.risk import Risk
from litesoc_server.pipeline.detect.runner import Outcome
from litesoc_server.pipeline.enrich.enricher import Enricher
from litesoc_server.pipeline.normalise.event import normalise
from litesoc_server.pipeline.policy import DAY_MS, PolicyProvider
from litesoc_server.pipeline.privacy import redact, truncate
from litesoc_server.sources.registry import translate
from litesoc_server.store.base import StoredEvent
from litesoc_server.stream.base import Message

log = logging.getLogger(__name__)


class Row(msgspec.Struct, frozen=True):
    """One event ready to be stored, with where it came from, so that it alone can become a dead letter."""

    stored: StoredEvent
    envelope: Envelope
    index: int  # position in the envelope


class BadEvent(msgspec.Struct, frozen=True):
    """One event of a message that cannot be processed; its neighbours can."""

    envelope: Envelope
    index: int
    reason: str


class BadMessage(msgspec.Struct, frozen=True):
    """A message that cannot even be taken apart."""

    message: Message
    reason: str


class Batch(msgspec.Struct):
    """What the steps made of some messages."""

    rows: list[Row]
    detections: list[Detection]
    bad_events: list[BadEvent]
    bad_messages: list[BadMessage]


class Detects(Protocol):
    """What examines events: the runner itself, or one that outlives an outage of the state."""

    def run(self, events: Sequence[Event]) -> Outcome:
        """Return what fires on ``events`` and how risky the logins among them are."""
        ...


FindStored = Callable[[Sequence[StoredEvent]], set[EventId]]


class Steps:
    """The steps with what they need. One thread calls ``process``."""

    def __init__(self, *, enricher: Enricher, runner: Detects, policies: PolicyProvider, find_stored: FindStored) -> None:
        self._enricher = enricher
        self._runner = runner
        self._policies = policies
        self._find_stored = find_stored

    def process(self, messages: Sequence[Message]) -> Batch:
        """Turn messages into rows and detections. Raises StoreUnavailable only when a redelivery has to be looked up."""
        batch = Batch(rows=[], detections=[], bad_events=[], bad_messages=[])
        repeats: list[Row] = []
        for message in messages:
            try:
                envelope = ENVELOPE_DECODER.decode(message.payload)
                rows = self._rows_of(envelope, batch.bad_events)
            except (InvalidMessage, msgspec.MsgspecError) as error:
                batch.bad_messages.append(BadMessage(message, f"cannot be read: {error}"))
                continue
            (repeats if message.is_redelivery or envelope.is_repeat else batch.rows).extend(rows)
        if repeats:
            # Repeats were appended before anything that is new, so they go first.
            batch.rows = self._without_stored(repeats, batch.rows) + batch.rows
        outcome = self._runner.run([row.stored.event for row in batch.rows])
        batch.detections = outcome.detections
        if outcome.risks:
            batch.rows = [_with_risk(row, outcome.risks.get(row.stored.event.event_id)) for row in batch.rows]
            batch.detections = [_with_score(found, outcome.risks.get(found.trigger_event_id)) for found in batch.detections]
        batch.rows = [self._truncated(row) for row in batch.rows]
        return batch

    def _rows_of(self, envelope: Envelope, bad_events: list[BadEvent]) -> list[Row]:
        rows: list[Row] = []
        policy = self._policies.policy_for(envelope.org_id)
        retention_ms = policy.retention_days * DAY_MS
        for index, item in enumerate(translate(envelope.source, envelope.body)):
            if index in envelope.rejected or envelope.only_index not in (None, index):
                continue
            try:
                event = self._enrich(redact(normalise(envelope, index, item), policy.privacy))
            except InvalidMessage as error:
                bad_events.append(BadEvent(envelope, index, str(error)))
            except Exception as error:  # one event's bug must not stop its neighbours; the event is kept as a dead letter
                event_id = event_id_at(envelope.event_id_base, index)
                log.exception("normalise failed", extra={"event_id": event_id})
                bad_events.append(BadEvent(envelope, index, f"normalise raised {type(error).__name__}"))
            else:
                rows.append(Row(StoredEvent(event, event.occurred_at_ms + retention_ms), envelope, index))
        return rows

    def _truncated(self, row: Row) -> Row:
        rules = self._policies.policy_for(row.envelope.org_id).privacy
        if not rules.truncates_addresses:
            return row
        return Row(StoredEvent(truncate(row.stored.event, rules), row.stored.expires_at_ms), row.envelope, row.index)

    def _enrich(self, event: Event) -> Event:
        try:
            return self._enricher.enrich(event)
        except Exception:  # enrichment is a convenience: the event is worth more without a place than not at all
            log.exception("enrich failed", extra={"event_id": event.event_id})
            telemetry.ENRICH_ERRORS.inc()
            return event

    def _without_stored(self, repeats: list[Row], new: list[Row]) -> list[Row]:
        """Return the repeats that are neither stored nor among ``new``, where a retry may lie right behind its original."""
        stored_ids = self._find_stored([row.stored for row in repeats])
        telemetry.EVENTS_REDELIVERED.inc(len(stored_ids))
        fresh: list[Row] = []
        seen = stored_ids | {row.stored.event.event_id for row in new}
        for row in repeats:
            if row.stored.event.event_id not in seen:
                seen.add(row.stored.event.event_id)
                fresh.append(row)
        return fresh


def _with_score(detection: Detection, risk: Risk | None) -> Detection:
    """Return ``detection`` with the score of the login that triggered it, if that was among the same events."""
    return detection if risk is None else msgspec.structs.replace(detection, risk_score=risk.score)


def _with_risk(row: Row, risk: Risk | None) -> Row:
    if risk is None:
        return row
    stored = row.stored
    event = msgspec.structs.replace(stored.event, risk=risk)
    return Row(StoredEvent(event, stored.expires_at_ms), row.envelope, row.index)
