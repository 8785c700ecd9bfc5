"""Fill an embedded event store with a month of traffic of one large organisation and a small one, made inside the engine.

    python benchmarks/fill_store.py DIRECTORY [--rows 10000000] [--days 30] [--end-ms UNIX_MS] [--seed 7]
        [--org UUID] [--small-org UUID]

10 million events take a few minutes. The same arguments give the same events. 50,000 actors and 100,000 addresses come as
often as Zipf's law says; people keep to two or three addresses, attackers try many accounts from few, in some hours much
more than in others. Rows go through the table ``events``, so whatever the store derives from it is filled, too.
In the end they are marked as taken in when they happened: only those of the last day are looked through for copies
(store/queries/counts.py).
"""

import argparse
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from random import Random

from clickhouse_connect.driver.client import Client

from litesoc_server.evaluation.simulator.atlas import Net, draw_address, load_atlas, nets_of, network_of
from litesoc_server.events.event import NetworkKind
from litesoc_server.store.chdb import ChdbStore

MEMORY_BYTES = 2 * 1024**3
DAY_MS = 86_400_000
ROWS_PER_INSERT = 500_000
ORG = "0b9f6f0e-6b0f-4d5e-8b53-6f1d5f3f9a01"
SMALL_ORG = "5d3c1f4e-2c7a-4b1e-9d0a-7e6b5a4c3d21"
SMALL_SHARE = 50  # one event in so many is the small organisation's
ACTORS, ADDRESSES, ATTACKERS = 50_000, 100_000, 8_000  # the last addresses are the attackers'
_KINDS = (  # of the addresses of people, with weights
    (NetworkKind.ISP, 62),
    (NetworkKind.MOBILE, 25),
    (NetworkKind.HOSTING, 5),
    (NetworkKind.VPN, 5),
    (NetworkKind.RELAY, 3),
)
_ATTACKER_KINDS = ((NetworkKind.HOSTING, 50), (NetworkKind.VPN, 15), (NetworkKind.TOR, 10), (NetworkKind.ISP, 25))
_BROWSERS = ("Chrome", "Safari", "Firefox", "Edge")
_SYSTEMS = ("Windows", "macOS", "iOS", "Android", "Linux")

_PEOPLE_TABLES = """
CREATE OR REPLACE TABLE bench_addresses (
    number UInt32, ip String, country String, region Nullable(String), city String, latitude Float64, longitude Float64,
    time_zone String, asn UInt32, as_org String, kind String, provider Nullable(String), is_vpn Bool, is_tor Bool,
    is_relay Bool, is_datacenter Bool, is_mobile Bool
) ENGINE = Memory;
CREATE OR REPLACE TABLE bench_actors (
    number UInt32, id String, email String, browser String, major String, os String, device_id String
) ENGINE = Memory
"""

# d(salt): a number in [0, 1) that depends on the row, the seed and the salt. Zipf's law with an offset (Mandelbrot), so that
# the busiest actor has some tens of thousands of events and not a million.
_EVENTS = """
INSERT INTO events (
    org_id, ts, event_id, environment, received_at, expires_at, key_id, source, name, category, severity, actor_id,
    actor_email, actor_is_redacted, user_ip, server_ip, metadata, has_geo, country_code, region, city, latitude, longitude,
    time_zone, has_network, asn, as_org, is_vpn, is_tor, is_proxy, is_relay, is_datacenter, is_mobile, network_kind,
    network_confidence, network_provider, has_device, user_agent, browser, browser_major, os, device_id, session_id,
    risk_score, risk
)
WITH
    (salt, row) -> cityHash64(row, {seed:UInt64}, salt) / 18446744073709551616 AS d,
    (draw, offset, size) -> toUInt32(floor(offset * (pow((size + offset) / offset, draw) - 1))) AS zipf,
    fromUnixTimestamp64Milli(ts_ms, 'UTC') AS moment
SELECT
    org_id, moment, event_id, 'live', moment, toDateTime(intDiv(ts_ms, 1000) + 90 * 86400, 'UTC'), '1', 'collect',
    event_name, splitByChar('.', event_name)[1],
    multiIf(event_name IN ('authz.role_changed', 'authz.access_denied', 'data.bulk_delete'), 'critical',
            event_name IN ('auth.login_failed', 'auth.mfa_disabled', 'admin.user_deleted'), 'warning', 'info'),
    actors.id, actors.email, false, addresses.ip, '192.0.2.10',
    if(event_name = 'auth.login_failed', '{"reason":"bad_password","form":"web"}', '{"_sdk":"litesoc-python"}'),
    true, addresses.country, addresses.region, addresses.city, addresses.latitude, addresses.longitude,
    addresses.time_zone, true, addresses.asn, addresses.as_org, addresses.is_vpn, addresses.is_tor, false,
    addresses.is_relay, addresses.is_datacenter, addresses.is_mobile, addresses.kind, 0.9, addresses.provider,
    true, concat('Mozilla/5.0 (', actors.os, ') ', actors.browser, '/', actors.major), actors.browser, actors.major,
    actors.os, actors.device_id, concat('s', toString(intDiv(ts_ms, 14400000)), '-', toString(actor_number)),
    if(event_name = 'auth.login_success', toUInt8(100 * pow(d(8, row), 6)), NULL),
    if(event_name = 'auth.login_success', concat('{"score":', toString(toUInt8(100 * pow(d(8, row), 6))),
       ',"log_ratio":1.5,"contributions":[{"feature":"network","text":"new network","weight":1.5}]}'), '')
FROM (
    SELECT
        number AS row,
        if(row % {small_share:UInt64} = 0, {small_org:String}, {org:String}) AS org_id,
        toFloat64(row) / {rows:UInt64} * {days:UInt64} AS day,
        toInt64({start_ms:Int64} + {day_ms:UInt64} * (day - 0.6 * sin(2 * pi() * day) / (2 * pi()))) AS ts_ms,
        toUUID(concat(
            substring(lower(hex(ts_ms)), 1, 8), '-', substring(lower(hex(ts_ms)), 9, 4), '-7',
            right(lower(hex(cityHash64(row, {seed:UInt64}, 1))), 3), '-8',
            right(lower(hex(cityHash64(row, {seed:UInt64}, 2))), 3), '-',
            substring(leftPad(lower(hex(cityHash64(row, {seed:UInt64}, 3))), 16, '0'), 5, 12))) AS event_id,
        d(4, row) < if(cityHash64(intDiv(ts_ms, 3600000), {seed:UInt64}) % 40 = 0, 0.4, 0.06) AS is_attack,
        if(is_attack, toUInt32(d(5, row) * {actors:UInt32}), zipf(d(5, row), 50, {actors:UInt32})) AS actor_number,
        if(is_attack,
           {addresses:UInt32} - 1 - zipf(d(6, row), 10, {attackers:UInt32}),
           toUInt32(cityHash64(actor_number, multiIf(d(6, row) < 0.85, 0, d(6, row) < 0.95, 1, 2))
                    % ({addresses:UInt32} - {attackers:UInt32}))) AS address_number,
        d(7, row) AS kind,
        if(is_attack, if(kind < 0.995, 'auth.login_failed', 'auth.login_success'), multiIf(
            kind < 0.46, 'auth.login_success', kind < 0.50, 'auth.login_failed', kind < 0.66, 'auth.logout',
            kind < 0.80, 'auth.token_refreshed', kind < 0.88, 'user.profile_updated', kind < 0.93, 'data.download',
            kind < 0.96, 'data.export', kind < 0.975, 'auth.password_reset', kind < 0.985, 'auth.mfa_enabled',
            kind < 0.99, 'admin.settings_changed', kind < 0.993, 'auth.mfa_disabled', kind < 0.996, 'admin.user_created',
            kind < 0.9975, 'admin.user_deleted', kind < 0.9985, 'authz.access_denied', kind < 0.9993, 'authz.role_changed',
            'data.bulk_delete')) AS event_name
    FROM numbers({from_row:UInt64}, {row_count:UInt64})
) AS made
ANY LEFT JOIN bench_actors AS actors ON actors.number = made.actor_number
ANY LEFT JOIN bench_addresses AS addresses ON addresses.number = made.address_number
SETTINGS max_partitions_per_insert_block = 0, insert_deduplicate = 0, max_execution_time = 0
"""


def draw_addresses(rng: Random) -> Iterator[list[object]]:
    """Yield the rows of ``bench_addresses``: real networks of real cities, each address once."""
    cities, seen = load_atlas().cities, set[str]()
    for number in range(ADDRESSES):
        kinds = _ATTACKER_KINDS if number >= ADDRESSES - ATTACKERS else _KINDS
        net = rng.choice(nets_of(rng.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]))
        ip = _draw_address(net, rng, number)
        while ip in seen:
            ip = _draw_address(net, rng, number + rng.getrandbits(60))
        seen.add(ip)
        city, network = cities[net.city], network_of(net)
        latitude, longitude = round(city.lat + rng.gauss(0, 0.2), 2), round(city.lon + rng.gauss(0, 0.2), 2)
        yield [
            *(number, ip, city.country, city.region, city.name, latitude, longitude, city.tz),
            *(net.asn, net.org, net.kind.value, net.provider),
            *(network.is_vpn, network.is_tor, network.is_relay, network.is_datacenter, network.is_mobile),
        ]


def _draw_address(net: Net, rng: Random, number: int) -> str:
    """Return an address of the network; every twentieth is of version 6."""
    if number % 20:
        return draw_address(net, rng)
    return f"2001:db8:{net.asn % 65536:x}:{rng.getrandbits(16):x}:{rng.getrandbits(16):x}::{rng.getrandbits(15) + 1:x}"


def draw_actors(rng: Random) -> Iterator[list[object]]:
    """Yield the rows of ``bench_actors``."""
    for number in range(ACTORS):
        yield [
            *(number, f"usr_{number:06d}", f"person{number}@customer{rng.randrange(400)}.example"),
            *(rng.choice(_BROWSERS), str(rng.randint(120, 144)), rng.choice(_SYSTEMS), f"dev-{rng.getrandbits(40):010x}"),
        ]


def fill(client: Client, options: argparse.Namespace) -> None:
    """Make the events, half a million at a time, and tell how far it is."""
    rng = Random(options.seed)
    for statement in _PEOPLE_TABLES.split(";"):
        client.command(statement)
    client.insert("bench_addresses", list(draw_addresses(rng)))
    client.insert("bench_actors", list(draw_actors(rng)))
    values = {
        "seed": options.seed,
        "rows": options.rows,
        "days": options.days,
        "day_ms": DAY_MS,
        "start_ms": options.end_ms - options.days * DAY_MS,
        "org": options.org,
        "small_org": options.small_org,
        "small_share": SMALL_SHARE,
        "actors": ACTORS,
        "addresses": ADDRESSES,
        "attackers": ATTACKERS,
    }
    started = time.monotonic()
    for from_row in range(0, options.rows, ROWS_PER_INSERT):
        count = min(ROWS_PER_INSERT, options.rows - from_row)
        client.command(_EVENTS, parameters={**values, "from_row": from_row, "row_count": count})
        print(f"{from_row + count:>12,} events, {time.monotonic() - started:.0f} s", flush=True)
    client.command("ALTER TABLE events UPDATE inserted_at = toDateTime(ts) WHERE true", settings={"mutations_sync": 1})
    client.command("DROP TABLE bench_addresses")
    client.command("DROP TABLE bench_actors")


def main() -> None:
    """Open the store, fill it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--end-ms", type=int, default=time.time_ns() // 1_000_000, help="when the last event happens")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--org", type=lambda text: str(uuid.UUID(text)), default=ORG)
    parser.add_argument("--small-org", type=lambda text: str(uuid.UUID(text)), default=SMALL_ORG)
    options = parser.parse_args()
    store = ChdbStore(options.directory, memory_bytes=MEMORY_BYTES)
    store.open()
    client = store._writer  # noqa: SLF001 # the store's own methods take events one by one
    assert client is not None
    fill(client, options)
    print(store.describe())
    store.close()


if __name__ == "__main__":
    main()
