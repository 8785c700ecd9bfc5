"""Measure what the pages of events ask of a store that `fill_store.py` made: lists, counts, facets, charts, the feed.

python benchmarks/fill_store.py DIRECTORY
python benchmarks/search_queries.py DIRECTORY [--org UUID] [--runs 9]
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from fill_store import ORG

from litesoc_server.events.ids import OrgId
from litesoc_server.search.event_fields import EVENT_FIELDS
from litesoc_server.search.parse import parse
from litesoc_server.store.base import Cursor, EventSearch
from litesoc_server.store.chdb import ChdbStore
from litesoc_server.store.feed import Feed

MEMORY_BYTES = 2 * 1024**3
DAY_MS = 86_400_000
SPANS = {"24 h": DAY_MS, "7 d": 7 * DAY_MS, "30 d": 30 * DAY_MS}
FEW_VALUES = ("severity", "event", "country", "network", "browser", "os")
MANY_VALUES = ("actor", "ip")
QUERIES = (
    "",
    "event:auth.login_failed",
    "actor:usr_000123",
    "ip:203.0.113.0/24",
    "country:NO -vpn risk:>70",
    "usr_0001",
    "meta.reason:bad_password",
)


class Bench:
    """One store's questions, each asked some times."""

    def __init__(self, store: ChdbStore, org: OrgId, *, now_ms: int, runs: int) -> None:
        self.store, self.org, self.now_ms, self.runs = store, org, now_ms, runs

    def where(self, text: str, length_ms: int) -> EventSearch:
        """Return a query over the last ``length_ms``."""
        return EventSearch(query=parse(text, EVENT_FIELDS), from_ms=self.now_ms - length_ms)

    def measure(self, name: str, ask: Callable[[], object]) -> None:
        """Print the median, and the CPU it takes on all cores together, which other work does not disturb."""
        ask()
        times_ms: list[float] = []
        cpu_started = time.process_time()
        for _ in range(self.runs):
            started = time.perf_counter()
            ask()
            times_ms.append((time.perf_counter() - started) * 1000)
        cpu_ms = (time.process_time() - cpu_started) * 1000 / self.runs
        print(f"{name:<52} p50 {statistics.median(times_ms):8.1f} ms   CPU {cpu_ms:8.1f} ms", flush=True)

    def page(self, text: str, span: str) -> None:
        """Ask what one look at the list asks."""
        where, name = self.where(text, SPANS[span]), f"{text or 'everything'}, {span}"
        self.measure(f"list: {name}", lambda: self.store.search_events(org_id=self.org, where=where, limit=50))
        self.facets(name, where, FEW_VALUES)
        from_ms, bucket_ms = self.now_ms - SPANS[span], SPANS[span] // 120
        self.measure(
            f"chart: {name}",
            lambda: self.store.histogram(
                org_id=self.org, where=where, from_ms=from_ms, to_ms=self.now_ms, bucket_ms=bucket_ms
            ),
        )

    def facets(self, name: str, where: EventSearch, fields: tuple[str, ...]) -> None:
        """Ask for the facets of some fields."""
        kind = "few" if fields is FEW_VALUES else "many"
        self.measure(
            f"facets ({kind} values): {name}",
            lambda: self.store.facets(org_id=self.org, where=where, fields=fields, top=6),
        )

    def everything_else(self) -> None:
        """Ask for a page far down, a count, the facets with many values, and the feed."""
        where = self.where("", SPANS["30 d"])
        first = self.store.search_events(org_id=self.org, where=where, limit=1).events[0]
        older = Cursor(first.occurred_at_ms - 15 * DAY_MS, first.event_id)
        self.measure(
            "page 15 days down", lambda: self.store.search_events(org_id=self.org, where=where, before=older, limit=50)
        )
        self.measure("count up to 100,000", lambda: self.store.count_matching(org_id=self.org, where=where, limit=100_000))
        self.facets("everything, 24 h", self.where("", SPANS["24 h"]), MANY_VALUES)
        feed = Feed(self.store, org_id=self.org, where=self.where("", DAY_MS), position_s=None, shown_max=20)
        self.measure("feed, one look that finds nothing", feed.look)


def main() -> None:
    """Open, then measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--org", type=OrgId, default=OrgId(ORG))
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    store = ChdbStore(options.directory, memory_bytes=MEMORY_BYTES)
    store.open()
    newest = store.search_events(org_id=options.org, where=EventSearch(), limit=1).events[0]
    print(store.describe())
    bench = Bench(store, options.org, now_ms=newest.occurred_at_ms + 1, runs=options.runs)
    for text in QUERIES:
        for span in SPANS:
            bench.page(text, span)
    bench.everything_else()
    store.close()


if __name__ == "__main__":
    main()
