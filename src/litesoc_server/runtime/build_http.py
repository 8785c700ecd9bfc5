"""What answers HTTP: the application that takes events, the pages, and uvicorn in front of both."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import uvicorn

from litesoc_server.apikeys.key_source import DatabaseKeySource
from litesoc_server.apikeys.key_uses import DatabaseKeyUseSink
from litesoc_server.backend import Backend, use
from litesoc_server.clock import Clock
from litesoc_server.config import Config
from litesoc_server.health.recent import RecentLooks
from litesoc_server.inbound.counts_sink import DatabaseCountsSink
from litesoc_server.inbound.settings_store import DatabaseSettingsStore
from litesoc_server.ingest.app import IngestApp
from litesoc_server.ingest.bounded_protocol import bounded_protocol
from litesoc_server.ingest.collect import Collector
from litesoc_server.ingest.fast_path import collect_protocol
from litesoc_server.ingest.key_directory import KeyDirectory
from litesoc_server.ingest.key_use import KeyUse
from litesoc_server.ingest.limits import QuotaMeter, RateLimiter
from litesoc_server.ingest.otlp import OtlpDoor
from litesoc_server.ingest.refusals import RefusalCounts
from litesoc_server.ingest.source_counts import SourceCounts
from litesoc_server.ingest.source_gate import SourceGate
from litesoc_server.ingest.source_settings import SettingsDirectory
from litesoc_server.ingest.webhooks import WebhookDoor
from litesoc_server.pipeline.enrich.data_sets import IpDataState
from litesoc_server.pipeline.normalise.aliases import is_known_name
from litesoc_server.runtime.asgi import Dispatcher
from litesoc_server.runtime.build import build_idempotency, ignored_proxies_path
from litesoc_server.runtime.proxy_note import keep_proxy_note
from litesoc_server.runtime.quota_seed import QuotaSeed
from litesoc_server.runtime.roles import Role
from litesoc_server.runtime.usage_keeping import RefusalKeeper
from litesoc_server.store.base import EventStore
from litesoc_server.stream.base import Stream
from litesoc_server.web.asgi import PagesApp

GRACE_S = 3  # for requests in flight at shutdown


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """What all share that take events, and what the API and the pages ask."""

    stream: Stream
    keys: KeyDirectory
    key_use: KeyUse
    rate_limiter: RateLimiter
    quota_meter: QuotaMeter
    refusals: RefusalCounts
    clock: Clock


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
    parts = _build_parts(config, stream, store, clock, stack)
    noting = asyncio.create_task(keep_proxy_note(ignored_proxies_path(config)))
    stack.callback(noting.cancel)
    use(
        Backend(
            reader=store,
            looks_at_senders=RecentLooks(store, clock),
            stream=stream,
            key_directory=parts.keys,
            key_use=parts.key_use,
            rate_limiter=parts.rate_limiter,
            quota_meter=parts.quota_meter,
            refusals=parts.refusals,
            ip_data=look_at_data,
            clock=clock,
        )
    )
    collector = _build_collector(config, parts, stack)
    ingest = _build_ingest(config, parts, collector, stack)
    pages = PagesApp(body_timeout_s=config.body_timeout_s, clock=clock)
    return _uvicorn_config(config, role, Dispatcher(ingest=ingest, pages=pages, role=role), collector)


def _build_parts(
    config: Config, stream: Stream, store: EventStore, clock: Clock, stack: contextlib.AsyncExitStack
) -> _Parts:
    keys = KeyDirectory(DatabaseKeySource(), clock)
    stack.callback(keys.close)
    refreshing = asyncio.create_task(keys.keep_fresh())
    stack.callback(refreshing.cancel)
    seed = QuotaSeed(reader=store, stream=stream, clock=clock)
    return _Parts(
        stream=stream,
        keys=keys,
        key_use=_build_key_use(stack),
        rate_limiter=RateLimiter(redis_url=config.state_url, clock=clock),
        quota_meter=QuotaMeter(redis_url=config.state_url, seed=seed, clock=clock),
        refusals=_build_refusals(clock, stack),
        clock=clock,
    )


def _build_key_use(stack: contextlib.AsyncExitStack) -> KeyUse:
    key_use = KeyUse(DatabaseKeyUseSink())
    stack.push_async_callback(asyncio.to_thread, key_use.write)
    writing = asyncio.create_task(key_use.keep_written())
    stack.callback(writing.cancel)
    return key_use


def _build_refusals(clock: Clock, stack: contextlib.AsyncExitStack) -> RefusalCounts:
    refusals = RefusalCounts()
    keeper = RefusalKeeper(refusals, clock)
    stack.push_async_callback(keeper.write)
    writing = asyncio.create_task(keeper.run())
    stack.callback(writing.cancel)
    return refusals


def _build_collector(config: Config, parts: _Parts, stack: contextlib.AsyncExitStack) -> Collector:
    idempotency = build_idempotency(config, parts.clock)
    stack.push_async_callback(idempotency.close)
    collector = Collector(
        publisher=parts.stream.publisher,
        key_directory=parts.keys,
        rate_limiter=parts.rate_limiter,
        quota_meter=parts.quota_meter,
        refusals=parts.refusals,
        idempotency=idempotency,
        key_use=parts.key_use,
        clock=parts.clock,
        trusted_proxy_count=config.trusted_proxy_count,
        collect_status=config.collect_status,
        quota_exceeded_status=config.quota_exceeded_status,
    )
    stack.push_async_callback(collector.close)
    return collector


def _build_ingest(config: Config, parts: _Parts, collector: Collector, stack: contextlib.AsyncExitStack) -> IngestApp:
    source_gate = _build_source_gate(parts, collector, stack)
    return IngestApp(
        collector=collector,
        webhooks=WebhookDoor(source_gate),
        otlp=OtlpDoor(source_gate, is_known_name),
        key_directory=parts.keys,
        rate_limiter=parts.rate_limiter,
        quota_meter=parts.quota_meter,
        key_use=parts.key_use,
        clock=parts.clock,
        body_timeout_s=config.body_timeout_s,
        trusted_proxy_count=config.trusted_proxy_count,
    )


def _build_source_gate(parts: _Parts, collector: Collector, stack: contextlib.AsyncExitStack) -> SourceGate:
    settings = SettingsDirectory(DatabaseSettingsStore(), parts.clock)
    stack.callback(settings.close)
    counts = SourceCounts(DatabaseCountsSink())
    stack.push_async_callback(asyncio.to_thread, counts.write)
    writing = asyncio.create_task(counts.keep_written())
    stack.callback(writing.cancel)
    source_gate = SourceGate(
        gate=collector.gate,
        publisher=parts.stream.publisher,
        key_directory=parts.keys,
        settings=settings,
        counts=counts,
        refusals=parts.refusals,
        clock=parts.clock,
    )
    stack.callback(source_gate.close)
    return source_gate


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
