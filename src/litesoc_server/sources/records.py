"""Reads the JSON of webhooks within bounds, and builds the metadata of their items: what every webhook source does alike.

Some texts in a vendor's records are chosen by whoever attacks (user names, user agents), so no text may cost the body: what
is not valid Unicode is repaired, and numbers that no machine word holds become text.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sized
from datetime import UTC, datetime
from typing import Final, TypeGuard

import msgspec

from litesoc_server.sources import json_text
from litesoc_server.sources.base import RECORDS_MAX, BodyRefused, Fault
from litesoc_server.sources.timestamps import rfc3339

CONTAINERS_MAX = 100_000  # objects and arrays of one body: twice what a body of 1 MiB full of real records has
TEXT_LENGTH_MAX = 1_024  # characters kept of one text of the metadata
LIST_LENGTH_MAX = 50  # entries kept of a list of texts
METADATA_BYTES_MAX = 16 * 1024  # as for /collect (contract 1.5)
_INT64_MAX = 2**63 - 1  # what encoders and stores hold; larger numbers become text
_INT_DIGITS_MAX = 19  # of such a number

_DECODER = msgspec.json.Decoder()
_ENCODER = msgspec.json.Encoder()
NO_FIELDS: Final[Mapping[str, object]] = {}


def read_json(body: bytes) -> object:
    """Return the one JSON value of ``body``. Raises BodyRefused."""
    if not body or body.isspace():
        raise BodyRefused(Fault.INVALID_JSON, "the body is empty: send the vendor's JSON as it is")
    if body.count(b"{") + body.count(b"[") > CONTAINERS_MAX and json_text.count_containers(body) > CONTAINERS_MAX:
        raise BodyRefused(
            Fault.VALIDATION_FAILED, f"the body holds more than {CONTAINERS_MAX:,} objects and arrays: send fewer records"
        )
    try:
        return _DECODER.decode(body)
    except RecursionError:
        raise _too_deep() from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _read_repaired(body)


def read_records(body: bytes, *, list_fields: tuple[str, ...] = ()) -> list[object]:
    """Return the records of ``body``: an array, an object with an array in one of ``list_fields``, one record, JSON lines.

    What a record is like is left to the caller; an entry may be of any JSON type. Raises BodyRefused, also when there are
    more than RECORDS_MAX.
    """
    if is_lines(body):
        lines = [line for line in body.splitlines() if line.strip()]
        require_few(lines)
        return [read_json(line) for line in lines]
    document = read_json(body)
    records: list[object] = [document]
    if is_array(document):
        records = document
    elif is_object(document):
        records = next((found for name in list_fields if is_array(found := document.get(name))), records)
    else:
        raise BodyRefused(Fault.VALIDATION_FAILED, "the body must be a JSON object, an array of objects, or JSON lines")
    require_few(records)
    return records


def is_lines(body: bytes) -> bool:
    """Return whether ``body`` is several JSON objects, one a line, and not one value that is broken over lines."""
    first, _, rest = body.strip().partition(b"\n")
    first = first.strip()
    return first.startswith(b"{") and first.endswith(b"}") and rest.lstrip().startswith(b"{")


def is_object(value: object) -> TypeGuard[dict[str, object]]:
    """Return whether ``value`` is a JSON object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[object]]:
    """Return whether ``value`` is a JSON array."""
    return isinstance(value, list)


def object_at(fields: Mapping[str, object], *path: str) -> Mapping[str, object]:
    """Return the object at ``path`` below ``fields``, an empty one where there is none."""
    found: Mapping[str, object] = fields
    for name in path:
        inner = found.get(name)
        if not is_object(inner):
            return NO_FIELDS
        found = inner
    return found


def text_at(fields: Mapping[str, object], *names: str) -> str | None:
    """Return the first of the fields ``names`` that holds a text that is not blank, or a whole number, as text."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, str):
            if value and not value.isspace():
                return value
        elif isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return None


def email_or_none(text: str | None) -> str | None:
    """Return ``text`` when it looks like an e-mail address: something, one "@", something, no blanks."""
    if text is None:
        return None
    before, at, after = text.partition("@")
    is_one = bool(before and at and after) and "@" not in after and not any(character.isspace() for character in text)
    return text if is_one else None


def time_of_unix(value: object, *, unit_ms: int = 1) -> str | None:
    """Return RFC 3339 text of a Unix time in units of ``unit_ms`` milliseconds (1,000 for seconds); None if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    at_ms = int(value * unit_ms)
    return rfc3339(at_ms) if 0 < at_ms < _YEAR_2100_MS else None


_YEAR_2100_MS = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp()) * 1_000


def metadata_of(fields: Mapping[str, object]) -> msgspec.Raw:
    """Return ``fields`` as the metadata of an item, what is None or empty left out.

    Kept are texts (cut to TEXT_LENGTH_MAX characters), numbers, truth values and lists of these (of LIST_LENGTH_MAX
    entries); anything else is left out, so that no vendor's whole object slips in. A NUL, which no store can hold, becomes
    U+FFFD. Fields from the end go when there would be more than METADATA_BYTES_MAX.
    """
    kept = {name: value for name, field in fields.items() if (value := _kept(field)) is not None}
    encoded = _ENCODER.encode(kept)
    while len(encoded) > METADATA_BYTES_MAX:
        kept.popitem()
        encoded = _ENCODER.encode(kept)
    return msgspec.Raw(encoded)


def _kept(value: object) -> object:
    if isinstance(value, str):
        return value[:TEXT_LENGTH_MAX].replace("\0", "\N{REPLACEMENT CHARACTER}") or None
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -_INT64_MAX <= value <= _INT64_MAX else str(value)[:TEXT_LENGTH_MAX]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list | tuple):
        entries: Iterable[object] = value[:LIST_LENGTH_MAX]
        return [
            kept for entry in entries if not isinstance(entry, list | tuple) and (kept := _kept(entry)) is not None
        ] or None
    return None


def require_few(records: Sized) -> None:
    """Return if one body may hold so many. Raises BodyRefused."""
    if len(records) > RECORDS_MAX:
        raise BodyRefused(
            Fault.BATCH_TOO_LARGE, f"the body holds {len(records):,} records, at most {RECORDS_MAX:,} are taken: send fewer"
        )


def _read_repaired(body: bytes) -> object:
    try:
        document: object = json.loads(json_text.repair_characters(body), parse_int=_integer, parse_constant=_no_constant)
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise BodyRefused(Fault.INVALID_JSON, "the body is not JSON: send the vendor's JSON as it is") from None
    return document


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) < _INT_DIGITS_MAX else digits


def _no_constant(_name: str) -> object:
    raise ValueError  # NaN and Infinity are no JSON


def _too_deep() -> BodyRefused:
    return BodyRefused(Fault.VALIDATION_FAILED, "the body is nested too deeply: send the vendor's JSON as it is")
