"""Addresses, those seen last first: a page by cursor, as with actors."""

import msgspec

from litesoc_server.events.ids import OrgId
from litesoc_server.store.queries import Read
from litesoc_server.store.queries.span import Span, in_days

_PAGE = """
SELECT user_ip, toUnixTimestamp64Milli(max(last_seen)) AS last_ms
FROM visits_daily
WHERE <conditions> AND user_ip != ''
GROUP BY user_ip
HAVING (last_ms, user_ip) < ({last_ms:Int64}, {last_ip:String})
ORDER BY last_ms DESC, user_ip DESC
LIMIT {limit:UInt64}
"""
_FACTS = """
SELECT
    user_ip, sum(events), sum(failures), uniqCombinedIf(14)(actor_id, actor_id != ''), anyLast(country_code), anyLast(city),
    anyLast(asn), anyLast(as_org), anyLast(network_kind), anyLast(network_provider)
FROM visits_daily
WHERE <conditions> AND user_ip IN {ips:Array(String)}
GROUP BY user_ip
"""
_STARTS = ("startsWith(user_ip, {start:String})", "start")
_LATEST_MS = 2**62  # later than anything


class AddressCursor(msgspec.Struct, frozen=True):
    """The last address of a page: the next page begins after it."""

    last_seen_ms: int  # event time, Unix ms
    ip: str


class AddressRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One address in a list; the figures are those of the days that overlap the span."""

    ip: str
    last_seen_ms: int  # event time, Unix ms
    events: int
    failures: int  # logins that failed
    actors: int  # exact for some thousands, then off by about 0.8 %
    country_code: str | None
    city: str | None
    asn: int | None
    as_org: str | None
    network_kind: str | None
    network_provider: str | None


def list_addresses(
    read: Read, *, org_id: OrgId, span: Span, start: str = "", after: AddressCursor | None = None, limit: int
) -> list[AddressRow]:
    """Return up to ``limit`` addresses whose text begins with ``start``, the latest first. Raises StoreUnavailable."""
    conditions = in_days(org_id, span, *([(*_STARTS, start)] if start else []))
    cursor = after or AddressCursor(_LATEST_MS, "")
    values = conditions.values | {"last_ms": cursor.last_seen_ms, "last_ip": cursor.ip, "limit": limit}
    page = read(_PAGE.replace("<conditions>", conditions.sql), values)
    of_span = in_days(org_id, span)
    found = read(_FACTS.replace("<conditions>", of_span.sql), of_span.values | {"ips": [ip for ip, _ in page]})
    facts = {ip: rest for ip, *rest in found}
    rows: list[AddressRow] = []
    for ip, last_ms in page:
        events, failures, actors, country_code, city, asn, as_org, network_kind, network_provider = facts[ip]
        rows.append(
            AddressRow(
                ip=ip,
                last_seen_ms=last_ms,
                events=events,
                failures=failures,
                actors=actors,
                country_code=country_code,
                city=city,
                asn=asn,
                as_org=as_org,
                network_kind=network_kind,
                network_provider=network_provider,
            )
        )
    return rows
