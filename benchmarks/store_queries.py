"""Measure the embedded event store: insert cost by batch size, bytes per event, and p50/p95 of every question.

    python benchmarks/store_queries.py [--rows 1000000] [--orgs 5] [--days 60] [--directory DIR]

Rows are generated and loaded first, all within the day, which is the worst case for totals (store/queries/counts.py). With
--directory a store built by an earlier run is measured again as it is.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from synthetic_events import DAY_MS, synthetic_events

from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Severity
from litesoc_server.events.ids import EventId, OrgId
from litesoc_server.store.base import EventFilter, StoredEvent
from litesoc_server.store.chdb import ChdbStore

MEMORY_BYTES = 1024**3
LOAD_BATCH = 10_000
BATCHES = (250, 1_000, 5_000, 10_000)
INSERTS_PER_BATCH_SIZE = 9
RUNS = 25


def load(store: ChdbStore, rows: Iterator[StoredEvent], count: int) -> None:
    """Write ``count`` rows and print how long the inserts alone took."""
    seconds = 0.0
    while batch := list(islice(rows, LOAD_BATCH)):
        started = time.perf_counter()
        store.insert(batch)
        seconds += time.perf_counter() - started
    print(f"loaded {count:,} events in inserts of {LOAD_BATCH:,}: {seconds / count * 1e6:.1f} µs/event")


def measure_inserts(store: ChdbStore, end_ms: int, orgs: int) -> None:
    """Print the median cost of an insert for each batch size."""
    for size in BATCHES:
        rows = synthetic_events(
            count=size * INSERTS_PER_BATCH_SIZE, org_count=orgs, end_ms=end_ms, span_ms=3_600_000, seed=size
        )
        times_s: list[float] = []
        while batch := list(islice(rows, size)):
            started = time.perf_counter()
            store.insert(batch)
            times_s.append(time.perf_counter() - started)
        median_s = statistics.median(times_s)
        print(f"insert of {size:>6,}: {median_s * 1000:6.1f} ms, {median_s / size * 1e6:5.1f} µs/event")


def measure(name: str, ask: Callable[[], object]) -> None:
    """Print p50 and p95 of ``ask``, and the CPU it takes on all cores together, which other work does not disturb."""
    ask()
    times_ms: list[float] = []
    cpu_started = time.process_time()
    for _ in range(RUNS):
        started = time.perf_counter()
        ask()
        times_ms.append((time.perf_counter() - started) * 1000)
    cpu_ms = (time.process_time() - cpu_started) * 1000 / RUNS
    p95 = statistics.quantiles(times_ms, n=20)[-1]
    print(f"{name:<24} p50 {statistics.median(times_ms):7.1f} ms   p95 {p95:7.1f} ms   CPU {cpu_ms:7.1f} ms")


def measure_queries(store: ChdbStore, now_ms: int) -> None:
    """Ask every question of the largest organisation."""
    read = store._read  # noqa: SLF001 # nobody but this script asks these
    ((org_id, events),) = read("SELECT org_id, count() FROM events GROUP BY 1 ORDER BY 2 DESC LIMIT 1", {})
    org = OrgId(org_id)
    actors = read(
        "SELECT actor_id FROM events WHERE org_id = {org_id:String} GROUP BY 1 ORDER BY count() DESC", {"org_id": org}
    )
    busy, rare = str(actors[0][0]), str(actors[-1][0])
    page = store.list_events(org_id=org, where=EventFilter(), limit=50, offset=random.randrange(events // 2))
    event_id = page.events[0].event_id
    ids = [event.event_id for event in page.events]
    unknown = EventId("019a0000-0000-7000-8000-000000000000")
    rows = [StoredEvent(event, 0) for event in page.events]

    def list_with(offset: int = 0, **fields: object) -> Callable[[], object]:
        where = EventFilter(**fields)  # type: ignore[arg-type] # the script's own names
        return lambda: store.list_events(org_id=org, where=where, limit=50, offset=offset)

    print(f"the largest organisation has {events:,} events; each list is a page of 50 with its total")
    measure("list, newest", list_with())
    measure("list, page 200", list_with(offset=10_000))
    measure("list, last 30 days", list_with(not_before_ms=now_ms - 30 * DAY_MS))
    measure("list, one event name", list_with(event_name="auth.login_failed"))
    measure("list, critical", list_with(severity=Severity.CRITICAL))
    measure("list, busy actor", list_with(actor_id=busy))
    measure("list, rare actor", list_with(actor_id=rare))
    measure("list, unknown actor", list_with(actor_id="nobody"))
    measure("get one", lambda: store.get_event(org_id=org, event_id=event_id, not_before_ms=None))
    measure("get one, unknown", lambda: store.get_event(org_id=org, event_id=unknown, not_before_ms=None))
    measure("get 50", lambda: store.get_events(org_id=org, event_ids=ids, not_before_ms=None))
    measure("existing, 50 rows", lambda: store.existing(rows))
    measure("received this month", lambda: store.count_received(org_id=org, from_ms=now_ms - 30 * DAY_MS, to_ms=now_ms))
    measure(
        "hourly counts, 30 days",
        lambda: store.hourly_counts(org_id=org, environment=Environment.LIVE, from_ms=now_ms - 30 * DAY_MS, to_ms=now_ms),
    )
    started = time.perf_counter()
    count = sum(1 for _ in store.recent_events(since_ms=0, limit=100_000))
    seconds = time.perf_counter() - started
    print(f"recent_events of {count:,}: {seconds:.1f} s, {seconds / count * 1e6:.1f} µs/event")


def main() -> None:
    """Build, then measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--orgs", type=int, default=5)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--directory", type=Path)
    options = parser.parse_args()
    now_ms = time.time_ns() // 1_000_000
    with tempfile.TemporaryDirectory() as directory:
        store = ChdbStore(options.directory or Path(directory), memory_bytes=MEMORY_BYTES)
        store.open()
        if store.describe()["rows"] == 0:
            rows = synthetic_events(count=options.rows, org_count=options.orgs, end_ms=now_ms, span_ms=options.days * DAY_MS)
            load(store, rows, options.rows)
            facts = store.describe()
            print(f"{facts['bytes_on_disk'] / facts['rows']:.1f} bytes/event before the last merges, {facts}")  # type: ignore[operator]
        measure_inserts(store, now_ms, options.orgs)
        measure_queries(store, now_ms)
        print(store.describe())
        store.close()


if __name__ == "__main__":
    main()
