"""What the sources of identity providers do alike: texts somewhere inside of a record, one item of each, secrets blanked."""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime

import msgspec

from litesoc_server.sources.base import BodyRefused, Ignored, IgnoredBecause, SourceItem, Translated
from litesoc_server.sources.records import (
    email_or_none,
    is_array,
    is_lines,
    is_object,
    metadata_of,
    object_at,
    read_json,
    read_records,
    require_few,
    text_at,
    time_of_unix,
)

Fields = Mapping[str, object]

NAME_LENGTH_MAX = 255  # characters, as for every event name
DEPTH_MAX = 32  # levels of objects and arrays; vendors' records have under 10
ID_LENGTH_MAX = 255  # characters of a session's or a device's id; longer ones are cut
# Unix times in seconds stay below this until the year 5138; in milliseconds they are above it since 1973.
_SECONDS_MAX = 100_000_000_000

_ENCODER = msgspec.json.Encoder()


def text_in(record: Fields, *path: str) -> str | None:
    """Return the text (or whole number, as text) at ``path`` below ``record``; None where there is none, or a blank one."""
    return text_at(object_at(record, *path[:-1]), path[-1])


def list_in(record: Fields, *path: str) -> list[object]:
    """Return the array at ``path`` below ``record``, an empty one where there is none."""
    found = object_at(record, *path[:-1]).get(path[-1])
    return found if is_array(found) else []


def objects_in(record: Fields, *path: str) -> list[Fields]:
    """Return those entries of the array at ``path`` that are objects."""
    return [one for one in list_in(record, *path) if is_object(one)]


def full_name(record: Fields) -> str | None:
    """Return the first and the last name that a record has under the names that most vendors use."""
    return " ".join(filter(None, (text_at(record, "first_name"), text_at(record, "last_name")))) or None


def moment(value: object) -> str | None:
    """Return a time as RFC 3339. Takes Unix seconds and milliseconds (told apart by size); texts stay as they are."""
    if isinstance(value, str):
        return value or None
    is_seconds = isinstance(value, int | float) and abs(value) < _SECONDS_MAX
    return time_of_unix(value, unit_ms=1000 if is_seconds else 1)


def with_offset(text: str | None) -> str | None:
    """Return an ISO 8601 time with its offset; one without means UTC."""
    if text is None:
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return text
    return text if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC).isoformat()


class Vendor:
    """What one vendor's items have in common, and how a body of it is read."""

    def __init__(self, source_id: str) -> None:
        self.id = source_id

    def item(
        self,
        name: str | None,
        *,
        vendor_event: str,
        provider_id: str | None,
        actor_id: str | None = None,
        actor_email: str | None = None,
        actor_name: str | None = None,
        user_ip: str | None = None,
        user_agent: str | None = None,
        timestamp: str | None = None,
        session_id: str | None = None,
        device_id: str | None = None,
        notes: Fields | None = None,
    ) -> SourceItem | Ignored:
        """Return the item of one record; without a ``name`` of ours it is one of an unknown type, under the vendor's name.

        ``notes`` go into the metadata where they have a value: nothing may be among them that lets anybody in.
        """
        actor_email = email_or_none(actor_email)
        item = SourceItem(
            name=(name or f"{self.id}.{vendor_event}")[:NAME_LENGTH_MAX],
            actor_id=actor_id or actor_email,
            actor_email=actor_email,
            actor_name=actor_name,
            user_ip=user_ip,
            user_agent=user_agent,
            timestamp=timestamp,
            metadata=metadata_of(
                {"source": self.id, "vendor_event": vendor_event, "vendor_event_id": provider_id, **(notes or {})}
            ),
            session_id=None if session_id is None else session_id[:ID_LENGTH_MAX],
            device_id=None if device_id is None else device_id[:ID_LENGTH_MAX],
            provider_id=provider_id,
        )
        return item if name is not None else Ignored(IgnoredBecause.UNKNOWN_TYPE, item)


NOT_A_RECORD = Ignored(IgnoredBecause.NOT_A_RECORD)
NOT_SECURITY = Ignored(IgnoredBecause.NOT_SECURITY)


def translator(
    of_record: Callable[[Fields], SourceItem | Ignored],
    *,
    list_fields: tuple[str, ...] = (),
    inside: Callable[[Fields], list[object]] | None = None,
) -> Callable[[bytes], Translated]:
    """Return a `translate` that makes one entry of each record; ``inside`` opens envelopes around records."""

    def translate(body: bytes) -> Translated:
        """Return one entry for each record. Raises BodyRefused."""
        entries: Translated = []
        for record in read_records(body, list_fields=list_fields):
            inner = inside(record) if inside is not None and is_object(record) else [record]
            entries.extend(of_record(one) if is_object(one) else NOT_A_RECORD for one in inner)
            require_few(entries)  # an envelope may hold many
        return entries

    return translate


def blanker(names: Collection[str], *, json_texts: Collection[str] = ()) -> Callable[[bytes], bytes]:
    """Return a `strip` that puts null in the place of whatever stands under one of ``names``, at any depth.

    Under ``json_texts`` the vendor puts JSON as a text; it is looked through, too.
    """

    def strip(body: bytes) -> bytes:
        """Return ``body`` without what must not lie anywhere. Raises BodyRefused."""
        if is_lines(body):
            lines = [read_json(line) for line in body.splitlines() if line.strip()]
            return b"\n".join(_ENCODER.encode(blanked(line, names, json_texts)) for line in lines)
        return _ENCODER.encode(blanked(read_json(body), names, json_texts))

    return strip


def blanked(value: object, names: Collection[str], json_texts: Collection[str] = (), levels: int = DEPTH_MAX) -> object:
    """Return ``value`` with null under each of ``names``, and with null for what is deeper than any vendor's record."""
    if is_array(value):
        return [blanked(inner, names, json_texts, levels - 1) for inner in value] if levels else None
    if not is_object(value):
        return value
    if not levels:
        return None
    kept: dict[str, object] = {}
    for name, inner in value.items():
        inside = object_of_text(inner) if name in json_texts else None
        if inside is not None:
            kept[name] = _ENCODER.encode(blanked(inside, names, json_texts, levels - 1)).decode()
        else:
            kept[name] = None if name in names else blanked(inner, names, json_texts, levels - 1)
    return kept


def object_of_text(text: object) -> Fields | None:
    """Return the object that ``text`` is the JSON of, None if it is none: vendors put JSON into strings."""
    if not isinstance(text, str | bytes):
        return None
    try:
        found = read_json(text if isinstance(text, bytes) else text.encode("utf-8", "replace"))
    except BodyRefused:
        return None
    return found if is_object(found) else None
