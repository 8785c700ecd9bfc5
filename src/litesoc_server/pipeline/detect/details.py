"""What events say beside who and where: how many records, with which API key, in which role. Read from their metadata.

Senders write these under many names, in snake_case or camelCase; the first known one that can be read counts.
"""

import msgspec

from litesoc_server.events.event import Event

# Names without "_" and in lower case: "record_count" and "recordCount" are one.
RECORD_FIELDS = frozenset(
    {
        "records",
        "rows",
        "items",
        "count",
        "recordcount",
        "rowcount",
        "itemcount",
        "recordscount",
        "rowscount",
        "itemscount",
        "recordsdeleted",
        "rowsdeleted",
        "itemsdeleted",
        "deletedcount",
        "deletecount",
        "recordsexported",
        "rowsexported",
        "itemsexported",
        "exportedcount",
        "recordsaccessed",
        "rowsread",
        "affectedrows",
        "rowsaffected",
        "recordsaffected",
        "totalrecords",
        "totalrows",
        "numrecords",
        "numrows",
    }
)
# What names a key without being one: "api_key" itself is left out, some senders put the secret there.
API_KEY_FIELDS = frozenset(
    {"apikeyid", "apikeyname", "apikeyprefix", "keyid", "keyname", "keyprefix", "tokenid", "tokenname"}
)
API_KEY_KIND_FIELDS = frozenset({"apikeytype", "apikeyscope", "apikeyscopes", "keytype", "keyscope", "keyscopes", "scopes"})
ROLE_FIELDS = frozenset({"role", "userrole", "actorrole"})
RECORDS_MAX = 10**12  # more is a mistake
_TEXT_LENGTH_MAX = 128  # characters

_WANTED = RECORD_FIELDS | API_KEY_FIELDS | API_KEY_KIND_FIELDS | ROLE_FIELDS
_MEMBERS_DECODER = msgspec.json.Decoder(dict[str, msgspec.Raw])
_VALUE_DECODER = msgspec.json.Decoder(str | int | float | bool | list[msgspec.Raw] | dict[str, msgspec.Raw] | None)


class Details(msgspec.Struct, frozen=True, gc=False):
    """What one event's metadata tells."""

    records_count: int | None = None  # None: not said
    api_key: str | None = None  # the id, the name or the beginning of the key that was used, never the key
    api_key_kind: str | None = None  # type or scopes of that key, in lower case
    role: str | None = None  # of the actor


NO_DETAILS = Details()
_latest: tuple[Event | None, Details] = (None, NO_DETAILS)  # several detectors ask the same of the same event


def details_of(event: Event) -> Details:
    """Return what the metadata of ``event`` tells; nothing can be wrong with it, only not understood."""
    global _latest  # noqa: PLW0603 - a cache of one; a second thread only makes it miss
    latest = _latest
    if latest[0] is event:
        return latest[1]
    details = _read(event.metadata) if bytes(event.metadata) != b"{}" else NO_DETAILS
    _latest = (event, details)
    return details


def _read(metadata: msgspec.Raw) -> Details:
    found: dict[str, msgspec.Raw] = {}
    for sent_name, value in _MEMBERS_DECODER.decode(metadata).items():
        name = sent_name.replace("_", "").lower()
        if name in _WANTED:
            found.setdefault(name, value)
    if not found:
        return NO_DETAILS
    return Details(
        records_count=next((n for name in found if name in RECORD_FIELDS and (n := _number(found[name])) is not None), None),
        api_key=_text_in(found, API_KEY_FIELDS),
        api_key_kind=_text_in(found, API_KEY_KIND_FIELDS, is_lowered=True),
        role=_text_in(found, ROLE_FIELDS, is_lowered=True),
    )


def _number(raw: msgspec.Raw) -> int | None:
    """Return a count: a number, a number in a text, or the length of a list."""
    value = _VALUE_DECODER.decode(raw)
    if isinstance(value, list):
        return len(value)
    if isinstance(value, str) and value.isdecimal() and value.isascii() and len(value) <= len(str(RECORDS_MAX)):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= RECORDS_MAX:
        return None
    return int(value)


def _text_in(found: dict[str, msgspec.Raw], fields: frozenset[str], *, is_lowered: bool = False) -> str | None:
    for name, raw in found.items():
        if name in fields and (text := _text(raw)):
            return text.lower() if is_lowered else text
    return None


def _text(raw: msgspec.Raw) -> str | None:
    value = _VALUE_DECODER.decode(raw)
    if isinstance(value, list):
        texts = [text for item in value[:8] if (text := _text(item))]
        return ", ".join(texts)[:_TEXT_LENGTH_MAX] or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip()[:_TEXT_LENGTH_MAX] if isinstance(value, str) else None
