"""The worker's threads: rebuild the detectors' state, then run all that works in the background until told to stop."""

import logging
import threading
from collections.abc import Callable, Mapping
from functools import partial

from litesoc_server.pipeline.consumer import PipelineConsumer
from litesoc_server.pipeline.steady_detection import SteadyDetection
from litesoc_server.pipeline.writer import StoreWriter
from litesoc_server.store.base import StoreUnavailable

log = logging.getLogger(__name__)

STORE_RETRY_S = 1.0
PIPELINE_STOP_S = 3.0
WRITER_STOP_S = 3.0


class Worker:
    """Owns the threads: the pipeline's, and one for each of ``keepers``, named so, which each run until told to stop.

    If one dies of a bug the whole process ends: a restart redelivers what it had in hand.
    """

    def __init__(
        self,
        *,
        detection: SteadyDetection,
        pipeline: PipelineConsumer,
        writer: StoreWriter,
        keepers: Mapping[str, Callable[[threading.Event], None]],
        stop: threading.Event,
        on_death: Callable[[], None],
    ) -> None:
        self._detection = detection
        self._pipeline = pipeline
        self._writer = writer
        self._stop = stop
        self._on_death = on_death
        runs: dict[str, Callable[[], None]] = {"pipeline": self._run_pipeline}
        runs |= {name: partial(keep, stop) for name, keep in keepers.items()}
        self._threads = [
            threading.Thread(target=self._guard, args=(run,), name=name, daemon=True) for name, run in runs.items()
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
