"""What the pages ask over weeks, kept as sums: visits by day, distinct actors and addresses by hour and day, places by hour.

Why these three: docs/decisions/0022-rollups-for-the-pages.md.
"""

from alembic import op

from litesoc_server.store.migrations.backfill import Rollup, add_rollup

revision = "0003"
down_revision = "0002"

_SETTINGS = """
SETTINGS
    non_replicated_deduplication_window = 10000,
    min_age_to_force_merge_seconds = 14400
"""

# Why what is not obvious:
# - One row per day, actor, address and device answers who and whence, ranked or one by one: an actor's rows of a day stand
#   together, an address' or a device's blocks are found by bloom filters.
# - '' stands for "none": nullable columns cannot be sorted by. Actors whose ids are masked are nobody here.
# - anyLast: what was found last about a place, network or e-mail address, as far as order is known when parts merge.
# - flags: bits that were ever set, 1 VPN, 2 Tor, 4 proxy, 8 relay, 16 data centre, 32 mobile (store/queries/address_facts.py).
_VISITS = f"""
CREATE TABLE IF NOT EXISTS visits_daily (
    org_id LowCardinality(String),
    environment LowCardinality(String),
    day Date CODEC(Delta, ZSTD(1)),
    actor_id String CODEC(ZSTD(1)),
    user_ip String CODEC(ZSTD(1)),
    device_id String CODEC(ZSTD(1)),
    browser LowCardinality(String),
    os LowCardinality(String),
    device_kind LowCardinality(String),
    events SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    names SimpleAggregateFunction(sumMap, Map(String, UInt64)),
    failures SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    risk_max SimpleAggregateFunction(max, UInt8),
    first_seen SimpleAggregateFunction(min, DateTime64(3, 'UTC')) CODEC(Delta, ZSTD(1)),
    last_seen SimpleAggregateFunction(max, DateTime64(3, 'UTC')) CODEC(Delta, ZSTD(1)),
    actor_email SimpleAggregateFunction(anyLast, Nullable(String)) CODEC(ZSTD(1)),
    country_code SimpleAggregateFunction(anyLast, LowCardinality(Nullable(String))),
    region SimpleAggregateFunction(anyLast, LowCardinality(Nullable(String))),
    city SimpleAggregateFunction(anyLast, LowCardinality(Nullable(String))),
    latitude SimpleAggregateFunction(anyLast, Nullable(Float32)) CODEC(ZSTD(1)),
    longitude SimpleAggregateFunction(anyLast, Nullable(Float32)) CODEC(ZSTD(1)),
    asn SimpleAggregateFunction(anyLast, Nullable(UInt32)) CODEC(ZSTD(1)),
    as_org SimpleAggregateFunction(anyLast, LowCardinality(Nullable(String))),
    network_kind SimpleAggregateFunction(anyLast, LowCardinality(Nullable(String))),
    network_provider SimpleAggregateFunction(anyLast, LowCardinality(Nullable(String))),
    flags SimpleAggregateFunction(groupBitOr, UInt8),
    expires_at SimpleAggregateFunction(max, DateTime('UTC')) CODEC(Delta, ZSTD(1)),
    INDEX user_ip_bloom user_ip TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX device_id_bloom device_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(day)
PRIMARY KEY (org_id, environment, day, actor_id)
ORDER BY (org_id, environment, day, actor_id, user_ip, device_id, browser, os, device_kind)
TTL expires_at
{_SETTINGS}
"""
_VISITS_SELECT = """
SELECT
    org_id,
    environment,
    toDate(ts) AS day,
    if(actor_is_redacted, '', ifNull(events.actor_id, '')) AS actor_id,
    ifNull(events.user_ip, '') AS user_ip,
    ifNull(events.device_id, '') AS device_id,
    ifNull(events.browser, '') AS browser,
    ifNull(events.os, '') AS os,
    ifNull(events.device_kind, '') AS device_kind,
    count() AS events,
    sumMap(map(toString(name), toUInt64(1))) AS names,
    countIf(name = 'auth.login_failed') AS failures,
    max(ifNull(risk_score, 0)) AS risk_max,
    min(ts) AS first_seen,
    max(ts) AS last_seen,
    anyLast(if(actor_is_redacted, NULL, events.actor_email)) AS actor_email,
    anyLast(events.country_code) AS country_code,
    anyLast(events.region) AS region,
    anyLast(events.city) AS city,
    anyLast(toFloat32(events.latitude)) AS latitude,
    anyLast(toFloat32(events.longitude)) AS longitude,
    anyLast(events.asn) AS asn,
    anyLast(events.as_org) AS as_org,
    anyLast(events.network_kind) AS network_kind,
    anyLast(events.network_provider) AS network_provider,
    groupBitOr(toUInt8(
        ifNull(is_vpn, false) + 2 * ifNull(is_tor, false) + 4 * ifNull(is_proxy, false)
        + 8 * ifNull(is_relay, false) + 16 * ifNull(is_datacenter, false) + 32 * ifNull(is_mobile, false)
    )) AS flags,
    max(expires_at) AS expires_at
FROM events
WHERE {cutoff}
GROUP BY org_id, environment, day, actor_id, user_ip, device_id, browser, os, device_kind
"""

# How many there were in any span of hours or days: exact for some thousands, off by about 0.8 % for more. Both periods are kept
# because joining two of these states takes 65 µs, 720 hours so 50 ms.
_VISITORS = f"""
CREATE TABLE IF NOT EXISTS visitors (
    org_id LowCardinality(String),
    environment LowCardinality(String),
    period_s UInt32,
    start DateTime('UTC') CODEC(Delta, ZSTD(1)),
    actors AggregateFunction(uniqCombined(14), String),
    addresses AggregateFunction(uniqCombined(14), String),
    expires_at SimpleAggregateFunction(max, DateTime('UTC'))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(start)
ORDER BY (org_id, environment, period_s, start)
TTL expires_at
{_SETTINGS}
"""
_VISITORS_SELECT = """
SELECT
    org_id,
    environment,
    period_s,
    if(period_s = 3600, toStartOfHour(ts), toStartOfDay(ts)) AS start,
    uniqCombinedStateIf(14)(toString(assumeNotNull(actor_id)), isNotNull(actor_id) AND NOT actor_is_redacted) AS actors,
    uniqCombinedStateIf(14)(toString(assumeNotNull(user_ip)), isNotNull(user_ip)) AS addresses,
    max(expires_at) AS expires_at
FROM events
ARRAY JOIN [toUInt32(3600), toUInt32(86400)] AS period_s
WHERE {cutoff}
GROUP BY org_id, environment, period_s, start
"""

# Cells of one degree; where in it most came from is the mean, from the two sums.
_PLACES = f"""
CREATE TABLE IF NOT EXISTS places_hourly (
    org_id LowCardinality(String),
    environment LowCardinality(String),
    hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    country_code LowCardinality(String),
    city LowCardinality(String),
    latitude_cell Int16,
    longitude_cell Int16,
    events SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    warnings SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    criticals SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    latitude_sum SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    longitude_sum SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    expires_at SimpleAggregateFunction(max, DateTime('UTC'))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(hour)
PRIMARY KEY (org_id, environment, hour)
ORDER BY (org_id, environment, hour, country_code, city, latitude_cell, longitude_cell)
TTL expires_at
{_SETTINGS}
"""
_PLACES_SELECT = """
SELECT
    org_id,
    environment,
    toStartOfHour(ts) AS hour,
    ifNull(events.country_code, '') AS country_code,
    ifNull(events.city, '') AS city,
    toInt16(floor(assumeNotNull(latitude))) AS latitude_cell,
    toInt16(floor(assumeNotNull(longitude))) AS longitude_cell,
    count() AS events,
    countIf(severity = 'warning') AS warnings,
    countIf(severity = 'critical') AS criticals,
    sum(assumeNotNull(latitude)) AS latitude_sum,
    sum(assumeNotNull(longitude)) AS longitude_sum,
    max(expires_at) AS expires_at
FROM events
WHERE isNotNull(latitude) AND isNotNull(longitude) AND {cutoff}
GROUP BY org_id, environment, hour, country_code, city, latitude_cell, longitude_cell
"""


def upgrade() -> None:
    """Create them and fill them from the events that are stored."""
    for name, table, select in (
        ("visits_daily", _VISITS, _VISITS_SELECT),
        ("visitors", _VISITORS, _VISITORS_SELECT),
        ("places_hourly", _PLACES, _PLACES_SELECT),
    ):
        op.execute(table)
        add_rollup(op.get_bind(), Rollup(name, select))
