"""One item of an envelope, normalised: known name, canonical address, event time, severity; metadata kept as sent."""

import msgspec

from litesoc_server.events.catalog import FEEDBACK_SOURCE
from litesoc_server.events.envelope import Envelope
from litesoc_server.events.errors import InvalidMessage
from litesoc_server.events.event import Device, Event
from litesoc_server.events.ids import EventId, derive_event_id_base, event_id_at
from litesoc_server.pipeline.normalise.actors import is_over_long, make_actor
from litesoc_server.pipeline.normalise.addresses import canonical_address, is_list
from litesoc_server.pipeline.normalise.aliases import resolve_name
from litesoc_server.pipeline.normalise.text import clean_text
from litesoc_server.pipeline.normalise.timestamps import occurred_at
from litesoc_server.sources.base import SourceItem
from litesoc_server.sources.collect_item import ID_LENGTH_MAX

KEPT_TEXT_LENGTH_MAX = 256  # characters of a sent text that could not be used and is kept in the metadata
USER_AGENT_LENGTH_MAX = 1024  # characters; browsers send under 300

Note = str | bool
_METADATA_DECODER = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ENCODER = msgspec.json.Encoder()


def normalise(envelope: Envelope, index: int, item: SourceItem) -> Event:
    """Return item ``index`` (0-based) of ``envelope`` as an event, not yet enriched.

    The sender's metadata stays as it is. Only where something was changed or could not be used a note is added to it, see
    METADATA_NOTES. Raises InvalidMessage (the consumer makes a dead letter of this one item) when the name is blank or the
    metadata that a note belongs into is not a JSON object; ingest lets neither through.
    """
    notes: dict[str, Note] = {}
    resolved = resolve_name(item.name, is_ours=envelope.source == FEEDBACK_SOURCE)
    if not resolved.name:
        raise InvalidMessage("the event name is blank")
    if resolved.original is not None:
        notes["original_event"] = resolved.original
    if not resolved.is_recognised:
        notes["unrecognized_format"] = True
    at_ms = envelope.received_at_ms if item.timestamp is None else _event_time_ms(item.timestamp, envelope, notes)
    user_ip = None if item.user_ip is None else _address(item.user_ip, notes)
    if is_over_long(item.actor_id) or is_over_long(item.actor_email):
        notes["actor_truncated"] = True
    if item.actor_name:
        notes["actor_name"] = _kept(item.actor_name)
    return Event(
        event_id=event_id_of(envelope, index, item, at_ms),
        org_id=envelope.org_id,
        environment=envelope.environment,
        key_id=envelope.key_id,
        source=envelope.source,
        occurred_at_ms=at_ms,
        received_at_ms=envelope.received_at_ms,
        name=resolved.name,
        category=resolved.category,
        severity=resolved.severity,
        actor=make_actor(item.actor_id, item.actor_email),
        user_ip=user_ip,
        server_ip=envelope.server_ip,
        metadata=_with_notes(item.metadata, notes) if notes else item.metadata,
        device=_device(item.user_agent, item.device_id),
        session_id=None if item.session_id is None else clean_text(item.session_id[:ID_LENGTH_MAX]),
    )


def event_id_of(envelope: Envelope, index: int, item: SourceItem, at_ms: int) -> EventId:
    """Return the id of an item that happened at ``at_ms`` (Unix ms).

    What a webhook's vendor gave an id of its own always gets the same one, so that a redelivery is the same event. For that
    the record needs a time, too: without one it happened when it was received, and a redelivery is another event.
    """
    vendor_id = item.provider_id
    if vendor_id is None and envelope.delivery_id is not None:
        vendor_id = f"{envelope.delivery_id}#{index}"
    if vendor_id is None:
        return event_id_at(envelope.event_id_base, index)
    base = derive_event_id_base(at_ms, envelope.org_id, envelope.environment, envelope.source, vendor_id)
    return event_id_at(base, 0)


METADATA_NOTES: dict[str, str] = {
    "original_event": "The event name as sent, when it is stored under another one.",
    "unrecognized_format": "`true` when the stored name is not in the tables of this page.",
    "user_ip_raw": "The address as sent, when it is none (`unknown`, `[REDACTED]`, …), so that `user_ip` is null, or a list "
    "(`192.0.2.1, 10.0.0.1`), of which `user_ip` is the first entry.",
    "timestamp_raw": "The sender's timestamp, when it was not used; the event then has the time at which it was received.",
    "timestamp_ignored": "Why it was not used: `no_backfill_scope`, `not_rfc3339`, `too_old` or `too_far_ahead`.",
    "actor_truncated": "`true` when the actor's id or e-mail had more than 255 characters and was cut.",
    "actor_name": "The actor's display name, when the sender gave one.",
}


def _event_time_ms(timestamp: str, envelope: Envelope, notes: dict[str, Note]) -> int:
    decided = occurred_at(timestamp, received_at_ms=envelope.received_at_ms, may_backdate=envelope.may_backdate)
    if decided.ignored_because is not None:
        notes["timestamp_raw"] = _kept(timestamp)
        notes["timestamp_ignored"] = decided.ignored_because
    return decided.at_ms


def _address(sent: str, notes: dict[str, Note]) -> str | None:
    address = canonical_address(sent)
    if is_list(sent) or (address is None and sent.strip()):
        notes["user_ip_raw"] = _kept(sent)
    return address


def _device(user_agent: str | None, device_id: str | None) -> Device | None:
    text = None if user_agent is None else clean_text(user_agent.strip()[:USER_AGENT_LENGTH_MAX]) or None
    if text is None and device_id is None:
        return None
    return Device(text, id=None if device_id is None else clean_text(device_id[:ID_LENGTH_MAX]))


def _kept(text: str) -> str:
    return clean_text(text[:KEPT_TEXT_LENGTH_MAX])


def _with_notes(metadata: msgspec.Raw, notes: dict[str, Note]) -> msgspec.Raw:
    """Return ``metadata`` with ``notes`` added. A note replaces what the sender wrote there, but for `actor_name`."""
    try:
        members: dict[str, object] = {**_METADATA_DECODER.decode(metadata)}
    except msgspec.MsgspecError as error:
        raise InvalidMessage("the metadata is not a JSON object") from error
    if "actor_name" in members:
        notes.pop("actor_name", None)
    return msgspec.Raw(_ENCODER.encode({**members, **notes}))
