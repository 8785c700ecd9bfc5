"""The worker's threads: rebuild the detectors' state, then run all that works in the background until told to stop."""

import logging
import threading
from collections.abc import Callable

from litesoc_server.pipeline.consumer import PipelineConsumer
from litesoc_server.pipeline.steady_detection import SteadyDetection
from litesoc_server.pipeline.writer import StoreWriter
from litesoc_server.store.base import StoreUnavailable

log = logging.getLogger(__name__)

STORE_RETRY_S = 1.0
PIPELINE_STOP_S = 3.0
WRITER_STOP_S = 3.0


class Worker:
    """Owns the threads. If one dies of a bug the whole process ends: a restart redelivers what it had in hand."""

    def __init__(
        self,
        *,
        detection: SteadyDetection,
        pipeline: PipelineConsumer,
        writer: StoreWriter,
        run_alerts: Callable[[threading.Event], None],
        keep_policies_fresh: Callable[[threading.Event], None],
        keep_audit_logs: Callable[[threading.Event], None],
        keep_usage: Callable[[threading.Event], None],
        remove_organizations: Callable[[threading.Event], None],
        empty_environments: Callable[[threading.Event], None],
        erase_actors: Callable[[threading.Event], None],
        keep_retention: Callable[[threading.Event], None],
        serve_backups: Callable[[threading.Event], None],
        stop: threading.Event,
        on_death: Callable[[], None],
    ) -> None:
        self._detection = detection
        self._pipeline = pipeline
        self._writer = writer
        self._run_alerts = run_alerts
        self._keep_policies_fresh = keep_policies_fresh
        self._keep_audit_logs = keep_audit_logs
        self._keep_usage = keep_usage
        self._remove_organizations = remove_organizations
        self._empty_environments = empty_environments
        self._erase_actors = erase_actors
        self._keep_retention = keep_retention
        self._serve_backups = serve_backups
        self._stop = stop
        self._on_death = on_death
        self._threads = [
            threading.Thread(target=self._guard, args=(self._run_pipeline,), name="pipeline", daemon=True),
            threading.Thread(target=self._guard, args=(self._run_alert_consumer,), name="alerts", daemon=True),
            threading.Thread(target=self._guard, args=(self._run_policies,), name="policies", daemon=True),
            threading.Thread(target=self._guard, args=(self._run_audit_logs,), name="audit logs", daemon=True),
            threading.Thread(target=self._guard, args=(self._run_usage,), name="usage", daemon=True),
            threading.Thread(target=self._guard, args=(self._run_removal,), name="removal", daemon=True),
            threading.Thread(target=self._guard, args=(self._run_emptying,), name="emptying", daemon=True),
            threading.Thread(target=self._guard, args=(self._run_erasing,), name="erasing", daemon=True),
            threading.Thread(target=self._guard, args=(self._run_retention,), name="retention", daemon=True),
            threading.Thread(target=self._guard, args=(self._run_backups,), name="backups", daemon=True),
        ]

    def start(self) -> None:
        """Start the threads."""
        self._writer.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop in order: no new batches, then the last write, then its acknowledgement."""
        self._stop.set()
        for thread in self._threads:
            thread.join(PIPELINE_STOP_S)
        self._writer.stop(WRITER_STOP_S)
        self._pipeline.acknowledge_stored()

    def _guard(self, run: Callable[[], None]) -> None:
        try:
            run()
        except Exception:  # the edge of a thread: nobody else would hear of it
            log.critical("a worker thread died; the process ends and redelivers at its next start", exc_info=True)
            self._on_death()

    def _run_pipeline(self) -> None:
        if self._start_detection():
            self._pipeline.run()

    def _run_alert_consumer(self) -> None:
        self._run_alerts(self._stop)

    def _run_policies(self) -> None:
        self._keep_policies_fresh(self._stop)

    def _run_audit_logs(self) -> None:
        self._keep_audit_logs(self._stop)

    def _run_usage(self) -> None:
        self._keep_usage(self._stop)

    def _run_removal(self) -> None:
        self._remove_organizations(self._stop)

    def _run_emptying(self) -> None:
        self._empty_environments(self._stop)

    def _run_erasing(self) -> None:
        self._erase_actors(self._stop)

    def _run_retention(self) -> None:
        self._keep_retention(self._stop)

    def _run_backups(self) -> None:
        self._serve_backups(self._stop)

    def _start_detection(self) -> bool:
        """Let detection learn from recent stored events. Waits for the store; returns False when told to stop meanwhile."""
        while True:
            try:
                self._detection.start()
            except StoreUnavailable as error:
                log.warning("detection waits for the store, events are kept in the stream: %s", error)
            else:
                return True
            if self._stop.wait(STORE_RETRY_S):
                return False
