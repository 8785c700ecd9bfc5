"""From Config to objects: the only place that knows which implementation of a port is used."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from litesoc_server.clock import Clock, SystemClock
from litesoc_server.config import Config
from litesoc_server.ingest.idempotency import IdempotencyStore
from litesoc_server.ingest.idempotency_redis import RedisIdempotencyStore
from litesoc_server.ingest.idempotency_sqlite import SqliteIdempotencyStore
from litesoc_server.pipeline.enrich.data_sets import IpDataFiles
from litesoc_server.pipeline.state.memory import MemoryState
from litesoc_server.pipeline.state.redis import RedisState
from litesoc_server.runtime.data_dir import is_in_use
from litesoc_server.store.chdb import ChdbStore
from litesoc_server.store.clickhouse import ClickHouseStore
from litesoc_server.stream.base import DeadLetters, Stream
from litesoc_server.stream.embedded import EmbeddedStream
from litesoc_server.stream.jetstream import JetStreamStream
from litesoc_server.stream.sqlite_dead_letters import BorrowedDeadLetters


def stream_directory(config: Config) -> Path:
    """Return where the embedded stream lives."""
    return config.data_dir / "stream"


def events_directory(config: Config) -> Path:
    """Return where the embedded event store lives."""
    return config.data_dir / "events"


def build_stream(config: Config, clock: Clock) -> Stream:
    """Return the stream that ``config`` asks for, not yet open."""
    if config.stream_url is not None:
        return JetStreamStream(
            config.stream_url, max_bytes=config.stream_max_bytes, replicas=config.stream_replicas, clock=clock
        )
    return EmbeddedStream(stream_directory(config), max_bytes=config.stream_max_bytes, clock=clock)


def build_store(config: Config) -> ChdbStore | ClickHouseStore:
    """Return the event store that ``config`` asks for, not yet open."""
    if config.events_url is not None:
        return ClickHouseStore(config.events_url)
    return ChdbStore(events_directory(config), memory_bytes=config.store_memory_bytes)


def ip_data_files(config: Config) -> IpDataFiles:
    """Return where IP data may lie."""
    return IpDataFiles(config.data_dir, config.city_mmdb, config.asn_mmdb)


def build_idempotency(config: Config, clock: Clock) -> IdempotencyStore:
    """Return where claims to Idempotency-Keys are kept. Raises IdempotencyUnavailable."""
    if config.state_url is not None:
        return RedisIdempotencyStore(config.state_url)
    return SqliteIdempotencyStore(config.data_dir / "idempotency.db", clock=clock)


def build_state(config: Config) -> MemoryState | RedisState:
    """Return where detectors remember. Nothing is connected yet."""
    return MemoryState() if config.state_url is None else RedisState(config.state_url)


def detection_gap_path(config: Config) -> Path:
    """Return the note of this process that events were stored without detection."""
    return config.data_dir / "detection-gap.json"


def detector_errors_path(config: Config) -> Path:
    """Return the note of this process that detectors raised."""
    return config.data_dir / "detector-errors.json"


def ignored_proxies_path(config: Config) -> Path:
    """Return the note of this process that X-Forwarded-For was sent although no proxy is trusted."""
    return config.data_dir / "ignored-proxies"


@contextmanager
def open_dead_letters(config: Config) -> Iterator[DeadLetters]:
    """Open the dead letters for a command, also while the server runs. Raises StreamUnavailable."""
    clock = SystemClock()
    if config.stream_url is None and is_in_use(config.data_dir):
        with closing(BorrowedDeadLetters(stream_directory(config), clock=clock)) as borrowed:
            yield borrowed
        return
    with closing(build_stream(config, clock)) as stream:
        stream.open(None)
        yield stream.dead_letters
