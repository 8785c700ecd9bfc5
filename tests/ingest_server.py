"""Ingest on a real uvicorn in a thread, with keys that tests fill in by hand and, unless told otherwise, a real stream."""

import asyncio
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import msgspec
import uvicorn
import uvloop

from litesoc_server.clock import Clock, ManualClock
from litesoc_server.events.envelope import ENVELOPE_DECODER, Envelope, Environment
from litesoc_server.events.ids import KeyHash, OrgId
from litesoc_server.ingest.app import IngestApp
from litesoc_server.ingest.bounded_protocol import bounded_protocol
from litesoc_server.ingest.collect import Collector
from litesoc_server.ingest.fast_path import CollectProtocol, PlainCycle, collect_protocol
from litesoc_server.ingest.idempotency import IdempotencyStore
from litesoc_server.ingest.idempotency_sqlite import SqliteIdempotencyStore
from litesoc_server.ingest.key_directory import KeyDirectory
from litesoc_server.ingest.key_use import KeyUse, Uses
from litesoc_server.ingest.keys import KeyRecord, KeysUnavailable, Scope, hash_key
from litesoc_server.ingest.limits import QuotaMeter, RateLimiter
from litesoc_server.ingest.otlp import OtlpDoor
from litesoc_server.ingest.refusals import RefusalCounts
from litesoc_server.ingest.reply import Reply
from litesoc_server.ingest.source_counts import Counts, SourceCounts
from litesoc_server.ingest.source_gate import SourceGate
from litesoc_server.ingest.source_settings import Connection, SettingsDirectory, SettingsUnavailable, SourceSettings
from litesoc_server.ingest.webhooks import WebhookDoor
from litesoc_server.pipeline.normalise.aliases import is_known_name
from litesoc_server.stream.base import AppendDone
from litesoc_server.stream.embedded import EmbeddedStream
from litesoc_server.stream.subjects import Subject

NOW_MS = 1_786_259_564_120  # 2026-08-09T07:12:44.120Z
KEY = b"lsoc_live_0123456789abcdef0123456789abcdef"
ORG_ID = OrgId("0b9f6f0e-6b0f-4d5e-8b53-6f1d5f3f9a01")
RECORD = KeyRecord(
    key_id="11111111-1111-4111-8111-111111111111",
    key_name="shop",
    scopes=frozenset({Scope.INGEST, Scope.READ, Scope.MANAGE}),
    environment=Environment.LIVE,
    org_id=ORG_ID,
    org_name="Shop Example",
    is_suspended=False,
    plan="enterprise",
    features=frozenset(),
    alerts_page_limit=500,
    monthly_events_limit=None,
    rate_limit_per_minute=None,
    retention_days=90,
)
STOP_TIMEOUT_S = 20


def record_with(**changes: Any) -> KeyRecord:
    """Return RECORD with other values."""
    return msgspec.structs.replace(RECORD, **changes)


class TableKeySource:
    """Implements ingest.keys.KeySource over a dictionary. ``is_down`` makes it fail as a lost database does."""

    def __init__(self, records: dict[bytes, KeyRecord]) -> None:
        self.records = {hash_key(key): record for key, record in records.items()}
        self.is_down = False
        self.find_count = 0
        self.find_many_count = 0
        self.before_find: Callable[[], None] = lambda: None

    def find(self, key_hash: KeyHash) -> KeyRecord | None:
        """See KeySource."""
        self.find_count += 1
        self.before_find()
        self._fail_when_down()
        return self.records.get(key_hash)

    def find_many(self, key_hashes: list[KeyHash]) -> dict[KeyHash, KeyRecord]:
        """See KeySource."""
        self.find_many_count += 1
        self._fail_when_down()
        return {key_hash: self.records[key_hash] for key_hash in key_hashes if key_hash in self.records}

    def _fail_when_down(self) -> None:
        if self.is_down:
            raise KeysUnavailable("the table is down")


class UseTable:
    """Implements ingest.key_use.KeyUseSink over a dictionary."""

    def __init__(self) -> None:
        self.uses: Uses = {}

    def write(self, uses: Uses) -> None:
        """See KeyUseSink."""
        self.uses = {**self.uses, **uses}


class SettingsTable:
    """Implements ingest.source_settings.SettingsStore over a dictionary. ``is_down`` makes it fail."""

    def __init__(self) -> None:
        self.settings: dict[Connection, SourceSettings] = {}
        self.is_down = False
        self.find_count = 0

    def find(self, connection: Connection) -> SourceSettings | None:
        """See SettingsStore."""
        self.find_count += 1
        if self.is_down:
            raise SettingsUnavailable("the table is down")
        return self.settings.get(connection)


class CountsTable:
    """Implements ingest.source_counts.CountsSink: keeps what was written, per connection and outcome."""

    def __init__(self) -> None:
        self.totals: dict[Connection, Counter[str]] = {}

    def add(self, counts: Mapping[Connection, Counts]) -> None:
        """See CountsSink."""
        for connection, counted in counts.items():
            total = self.totals.setdefault(connection, Counter())
            for outcomes in counted.days.values():
                total.update(outcomes)


class HeldPublisher:
    """A publisher in memory whose appends end when the test says so; for what a real stream does too fast to be seen."""

    def __init__(self) -> None:
        self.payloads: list[bytes] = []
        self.error: Exception | None = None
        self.is_holding = False
        self._held: list[AppendDone] = []

    def append(self, subject: Subject, payload: bytes, done: AppendDone) -> None:
        """See stream.base.Publisher."""
        assert subject is Subject.RAW
        if self.error is None:
            self.payloads.append(payload)
        if self.is_holding:
            self._held.append(done)
        else:
            asyncio.get_running_loop().call_soon(done, self.error)

    def publish(self, subject: Subject, payloads: Any) -> None:
        """Not used by ingest."""
        raise NotImplementedError

    @property
    def held_count(self) -> int:
        """How many appends wait."""
        return len(self._held)

    def let_go(self) -> None:
        """End all appends that wait. Call on the loop."""
        self.is_holding = False
        held, self._held = self._held, []
        for done in held:
            done(self.error)


class IngestServer:
    """One running server. ``transport`` is "short cut" for the protocol of fast_path, "ordinary" for the one without it."""

    def __init__(
        self,
        directory: Path,
        *,
        records: dict[bytes, KeyRecord] | None = None,
        transport: str = "short cut",
        clock: Clock | None = None,
        publisher: HeldPublisher | None = None,
        body_timeout_s: float = 20.0,
        redis_url: str | None = None,
        seed: Callable[[OrgId], int] = lambda _: 0,
        idempotency: Callable[[], IdempotencyStore] | None = None,
        collect_status: int = 202,
        quota_exceeded_status: int = 403,
        keep_alive_s: float = 5,
        trusted_proxy_count: int = 0,
    ) -> None:
        self.clock = clock or ManualClock(NOW_MS)
        self.source = TableKeySource({KEY: RECORD} if records is None else records)
        self.loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        self.stream = EmbeddedStream(directory / "stream", max_bytes=256 * 1024**2, clock=self.clock)
        self._held_publisher = publisher
        self.keys = KeyDirectory(self.source, self.clock)
        self.use_table = UseTable()
        self.key_use = KeyUse(self.use_table)
        self.settings_table = SettingsTable()
        self.counts_table = CountsTable()
        self.source_counts = SourceCounts(self.counts_table)
        self.transport = transport
        self._keep_alive_s = keep_alive_s
        self._body_timeout_s = body_timeout_s
        self._limits: dict[str, Any] = {
            "rate_limiter": RateLimiter(redis_url=redis_url, clock=self.clock),
            "quota_meter": QuotaMeter(redis_url=redis_url, seed=seed, clock=self.clock),
            "key_use": self.key_use,
            "trusted_proxy_count": trusted_proxy_count,
        }
        self._make_idempotency = idempotency or (
            lambda: SqliteIdempotencyStore(directory / "idempotency.sqlite3", clock=self.clock)
        )
        self._statuses = {"collect_status": collect_status, "quota_exceeded_status": quota_exceeded_status}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._run, name="ingest server")
        self._is_up = threading.Event()
        self.uvicorn: uvicorn.Server
        self.short_cut_count = 0  # answers given on the short cut
        self._fetched: list[Envelope] = []

    def start(self) -> None:
        """Open everything and begin to serve."""
        self.stream.open(self.loop)
        self._thread.start()
        assert self._is_up.wait(STOP_TIMEOUT_S), "the server did not start"

    def stop(self) -> None:
        """Shut down as SIGTERM would."""
        self.loop.call_soon_threadsafe(setattr, self.uvicorn, "should_exit", True)
        self._thread.join(STOP_TIMEOUT_S)
        assert not self._thread.is_alive(), "the server did not stop"

    def envelopes(self) -> list[Envelope]:
        """Return everything appended so far, in order."""
        if self._held_publisher is not None:
            return [ENVELOPE_DECODER.decode(payload) for payload in self._held_publisher.payloads]
        consumer = self.stream.consumer(Subject.RAW)
        while messages := consumer.fetch(1000, 0.0):
            self._fetched.extend(ENVELOPE_DECODER.decode(message.payload) for message in messages)
        return self._fetched

    def on_loop(self, call: Callable[[], None]) -> None:
        """Run ``call`` on the server's event loop and return when it is done."""
        done = threading.Event()

        def run() -> None:
            call()
            done.set()

        self.loop.call_soon_threadsafe(run)
        assert done.wait(STOP_TIMEOUT_S)

    def _run(self) -> None:
        try:
            self.loop.run_until_complete(self._serve())
        finally:
            self.stream.close()
            self.keys.close()
            self._listener.close()
            self.loop.close()

    async def _serve(self) -> None:
        idempotency = self._make_idempotency()
        publisher = self._held_publisher or self.stream.publisher
        collector = Collector(
            publisher=publisher,
            key_directory=self.keys,
            idempotency=idempotency,
            clock=self.clock,
            **self._limits,
            **self._statuses,
        )
        settings = SettingsDirectory(self.settings_table, self.clock)
        source_gate = SourceGate(
            gate=collector.gate,
            publisher=publisher,
            key_directory=self.keys,
            settings=settings,
            counts=self.source_counts,
            refusals=RefusalCounts(),
            clock=self.clock,
        )
        app = IngestApp(
            collector=collector,
            webhooks=WebhookDoor(source_gate),
            otlp=OtlpDoor(source_gate, is_known_name),
            key_directory=self.keys,
            clock=self.clock,
            body_timeout_s=self._body_timeout_s,
            **self._limits,
        )
        protocols = {
            "short cut": self._counted(collect_protocol(collector, body_timeout_s=self._body_timeout_s)),
            "ordinary": bounded_protocol(body_timeout_s=self._body_timeout_s),
        }
        config = uvicorn.Config(
            app,  # type: ignore[arg-type] # uvicorn's scope types are closed TypedDicts
            http=protocols[self.transport],
            loop="none",
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=10,
            timeout_keep_alive=self._keep_alive_s,  # type: ignore[arg-type] # any number of seconds will do
        )
        self.uvicorn = uvicorn.Server(config)
        refreshing = asyncio.create_task(self.keys.keep_fresh())
        self.loop.call_later(0, self._announce)
        await self.uvicorn.serve(sockets=[self._listener])
        refreshing.cancel()
        await collector.close()
        source_gate.close()
        settings.close()
        await idempotency.close()

    def _counted(self, protocol: type[CollectProtocol]) -> type[CollectProtocol]:
        server = self

        class Counted(protocol):  # type: ignore[valid-type, misc] # a class made at run time
            def finish(self, cycle: PlainCycle, reply: Reply) -> None:
                server.short_cut_count += 1
                super().finish(cycle, reply)

        return Counted

    def _announce(self) -> None:
        if self.uvicorn.started:
            self._is_up.set()
        else:
            self.loop.call_later(0.001, self._announce)


@contextmanager
def serving(directory: Path, **options: Any) -> Iterator[IngestServer]:
    """Start an IngestServer and stop it at the end."""
    server = IngestServer(directory, **options)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class RawConnection:
    """One TCP connection that sends what it is told, byte by byte if need be."""

    def __init__(self, port: int, timeout_s: float = 10.0) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, *pieces: bytes) -> None:
        """Send ``pieces``, each in a packet of its own."""
        for piece in pieces:
            self._socket.sendall(piece)

    def read_response(self) -> bytes:
        """Return the bytes of the next response, b"" when the connection was closed before one came."""
        while b"\r\n\r\n" not in self._received:
            if not self._receive():
                return self._take(len(self._received))
        head, _, _ = self._received.partition(b"\r\n\r\n")
        length = next(
            (int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        end = len(head) + 4 + (0 if b" 100 " in head[:20] else length)
        while len(self._received) < end:
            assert self._receive(), "the connection ended amid a response"
        return self._take(end)

    def is_closed(self) -> bool:
        """Return whether the server closes the connection without sending anything more."""
        try:
            return not self._received and not self._receive()
        except ConnectionResetError:
            return True

    def is_refusing_more(self) -> bool:
        """Return whether the server, which has sent its last, also ceases to take what is sent, within a while."""
        for _ in range(2_000):
            try:
                self._socket.sendall(b"x")
            except OSError:
                return True
            time.sleep(0.005)
        return False

    def _receive(self) -> bool:
        data = self._socket.recv(65536)
        self._received += data
        return bool(data)

    def _take(self, length: int) -> bytes:
        taken, self._received = self._received[:length], self._received[length:]
        return taken


def post(path: str = "/collect", body: bytes = b'{"event":"a"}', *, key: bytes | None = KEY, **headers: str) -> bytes:
    """Return the bytes of a POST with a Content-Length, as the simplest client sends it."""
    lines = [f"POST {path} HTTP/1.1", "Host: soc.example", "Content-Type: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = "\r\n".join(lines).encode("latin-1")
    key_line = b"" if key is None else b"\r\nX-API-Key: " + key
    return head + key_line + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body
