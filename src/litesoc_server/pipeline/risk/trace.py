"""What one login leaves behind for the score of later ones: its address, agent and hour, as small numbers."""

from functools import lru_cache
from zlib import crc32

import msgspec

from litesoc_server.events.event import Device, Event, Geo, Network
from litesoc_server.pipeline.detect.subjects import address_of, ipv4_block
from litesoc_server.pipeline.policy import HOUR_MS

UNKNOWN = 0  # stands for a value that was not sent or is not known
DAY_PARTS = 8  # three hours each
HOURS_COUNT = 2 * DAY_PARTS  # those of working days, then those of weekends
_HASH_BITS = 24  # of what is not a number already: two of one actor's few values meet once in a million logins
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday, and Monday is 0
_SATURDAY = 5
_ADDRESSES_CACHED = 65_536
_TEXTS_CACHED = 16_384

_NO_GEO, _NO_NETWORK, _NO_DEVICE = Geo(), Network(), Device()


class Trace(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One login as it is remembered: numbers that are equal exactly if what they stand for is; 0 where it is unknown."""

    event_id: str
    hour: int  # 0 to HOURS_COUNT - 1, see hour_of_week
    # address, /24 or /64, autonomous system, country; whole user agent, browser with its major version and system, browser
    # and system, system, computer or handheld; the sender's id of the device; kind of network. profile.py names them.
    values: tuple[int, ...]


def trace_of(event: Event) -> Trace:
    """Return what ``event`` leaves behind."""
    geo, network, device = event.geo or _NO_GEO, event.network or _NO_NETWORK, event.device or _NO_DEVICE
    values = (
        *((UNKNOWN, UNKNOWN) if event.user_ip is None else _address_numbers(event.user_ip)),
        network.asn or UNKNOWN,
        _number(geo.country_code),
        *_agent_numbers(device.user_agent, device.browser, device.browser_major, device.os, device.kind),
        _number(device.id),
        _number(network.kind),
    )
    return Trace(event.event_id, hour_of_week(event.occurred_at_ms), values)


def hour_of_week(at_ms: int) -> int:
    """Return in which three hours of a working day or of a weekend (UTC) a moment lies: 0 to HOURS_COUNT - 1."""
    hours = at_ms // HOUR_MS
    weekday = (hours // 24 + _EPOCH_WEEKDAY) % 7
    return (DAY_PARTS if weekday >= _SATURDAY else 0) + hours % 24 // (24 // DAY_PARTS)


@lru_cache(maxsize=_ADDRESSES_CACHED)
def _address_numbers(ip: str) -> tuple[int, int]:
    """Return the numbers of an address (canonical text) and of its prefix."""
    return _number(ip), _number(address_of(ip) if ":" in ip else ipv4_block(ip))


@lru_cache(maxsize=_TEXTS_CACHED)
def _agent_numbers(
    user_agent: str | None, browser: str | None, major: str | None, os: str | None, kind: str | None
) -> tuple[int, ...]:
    if user_agent is None and browser is None and os is None:
        return (UNKNOWN,) * 5
    return (
        _number(user_agent or f"{browser}/{major}/{os}"),
        _number(f"{browser}/{major}/{os}"),
        _number(f"{browser}/{os}"),
        _number(f"system {os}"),
        1 if kind is None else 2,
    )


@lru_cache(maxsize=_TEXTS_CACHED)
def _number(text: str | None) -> int:
    """Return a number for a text, never UNKNOWN; UNKNOWN for None and for an empty text."""
    if not text:
        return UNKNOWN
    return crc32(text.encode("utf-8", "surrogatepass")) % (2**_HASH_BITS - 1) + 1
