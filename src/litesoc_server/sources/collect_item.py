"""One decoded item of a /collect body: every field variant of contract 1.5 folded into a SourceItem, or refused."""

import msgspec

from litesoc_server.sources.base import SourceItem

EVENT_NAME_LENGTH_MAX = 255  # characters (contract 5)
METADATA_BYTES_MAX = 16 * 1024  # as compact JSON (contract 1.5)
METADATA_KEYS_MAX = 256  # at all levels together; the richest client known sends under 30
DEPTH_MAX = 16  # levels of objects and arrays below an event
TEXT_LENGTH_MAX = 1024  # characters kept of a text that is only kept; browsers send under 300

# In order of precedence (contract 1.5).
_EVENT_FIELDS = ("event", "event_name", "event_type", "eventName")
KNOWN_FIELDS = frozenset(
    {
        *_EVENT_FIELDS,
        *("actor", "actor_id", "actor_email", "user_id", "email", "userId"),
        *("user_ip", "ip_address", "context", "metadata", "target", "timestamp"),
        *("session_id", "sessionId", "device_id", "deviceId"),
    }
)

ACTOR_FIELDS = frozenset({"id", "user_id", "email", "user_email"})
SESSION_FIELDS = ("session_id", "sessionId")
DEVICE_FIELDS = ("device_id", "deviceId")
ID_LENGTH_MAX = 255  # characters of a session's or a device's id; longer ones are cut
_KEY_BYTES_MIN = 4
_ANY_DEPTH = 1_000  # the caller has looked at the depth already

_ENCODER = msgspec.json.Encoder()
_NO_METADATA = msgspec.Raw(b"{}")
_NO_FIELDS: dict[str, object] = {}


class ItemRefused(Exception):
    """The item cannot be taken; the text names the field and the fix and no values."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}")


def validate(item: object) -> None:
    """Return if ``fold`` takes ``item``, without the cost of folding it. Raises ItemRefused."""
    fields = _fields_of(item)
    _event_name(fields)
    _actor(fields)
    _encoded_metadata(fields, _metadata(fields))


def fold(item: object) -> SourceItem:
    """Return ``item`` in the one shape. Raises ItemRefused, only from what ``validate`` calls too."""
    fields = _fields_of(item)
    name = _event_name(fields)
    actor_id, actor_email = _actor(fields)
    metadata = _metadata(fields)
    context = fields.get("context")
    context_fields: dict[str, object] = context if isinstance(context, dict) else _NO_FIELDS
    timestamp = fields.get("timestamp")
    return SourceItem(
        name,
        actor_id,
        actor_email,
        _actor_name(fields),
        _user_ip(fields, context_fields, metadata),
        _user_agent(context_fields, metadata),
        None if timestamp is None else _kept_text(timestamp),
        _encoded_metadata(fields, metadata),
        _sent_id(SESSION_FIELDS, fields, context_fields, metadata),
        _sent_id(DEVICE_FIELDS, fields, context_fields, metadata),
    )


def count_keys(value: object, levels_max: int) -> int | None:
    """Return how many keys all objects in ``value`` have together, None when it is nested deeper than ``levels_max``."""
    count = 0
    if isinstance(value, dict):
        count, inner = len(value), list[object](value.values())
    elif isinstance(value, list):
        inner: list[object] = value
    else:
        return 0
    if not levels_max:
        return None
    for child in inner:
        if isinstance(child, dict | list):
            keys = count_keys(child, levels_max - 1)
            if keys is None:
                return None
            count += keys
    return count


def _fields_of(item: object) -> dict[str, object]:
    if not isinstance(item, dict):
        raise ItemRefused("the event", "must be a JSON object")
    return item


def _event_name(fields: dict[str, object]) -> str:
    for field in _EVENT_FIELDS:
        name = fields.get(field)
        if name is None:
            continue
        if not isinstance(name, str):
            raise ItemRefused(field, 'must be a string, e.g. "auth.login_failed"')
        if not name or name.isspace():
            raise ItemRefused(field, 'is blank: name what happened, e.g. "auth.login_failed"')
        if len(name) > EVENT_NAME_LENGTH_MAX:
            raise ItemRefused(field, f"must have at most {EVENT_NAME_LENGTH_MAX} characters")
        return name
    raise ItemRefused("event", 'is missing: name what happened, e.g. "auth.login_failed"')


def _actor(fields: dict[str, object]) -> tuple[str | None, str | None]:
    """Return the actor's id and e-mail. The e-mail stands in for a missing id, as it does in the SDKs."""
    actor = fields.get("actor")
    actor_id = email = None
    if isinstance(actor, dict):
        members: dict[str, object] = actor
        actor_id = _id_text(members, "id", "user_id", prefix="actor.")
        email = _email_text(members, "email", "user_email", prefix="actor.")
    elif isinstance(actor, str):
        actor_id = actor if actor and not actor.isspace() else None
    elif actor is not None:
        raise ItemRefused("actor", "must be an object, a string (the actor's id) or null")
    if actor_id is None and email is None:
        actor_id = _id_text(fields, "actor_id")
        email = _email_text(fields, "actor_email")
        if actor_id is None and email is None:
            actor_id = _id_text(fields, "user_id", "userId")
            email = _email_text(fields, "email")
    return (email if actor_id is None else actor_id), email


def _actor_name(fields: dict[str, object]) -> str | None:
    actor = fields.get("actor")
    if not isinstance(actor, dict):
        return None
    members: dict[str, object] = actor
    name = members.get("name")
    return name[:TEXT_LENGTH_MAX] if isinstance(name, str) else None


def _id_text(fields: dict[str, object], *names: str, prefix: str = "") -> str | None:
    for name in names:
        value = fields.get(name)
        if isinstance(value, str):
            if value and not value.isspace():
                return value
        elif isinstance(value, int | float) and not isinstance(value, bool):
            return _ENCODER.encode(value).decode()
        elif value is not None:
            raise ItemRefused(prefix + name, "must be a string, a number or null")
    return None


def _email_text(fields: dict[str, object], *names: str, prefix: str = "") -> str | None:
    for name in names:
        value = fields.get(name)
        if isinstance(value, str):
            if value and not value.isspace():
                return value
        elif value is not None:
            raise ItemRefused(prefix + name, "must be a string or null")
    return None


def _user_ip(fields: dict[str, object], context: dict[str, object], metadata: dict[str, object]) -> str | None:
    """Return the address as sent, of whatever type it is: a bad address never costs the event (contract 9, row 28)."""
    for place, field in ((fields, "user_ip"), (fields, "ip_address"), (context, "ip_address"), (metadata, "ip_address")):
        value = place.get(field)
        if value is not None and not (isinstance(value, str) and (not value or value.isspace())):
            return _kept_text(value)
    return None


def _user_agent(context: dict[str, object], metadata: dict[str, object]) -> str | None:
    for place, field in ((metadata, "user_agent"), (context, "user_agent"), (metadata, "userAgent"), (metadata, "browser")):
        value = place.get(field)
        if isinstance(value, str) and value:
            return value[:TEXT_LENGTH_MAX]
    return None


def _sent_id(names: tuple[str, ...], *places: dict[str, object]) -> str | None:
    """Return an id that may stand in several places; what is neither a text nor a number is passed over."""
    for place in places:
        for name in names:
            value = place.get(name)
            if isinstance(value, str) and value and not value.isspace():
                return value[:ID_LENGTH_MAX]
            if isinstance(value, int) and not isinstance(value, bool):
                return str(value)
    return None


def _kept_text(value: object) -> str:
    text = value if isinstance(value, str) else _ENCODER.encode(value).decode()
    return text[:TEXT_LENGTH_MAX]


def _metadata(fields: dict[str, object]) -> dict[str, object]:
    metadata = fields.get("metadata")
    if isinstance(metadata, dict):
        return metadata
    if metadata is None or metadata == []:
        return _NO_FIELDS  # PHP encodes an empty map as []
    raise ItemRefused("metadata", "must be an object")


def _encoded_metadata(fields: dict[str, object], metadata: dict[str, object]) -> msgspec.Raw:
    """Return the metadata as compact JSON, with a top-level ``target`` in it unless it has one of its own."""
    target = fields.get("target")
    if target is not None and "target" not in metadata:
        metadata = {**metadata, "target": target}
    if not metadata:
        return _NO_METADATA
    encoded = _ENCODER.encode(metadata)
    if len(encoded) > METADATA_BYTES_MAX:
        raise ItemRefused("metadata", f"is larger than {METADATA_BYTES_MAX // 1024} KiB: shorten it or link to it")
    # A key takes at least four bytes (`"":0`), so the count is needed only for what is large.
    if len(encoded) > _KEY_BYTES_MIN * METADATA_KEYS_MAX and (count_keys(metadata, _ANY_DEPTH) or 0) > METADATA_KEYS_MAX:
        raise ItemRefused(
            "metadata", f"has more than {METADATA_KEYS_MAX} keys: send what people need to look into the event"
        )
    return msgspec.Raw(encoded)
