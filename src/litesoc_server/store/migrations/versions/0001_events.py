"""The table of events and its hourly counts."""

from alembic import op

revision = "0001"
down_revision = None

# Why what is not obvious:
# - ReplacingMergeTree: copies of one row, should two workers ever write it at once, become one when parts merge; until
#   then queries take care of them (store/queries/counts.py). min_age_to_force_merge_seconds makes sure that parts do merge.
# - ORDER BY a number made of the UUID, because ClickHouse sorts the UUID type by its second half. The primary index stops
#   at ts: ids would only fill memory.
# - A repeated insert with the same token is dropped for the last 10,000 inserts (half an hour at five a second).
# - fsync_*: the stream forgets a message once its rows are stored, so they must survive a power cut (about 2 ms an insert).
# - inserted_at is the store's own clock, for finding the rows that may still have copies.
# - actor_id and user_ip as dictionaries: counting an actor's events reads a seventh of the bytes. Where there are so many
#   actors that dictionaries overflow, each is in few blocks, and the bloom filters skip the others.
# - Bloom filters of 1 % cost 1.2 bytes a row (event_id) and 0.6 (actor, address).
_EVENTS = """
CREATE TABLE IF NOT EXISTS events (
    org_id LowCardinality(String),
    ts DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    event_id UUID CODEC(ZSTD(1)),
    environment LowCardinality(String),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    inserted_at DateTime('UTC') DEFAULT now() CODEC(Delta, ZSTD(1)),
    expires_at DateTime('UTC') CODEC(Delta, ZSTD(1)),
    key_id LowCardinality(String),
    source LowCardinality(String),
    name LowCardinality(String),
    category LowCardinality(String),
    severity LowCardinality(String),
    actor_id LowCardinality(Nullable(String)),
    actor_email Nullable(String) CODEC(ZSTD(1)),
    actor_is_redacted Bool,
    user_ip LowCardinality(Nullable(String)),
    server_ip LowCardinality(Nullable(String)),
    metadata String CODEC(ZSTD(3)),
    has_geo Bool,
    country_code LowCardinality(Nullable(String)),
    region LowCardinality(Nullable(String)),
    city LowCardinality(Nullable(String)),
    latitude Nullable(Float64) CODEC(ZSTD(1)),
    longitude Nullable(Float64) CODEC(ZSTD(1)),
    time_zone LowCardinality(Nullable(String)),
    has_network Bool,
    asn Nullable(UInt32) CODEC(ZSTD(1)),
    as_org LowCardinality(Nullable(String)),
    special LowCardinality(Nullable(String)),
    is_vpn Nullable(Bool),
    is_tor Nullable(Bool),
    is_proxy Nullable(Bool),
    is_relay Nullable(Bool),
    is_datacenter Nullable(Bool),
    is_mobile Nullable(Bool),
    has_device Bool,
    user_agent LowCardinality(Nullable(String)),
    browser LowCardinality(Nullable(String)),
    browser_major LowCardinality(Nullable(String)),
    os LowCardinality(Nullable(String)),
    device_kind LowCardinality(Nullable(String)),
    INDEX event_id_bloom event_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX actor_id_bloom actor_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX user_ip_bloom user_ip TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX received_at_range received_at TYPE minmax GRANULARITY 1,
    INDEX inserted_at_range inserted_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(ts)
PRIMARY KEY (org_id, ts)
ORDER BY (org_id, ts, toUInt128(event_id))
TTL expires_at
SETTINGS
    non_replicated_deduplication_window = 10000,
    min_age_to_force_merge_seconds = 14400,
    fsync_after_insert = 1,
    fsync_part_directory = 1
"""

# For charts over weeks: one row per hour and kind instead of one per event. Copies written by a race count twice here.
_HOURLY_COUNTS = """
CREATE TABLE IF NOT EXISTS events_hourly (
    org_id LowCardinality(String),
    environment LowCardinality(String),
    hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    name LowCardinality(String),
    severity LowCardinality(String),
    events SimpleAggregateFunction(sum, UInt64),
    expires_at SimpleAggregateFunction(max, DateTime('UTC'))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (org_id, environment, hour, name, severity)
TTL expires_at
SETTINGS
    non_replicated_deduplication_window = 10000,
    min_age_to_force_merge_seconds = 14400
"""
_HOURLY_COUNTS_VIEW = """
CREATE MATERIALIZED VIEW IF NOT EXISTS events_hourly_view TO events_hourly AS
SELECT
    org_id,
    environment,
    toStartOfHour(ts) AS hour,
    name,
    severity,
    count() AS events,
    max(expires_at) AS expires_at
FROM events
GROUP BY org_id, environment, hour, name, severity
"""


def upgrade() -> None:
    """Create them."""
    op.execute(_EVENTS)
    op.execute(_HOURLY_COUNTS)
    op.execute(_HOURLY_COUNTS_VIEW)
