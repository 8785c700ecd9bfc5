"""The collect path alone, for measuring: the real transport and collector over a chosen stream, and one key.

Usage: python benchmarks/collect_server.py embedded|jetstream|none PORT [--ordinary-path] [--nats URL]
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import uvicorn
import uvloop

from litesoc_server.clock import SystemClock
from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import KeyHash, OrgId
from litesoc_server.ingest.app import IngestApp
from litesoc_server.ingest.collect import Collector
from litesoc_server.ingest.fast_path import collect_protocol
from litesoc_server.ingest.idempotency_sqlite import SqliteIdempotencyStore
from litesoc_server.ingest.key_directory import KeyDirectory
from litesoc_server.ingest.key_use import KeyUse, Uses
from litesoc_server.ingest.keys import KeyRecord, Scope
from litesoc_server.ingest.limits import QuotaMeter, RateLimiter
from litesoc_server.ingest.otlp import OtlpDoor
from litesoc_server.ingest.refusals import RefusalCounts
from litesoc_server.ingest.source_counts import Counts, SourceCounts
from litesoc_server.ingest.source_settings import Connection, SettingsDirectory
from litesoc_server.ingest.webhooks import WebhookDoor
from litesoc_server.stream.base import AppendDone, Publisher
from litesoc_server.stream.embedded import EmbeddedStream
from litesoc_server.stream.jetstream import JetStreamStream
from litesoc_server.stream.subjects import Subject

SWITCH_INTERVAL_S = 0.0005  # as in litesoc_server.runtime.serve
MAX_BYTES = 8 * 1024**3
RECORD = KeyRecord(
    key_id="benchmark",
    key_name="benchmark",
    scopes=frozenset({Scope.INGEST}),
    environment=Environment.LIVE,
    org_id=OrgId("00000000-0000-4000-8000-000000000001"),
    org_name="Benchmark",
    is_suspended=False,
    plan="enterprise",
    features=frozenset(),
    alerts_page_limit=500,
    monthly_events_limit=None,
    rate_limit_per_minute=None,
    retention_days=None,
)


class AnyKey:
    """Every key is good: the directory's cache is what is measured, not where keys live."""

    def find(self, key_hash: KeyHash) -> KeyRecord | None:
        """Return the one record."""
        del key_hash
        return RECORD

    def find_many(self, key_hashes: list[KeyHash]) -> dict[KeyHash, KeyRecord]:
        """Return the one record for all."""
        return dict.fromkeys(key_hashes, RECORD)


class NullSink:
    """Uses of keys end here."""

    def write(self, uses: Uses) -> None:
        """Forget them."""
        del uses


class NullSettings:
    """Nothing is set for any source."""

    def find(self, connection: Connection) -> None:
        """Return None."""
        del connection


class NullCounts:
    """Counts of sources end here."""

    def add(self, counts: Mapping[Connection, Counts]) -> None:
        """Forget them."""
        del counts


class NullPublisher:
    """The non-durable baseline: says at once that the payload is stored, and forgets it."""

    def append(self, subject: Subject, payload: bytes, done: AppendDone) -> None:
        """Report success."""
        del subject, payload
        done(None)

    def publish(self, subject: Subject, payloads: object) -> None:
        """Report success."""
        del subject, payloads


def _unlimited(_org_id: OrgId) -> int:
    return 0


async def serve(kind: str, port: int, directory: Path, *, nats_url: str, is_fast: bool) -> None:
    """Serve until killed."""
    clock = SystemClock()
    publisher: Publisher = NullPublisher()
    if kind != "none":
        stream = (
            EmbeddedStream(directory / "stream", max_bytes=MAX_BYTES, clock=clock)
            if kind == "embedded"
            else JetStreamStream(nats_url, max_bytes=MAX_BYTES, clock=clock)
        )
        await asyncio.to_thread(stream.open, asyncio.get_running_loop())
        publisher = stream.publisher
    keys = KeyDirectory(AnyKey(), clock)
    refreshing = asyncio.create_task(keys.keep_fresh())
    limiter = RateLimiter(redis_url=None, clock=clock)
    quota = QuotaMeter(redis_url=None, seed=_unlimited, clock=clock)
    key_use = KeyUse(NullSink())
    collector = Collector(
        publisher=publisher,
        key_directory=keys,
        rate_limiter=limiter,
        quota_meter=quota,
        idempotency=SqliteIdempotencyStore(directory / "idempotency.db", clock=clock),
        key_use=key_use,
        clock=clock,
    )
    webhooks = WebhookDoor(
        gate=collector.gate,
        publisher=publisher,
        key_directory=keys,
        settings=SettingsDirectory(NullSettings(), clock),
        counts=SourceCounts(NullCounts()),
        refusals=RefusalCounts(),
        clock=clock,
    )
    app = IngestApp(
        collector=collector,
        webhooks=webhooks,
        otlp=OtlpDoor(gate=collector.gate, publisher=publisher, key_directory=keys, refusals=RefusalCounts(), clock=clock),
        key_directory=keys,
        rate_limiter=limiter,
        quota_meter=quota,
        key_use=key_use,
        clock=clock,
        body_timeout_s=20,
    )
    config = uvicorn.Config(
        app,
        port=port,
        http=collect_protocol(collector, body_timeout_s=20) if is_fast else "httptools",
        lifespan="off",
        ws="none",
        loop="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    await uvicorn.Server(config).serve()
    refreshing.cancel()


def main() -> None:
    """Parse the arguments and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=("embedded", "jetstream", "none"))
    parser.add_argument("port", type=int)
    parser.add_argument("--ordinary-path", action="store_true")
    parser.add_argument("--nats", default="")
    options = parser.parse_args()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    with tempfile.TemporaryDirectory(prefix="litesoc-bench-") as directory:
        asyncio.Runner(loop_factory=uvloop.new_event_loop).run(
            serve(options.kind, options.port, Path(directory), nats_url=options.nats, is_fast=not options.ordinary_path)
        )


if __name__ == "__main__":
    main()
