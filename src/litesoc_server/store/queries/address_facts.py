"""What is known of one address in a span: its place and network, how much came from it, and whose."""

from typing import Any

import msgspec

from litesoc_server.events.ids import OrgId
from litesoc_server.store.queries import Read
from litesoc_server.store.queries.span import Span, in_days

ACTORS_MAX = 100
_FLAGS = (
    "VPN",
    "Tor",
    "proxy",
    "privacy relay",
    "data centre",
    "mobile",
)  # bit by bit, see the migration that makes visits_daily

_ADDRESS = ("user_ip = {ip:String}", "ip")
# The latest day's place and network hold; the numbers are those of all days.
_DAYS = """
SELECT
    toInt64(toUnixTimestamp(day)) * 1000 AS day_ms, sum(events), sum(failures), uniqCombinedIf(14)(actor_id, actor_id != ''),
    toUnixTimestamp64Milli(min(first_seen)), toUnixTimestamp64Milli(max(last_seen))
FROM visits_daily
WHERE <conditions>
GROUP BY day_ms
ORDER BY day_ms
"""
_NETWORK = """
SELECT
    anyLast(country_code), anyLast(region), anyLast(city), anyLast(latitude), anyLast(longitude), anyLast(asn),
    anyLast(as_org), anyLast(network_kind), anyLast(network_provider), groupBitOr(flags)
FROM visits_daily
WHERE <conditions> AND day = (SELECT max(day) FROM visits_daily WHERE <conditions>)
"""
_ACTORS_SEEN = "SELECT uniqCombined(14)(actor_id) FROM visits_daily WHERE <conditions> AND actor_id != ''"
_ACTORS = """
SELECT
    actor_id, anyLast(actor_email), sum(events) AS total, sum(failures), toUnixTimestamp64Milli(min(first_seen)),
    toUnixTimestamp64Milli(max(last_seen)) AS last_ms
FROM visits_daily
WHERE <conditions> AND actor_id != ''
GROUP BY actor_id
ORDER BY total DESC, last_ms DESC, actor_id
LIMIT {limit:UInt64}
"""


class AddressDay(msgspec.Struct, frozen=True, gc=False):
    """One day (UTC) of an address."""

    start_ms: int  # Unix ms
    events: int
    failures: int  # logins that failed
    actors: int


class AddressFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One address in the days that overlap a span; place and network as last looked up."""

    first_seen_ms: int  # within those days; event time, Unix ms
    last_seen_ms: int
    actors: int  # exact for some thousands, then off by about 0.8 %
    days: tuple[AddressDay, ...]  # those with events, oldest first
    country_code: str | None
    region: str | None
    city: str | None
    latitude: float | None
    longitude: float | None
    asn: int | None
    as_org: str | None
    network_kind: str | None
    network_provider: str | None
    flags: tuple[str, ...]  # those of "VPN", "Tor", "proxy", "privacy relay", "data centre", "mobile" that hold

    @property
    def events(self) -> int:
        """How many in all."""
        return sum(day.events for day in self.days)

    @property
    def failures(self) -> int:
        """How many logins failed."""
        return sum(day.failures for day in self.days)


class AddressActor(msgspec.Struct, frozen=True, gc=False):
    """One actor that came from an address."""

    actor_id: str
    email: str | None
    events: int
    failures: int
    first_seen_ms: int
    last_seen_ms: int


def address_facts(read: Read, *, org_id: OrgId, ip: str, span: Span) -> AddressFacts | None:
    """Return what is known of an address; None when nothing came from it in the days that overlap the span.

    Raises StoreUnavailable.
    """
    days = _ask(read, _DAYS, org_id, ip, span)
    if not days:
        return None
    ((actors,),) = _ask(read, _ACTORS_SEEN, org_id, ip, span)
    ((*facts, flags),) = _ask(read, _NETWORK, org_id, ip, span)
    names = AddressFacts.__struct_fields__[4:-1]
    return AddressFacts(
        first_seen_ms=min(row[4] for row in days),
        last_seen_ms=max(row[5] for row in days),
        actors=actors,
        days=tuple(AddressDay(*row[:4]) for row in days),
        flags=tuple(name for bit, name in enumerate(_FLAGS) if flags >> bit & 1),
        **dict(zip(names, facts, strict=True)),
    )


def address_actors(read: Read, *, org_id: OrgId, ip: str, span: Span) -> list[AddressActor]:
    """Return the actors that came from an address, those with most events first, at most ACTORS_MAX.

    Raises StoreUnavailable.
    """
    return [AddressActor(*row) for row in _ask(read, _ACTORS, org_id, ip, span)]


def _ask(read: Read, sql: str, org_id: OrgId, ip: str, span: Span) -> list[tuple[Any, ...]]:
    conditions = in_days(org_id, span, (*_ADDRESS, ip))
    return [
        tuple(row) for row in read(sql.replace("<conditions>", conditions.sql), conditions.values | {"limit": ACTORS_MAX})
    ]
