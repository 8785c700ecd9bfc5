"""What answers HTTP: the application that takes events, the pages, and uvicorn in front of both."""

import asyncio
import contextlib
from collections.abc import Callable

import uvicorn

from litesoc_server.apikeys.key_source import DatabaseKeySource
from litesoc_server.backend import Backend, use
from litesoc_server.clock import Clock
from litesoc_server.config import Config
from litesoc_server.health.recent import RecentLooks
from litesoc_server.ingest.app import IngestApp
from litesoc_server.ingest.bounded_protocol import bounded_protocol
from litesoc_server.ingest.collect import Collector
from litesoc_server.ingest.fast_path import collect_protocol
from litesoc_server.ingest.key_directory import KeyDirectory
from litesoc_server.ingest.limits import QuotaMeter, RateLimiter
from litesoc_server.pipeline.enrich.data_sets import IpDataState
from litesoc_server.runtime.asgi import Dispatcher
from litesoc_server.runtime.build import build_idempotency
from litesoc_server.runtime.quota_seed import QuotaSeed
from litesoc_server.runtime.roles import Role
from litesoc_server.store.base import EventStore
from litesoc_server.stream.base import Stream
from litesoc_server.web.asgi import PagesApp

GRACE_S = 3  # for requests in flight at shutdown


async def build_http(
    config: Config,
    role: Role,
    stream: Stream,
    store: EventStore,
    look_at_data: Callable[[], IpDataState],
    clock: Clock,
    stack: contextlib.AsyncExitStack,
) -> uvicorn.Config:
    """Return how to run what ``role`` answers. What it opens is closed with ``stack``."""
    keys = KeyDirectory(DatabaseKeySource(), clock)
    stack.callback(keys.close)
    refreshing = asyncio.create_task(keys.keep_fresh())
    stack.callback(refreshing.cancel)
    rate_limiter = RateLimiter(redis_url=config.state_url, clock=clock)
    seed = QuotaSeed(reader=store, stream=stream, clock=clock)
    quota_meter = QuotaMeter(redis_url=config.state_url, seed=seed, clock=clock)
    collector = _build_collector(config, stream, keys, rate_limiter, quota_meter, clock, stack)
    use(
        Backend(
            reader=store,
            looks_at_senders=RecentLooks(store, clock),
            publisher=stream.publisher,
            key_directory=keys,
            rate_limiter=rate_limiter,
            quota_meter=quota_meter,
            ip_data=look_at_data,
            clock=clock,
        )
    )
    ingest = IngestApp(
        collector=collector,
        key_directory=keys,
        rate_limiter=rate_limiter,
        quota_meter=quota_meter,
        clock=clock,
        body_timeout_s=config.body_timeout_s,
    )
    pages = PagesApp(body_timeout_s=config.body_timeout_s, clock=clock)
    return _uvicorn_config(config, role, Dispatcher(ingest=ingest, pages=pages, role=role), collector)


def _build_collector(
    config: Config,
    stream: Stream,
    keys: KeyDirectory,
    rate_limiter: RateLimiter,
    quota_meter: QuotaMeter,
    clock: Clock,
    stack: contextlib.AsyncExitStack,
) -> Collector:
    idempotency = build_idempotency(config, clock)
    stack.push_async_callback(idempotency.close)
    collector = Collector(
        publisher=stream.publisher,
        key_directory=keys,
        rate_limiter=rate_limiter,
        quota_meter=quota_meter,
        idempotency=idempotency,
        clock=clock,
        collect_status=config.collect_status,
        quota_exceeded_status=config.quota_exceeded_status,
    )
    stack.push_async_callback(collector.close)
    return collector


def _uvicorn_config(config: Config, role: Role, app: Dispatcher, collector: Collector) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=collect_protocol(collector, body_timeout_s=config.body_timeout_s)
        if role.takes_events
        else bounded_protocol(body_timeout_s=config.body_timeout_s),
        loop="none",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # uvicorn would believe X-Forwarded-For from 127.0.0.1
        timeout_graceful_shutdown=GRACE_S,
    )
