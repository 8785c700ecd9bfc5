"""Servers to hold limits against: one that does everything, or several that take events and share Redis."""

import contextlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from clickhouse_http import ClickHouseServer
from live_server import LiveServer
from servers import NatsServer, RedisServer, free_port
from tenants import Tenant, TenantApi, create_tenants

T = TypeVar("T")
SETTLED_S = 2.0  # nothing more is stored after so long
STORED_WITHIN_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Servers:
    """What runs."""

    takers: list[LiveServer]  # events are sent to these
    reader: LiveServer  # this one knows what is stored

    @property
    def urls(self) -> list[str]:
        """Where to send to; the addresses stay when a server is started again."""
        return [server.url for server in self.takers]

    def tenant(self, name: str, **limits: int) -> TenantApi:
        """Make an organisation with limits."""
        (api,) = create_tenants(self.reader, Tenant(name=name, **limits))  # type: ignore[arg-type] # limits are integers
        return api

    def while_one_is_killed(self, send: Callable[[], T], *, after_s: float) -> T:
        """Run ``send`` in a thread; ``after_s`` later kill the last taker, as a power cut would, and start it again.

        Not the other way round: a server that is started in a thread ends with it.
        """
        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(send)
            time.sleep(after_s)
            self.takers[-1].kill()
            self.takers[-1].start()
            return sending.result()


def stored_events(api: TenantApi) -> int:
    """Return how many events are stored once no more come."""
    deadline_s = time.monotonic() + STORED_WITHIN_S
    count, since_s = -1, time.monotonic()
    while time.monotonic() - since_s < SETTLED_S and time.monotonic() < deadline_s:
        answer = api.page("/events", limit=1)
        found = answer.json()["pagination"]["total"] if answer.status_code == 200 else count
        if found != count:
            count, since_s = found, time.monotonic()
        time.sleep(0.1)
    return count


@contextlib.contextmanager
def embedded_server(directory: Path) -> Iterator[Servers]:
    """Run one server that does everything."""
    server = LiveServer(directory / "server", args=("--port", str(free_port())))
    server.init()
    server.start()
    try:
        yield Servers(takers=[server], reader=server)
    finally:
        server.stop()


@contextlib.contextmanager
def servers_on_redis(directory: Path, *, takers: int) -> Iterator[Servers]:
    """Run a worker, one for pages and several processes that take events, on private servers."""
    with contextlib.ExitStack() as stack:
        nats, redis = NatsServer(directory / "nats"), RedisServer(directory / "redis")
        clickhouse = ClickHouseServer(directory / "clickhouse")
        for one in (nats, redis, clickhouse):
            one.start()
            stack.callback(one.kill)
        env = {
            "LITESOC_DATABASE_URL": f"sqlite://{directory / 'control.db'}",
            "LITESOC_STREAM_URL": nats.url,
            "LITESOC_EVENTS_URL": clickhouse.url,
            "LITESOC_STATE_URL": redis.url,
        }

        def server(name: str, role: str) -> LiveServer:
            return LiveServer(directory / name, env=env, args=("--role", role, "--port", str(free_port())))

        worker, reader = server("worker", "worker"), server("web", "web")
        running = [server(f"ingest-{number}", "ingest") for number in range(takers)]
        worker.init()
        for one in (worker, reader, *running):
            one.start()
            stack.callback(one.stop)
        yield Servers(takers=running, reader=reader)
