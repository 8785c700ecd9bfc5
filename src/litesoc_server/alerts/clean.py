"""Makes a detection storable: what databases and JSON cannot hold is replaced, and keys stay short enough for an index."""

import hashlib
import math

import msgspec

from litesoc_server.events.detection import Detection
from litesoc_server.events.structs import converter
from litesoc_server.pipeline.normalise.text import clean_text

INCIDENT_KEY_LENGTH_MAX = 512  # characters; four bytes each still fit PostgreSQL's index rows of 2,704 bytes
_DIGEST_LENGTH = 32

_read_detection = converter(Detection)


def storable(detection: Detection) -> Detection:
    """Return ``detection`` without NUL characters (PostgreSQL has none), infinite numbers (JSON has none) and long keys."""
    cleaned = _read_detection(_without_unstorable(msgspec.to_builtins(detection)))
    return msgspec.structs.replace(cleaned, incident_key=_short(cleaned.incident_key))


def _without_unstorable(value: object) -> object:
    match value:
        case str():
            return clean_text(value)
        case float() if not math.isfinite(value):
            return str(value)
        case list() | tuple():
            return [_without_unstorable(item) for item in value]
        case dict():
            return {key: _without_unstorable(item) for key, item in value.items()}
        case _:
            return value


def _short(incident_key: str) -> str:
    if len(incident_key) <= INCIDENT_KEY_LENGTH_MAX:
        return incident_key
    digest = hashlib.sha256(incident_key.encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"{incident_key[: INCIDENT_KEY_LENGTH_MAX - _DIGEST_LENGTH - 1]}#{digest}"
