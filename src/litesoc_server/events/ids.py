"""Identifiers: typed names for them, and UUIDv7 event ids that a whole batch can share one draw of."""

import hashlib
import secrets
import uuid
from typing import NewType

OrgId = NewType("OrgId", str)  # canonical UUID text
EventId = NewType("EventId", str)  # canonical UUIDv7 text
KeyHash = NewType("KeyHash", bytes)  # SHA-256 digest of an API key, 32 bytes

# RFC 9562 section 5.7: 48-bit Unix milliseconds, version 7, 12 random bits, variant 10, 62 random bits.
_VERSION_BITS = 0x7 << 76
_VARIANT_BITS = 0b10 << 62
_RANDOM_LOW_BITS = 61  # one bit less than the field, so that adding an item index never carries into the variant
_RANDOM_LOW_MASK = (1 << _RANDOM_LOW_BITS) - 1


def draw_event_id_base(now_ms: int) -> bytes:
    """Draw the id of a request's first event: 16 bytes, a UUIDv7 whose timestamp is ``now_ms`` (Unix milliseconds).

    The ids of the request's other events follow by :func:`event_id_at`, so one draw serves a batch of any size.
    """
    drawn = secrets.randbits(12 + _RANDOM_LOW_BITS)  # at once: each draw is a system call
    random_high = drawn >> _RANDOM_LOW_BITS << 64
    random_low = drawn & _RANDOM_LOW_MASK
    value = (now_ms & 0xFFFF_FFFF_FFFF) << 80 | _VERSION_BITS | random_high | _VARIANT_BITS | random_low
    return value.to_bytes(16, "big")


def derive_event_id_base(at_ms: int, *parts: str) -> bytes:
    """Return the id of a request's first event that the same ``at_ms`` (Unix milliseconds) and ``parts`` always lead to.

    For events of our own that are tried again after a failure, and for what a vendor delivers again: sent twice under one id
    they are one event.
    """
    digest = int.from_bytes(hashlib.sha256("\x1f".join(parts).encode()).digest(), "big")
    random_high = (digest >> _RANDOM_LOW_BITS & 0xFFF) << 64
    value = (at_ms & 0xFFFF_FFFF_FFFF) << 80 | _VERSION_BITS | random_high | _VARIANT_BITS | digest & _RANDOM_LOW_MASK
    return value.to_bytes(16, "big")


def event_id_at(base: bytes, index: int) -> EventId:
    """Return the id of item ``index`` (0-based position in the request) of the request whose base id is ``base``."""
    # The text is put together by hand because this runs once per event: uuid.UUID takes twice as long.
    digits = f"{int.from_bytes(base, 'big') + index:032x}"
    return EventId(f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}")


def event_id_time_ms(event_id: str) -> int:
    """Return the Unix milliseconds carried by a UUIDv7. Raises ValueError if ``event_id`` is not a UUID."""
    return uuid.UUID(event_id).int >> 80
