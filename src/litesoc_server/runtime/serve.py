"""Run the server: open what it needs in order, serve until asked to stop, close in the opposite order."""

import asyncio
import contextlib
import gc
import logging
import socket
import sys
import threading
from collections.abc import Callable
from functools import partial

import uvloop
from django.conf import settings
from django.db import DatabaseError
from prometheus_client import start_http_server

from litesoc_server.alerts.consumer import AlertConsumer
from litesoc_server.audit.keeper import keep_logs
from litesoc_server.clock import Clock, SystemClock
from litesoc_server.config import Config
from litesoc_server.events.errors import StreamUnavailable
from litesoc_server.forwarding.keeper import ForwardingKeeper
from litesoc_server.ingest.idempotency import IdempotencyUnavailable
from litesoc_server.notify.deliver import Deliverer
from litesoc_server.notify.keeper import NotifyKeeper
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.policies import OrgPolicyProvider
from litesoc_server.pipeline.consumer import PipelineConsumer
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.pipeline.detect.runner import DetectionRunner
from litesoc_server.pipeline.detector_errors import DetectorErrors
from litesoc_server.pipeline.enrich.data_sets import IpDataState, look_at_ip_data
from litesoc_server.pipeline.enrich.enricher import Enricher
from litesoc_server.pipeline.gap_file import GapFile
from litesoc_server.pipeline.risk.scorer import score
from litesoc_server.pipeline.steady_detection import SteadyDetection
from litesoc_server.pipeline.steps import Steps
from litesoc_server.pipeline.writer import StoreWriter
from litesoc_server.runtime.actor_erasing import ActorEraser
from litesoc_server.runtime.backup.door import EventDoor
from litesoc_server.runtime.build import (
    build_state,
    build_store,
    build_stream,
    detection_gap_path,
    detector_errors_path,
    ip_data_files,
)
from litesoc_server.runtime.build_http import build_http
from litesoc_server.runtime.control_database import migrate_control_database
from litesoc_server.runtime.data_dir import DataDirLock, check_is_whole
from litesoc_server.runtime.environment_emptying import EnvironmentEmptier
from litesoc_server.runtime.fatal_signals import end_on_fatal_signals
from litesoc_server.runtime.http_server import HttpServer
from litesoc_server.runtime.organization_removal import OrganizationRemover
from litesoc_server.runtime.retention_keeping import RetentionKeeper
from litesoc_server.runtime.roles import Role, check_role, owns_data_dir
from litesoc_server.runtime.shutdown import end_in_time
from litesoc_server.runtime.usage_keeping import UsageKeeper
from litesoc_server.runtime.worker import Worker
from litesoc_server.store.base import EventStore, StoreUnavailable
from litesoc_server.stream.base import Stream
from litesoc_server.stream.subjects import Subject
from litesoc_server.web.feed.hub import HUB

log = logging.getLogger(__name__)

LISTEN_BACKLOG = 2048
STORE_RETRY_S = 1.0
# The event loop and the stream's writer thread hand work to each other all the time; at the default of 5 ms a commit can
# wait that long for the interpreter.
SWITCH_INTERVAL_S = 0.0005
# What start-up made lives until the end: frozen, no collection looks at it again. Requests make hardly any cycles, so
# collections may be rare; together that is 12 % less work per request to collect.
GC_THRESHOLD = 50_000
EXIT_DIED = 70  # EX_SOFTWARE of sysexits.h: a worker thread died of a bug


class CannotStart(Exception):
    """The server cannot start; the text says why and names what to change."""


def run_server(config: Config, *, role: Role, host: str, port: int, on_ready: Callable[[str], None]) -> int:
    """Serve until SIGTERM or SIGINT and return the exit code. Call from the main thread, Django being set up.

    ``on_ready`` is called with the server's address when it accepts requests. Raises CannotStart, ConfigError,
    DataDirInUse or RestoreUnfinished before that.
    """
    check_role(role, config)
    check_is_whole(config.data_dir)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    with contextlib.ExitStack() as stack:
        if owns_data_dir(config):
            stack.enter_context(DataDirLock(config.data_dir))
        listener = stack.enter_context(contextlib.closing(_listen(host, port)))
        _prepare_database()
        if config.metrics_port is not None:
            start_http_server(config.metrics_port, addr="127.0.0.1")
        runner = stack.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop))
        return runner.run(_serve(config, role, listener, on_ready))


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=LISTEN_BACKLOG)
    except OSError as error:
        msg = f"cannot listen on {host} port {port} ({error.strerror}); choose others with --host and --port"
        raise CannotStart(msg) from error


def _prepare_database() -> None:
    try:
        migrate_control_database()
        if not Organization.objects.exists():
            log.warning("there is no organisation yet, so every request gets 401: run `litesoc init`")
    except DatabaseError as error:
        msg = f"the control database cannot be used ({type(error).__name__}); check LITESOC_DATABASE_URL and the disk"
        raise CannotStart(msg) from error


async def _serve(config: Config, role: Role, listener: socket.socket, on_ready: Callable[[str], None]) -> int:
    """Build the parts from the stream upwards; the stack closes them from the top downwards."""
    clock = SystemClock()
    died = threading.Event()
    http: HttpServer | None = None

    def end_process() -> None:
        died.set()
        if http is not None:
            http.should_exit = True

    async with contextlib.AsyncExitStack() as stack:
        try:
            stream = await _open_stream(config, clock, stack)
            store = await _open_store(config, stack)
            end_on_fatal_signals()
            look_at_data: Callable[[], IpDataState] = partial(look_at_ip_data, ip_data_files(config))
            if role.processes_events:
                enricher = await asyncio.to_thread(_open_enricher, config)
                look_at_data = enricher.state
                worker = await asyncio.to_thread(_build_worker, config, stream, store, enricher, clock, end_process)
                worker.start()
                stack.push_async_callback(asyncio.to_thread, worker.stop)
            http_config = await build_http(config, role, stream, store, look_at_data, clock, stack)
        except (StreamUnavailable, StoreUnavailable, IdempotencyUnavailable) as error:
            raise CannotStart(str(error)) from error
        http = HttpServer(http_config, on_ready=lambda: on_ready(_address_of(listener)), on_end=HUB.end)
        http.should_exit = died.is_set()
        gc.collect()
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD)
        await http.serve(sockets=[listener])
        end_in_time(EXIT_DIED if died.is_set() else 0)
    return EXIT_DIED if died.is_set() else 0


def _address_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _open_stream(config: Config, clock: Clock, stack: contextlib.AsyncExitStack) -> Stream:
    stream = build_stream(config, clock)
    await asyncio.to_thread(stream.open, asyncio.get_running_loop())
    stack.push_async_callback(asyncio.to_thread, stream.close)
    return stream


async def _open_store(config: Config, stack: contextlib.AsyncExitStack) -> EventStore:
    """Open the store. One on a server may be away: events are taken all the same and stored when it comes back."""
    store = build_store(config)
    stack.push_async_callback(asyncio.to_thread, store.close)
    try:
        await asyncio.to_thread(store.open)
    except StoreUnavailable as error:
        if config.events_url is None:
            raise
        log.warning("the event store cannot be opened, trying on: %s", error)
        opening = asyncio.create_task(_open_later(store))
        stack.callback(opening.cancel)
    return store


async def _open_later(store: EventStore) -> None:
    while True:
        await asyncio.sleep(STORE_RETRY_S)
        with contextlib.suppress(StoreUnavailable):
            await asyncio.to_thread(store.open)
            log.info("the event store is open")
            return


def _open_enricher(config: Config) -> Enricher:
    return Enricher.open(config.data_dir, _log_unpacking, city_mmdb=config.city_mmdb, asn_mmdb=config.asn_mmdb)


def _build_worker(
    config: Config, stream: Stream, store: EventStore, enricher: Enricher, clock: Clock, on_death: Callable[[], None]
) -> Worker:
    policies = OrgPolicyProvider()
    state = build_state(config)
    errors = DetectorErrors(detector_errors_path(config), clock)
    errors.clear()
    detection = SteadyDetection(
        runner=DetectionRunner(state, DETECTORS, policies, score, errors=errors),
        state=state,
        store=store,
        gap_file=GapFile(detection_gap_path(config)),
        clock=clock,
    )
    writer = StoreWriter(store=store, dead_letters=stream.dead_letters)
    stop = threading.Event()
    steps = Steps(
        enricher=enricher,
        runner=detection,
        policies=policies,
        find_stored=writer.find_stored,
    )
    pipeline = PipelineConsumer(
        consumer=stream.consumer(Subject.RAW),
        publisher=stream.publisher,
        dead_letters=stream.dead_letters,
        steps=steps,
        detection=detection,
        writer=writer,
        stop=stop,
    )
    keepers = {
        "alerts": AlertConsumer(stream.consumer(Subject.DETECTIONS), policies).run,
        "policies": policies.keep_fresh,
        "digests": NotifyKeeper(clock=clock).run,
        "deliveries": Deliverer(clock=clock, is_alone=owns_data_dir(config)).run,
        "audit logs": keep_logs,
        "usage": UsageKeeper(reader=store, clock=clock).run,
        "removal": OrganizationRemover(store=store, stream=stream, state=state).run,
        "emptying": EnvironmentEmptier(store=store, stream=stream, state=state).run,
        "erasing": ActorEraser(store=store, stream=stream, state=state).run,
        "forwarding": ForwardingKeeper(reader=store, clock=clock, policy=settings.EGRESS_POLICY).run,
        "retention": RetentionKeeper(store=store, clock=clock).run,
    }
    if config.events_url is None:  # a store on a server is read by `litesoc backup` itself
        keepers["backups"] = EventDoor(store=store, data_dir=config.data_dir).run
    return Worker(detection=detection, pipeline=pipeline, writer=writer, keepers=keepers, stop=stop, on_death=on_death)


def _log_unpacking(kind: str, share: float) -> None:
    if share >= 1:
        log.info("unpacked the %s data", kind)
