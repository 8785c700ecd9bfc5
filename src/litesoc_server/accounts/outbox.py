"""Mails are sent behind the back of the request that asks for them.

So an answer takes the same time whether an address has an account and whether the mail server is slow.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable

from litesoc_server.database import fresh_connections

WAITING_MAX = 200  # mails; more means that the mail server is away or somebody asks too much
# Before each mail: the request that asks for it is answered by then, and does not feel the work, which differs between
# addresses with and without an account. Without the pause answers differed by a millisecond.
PAUSE_S = 0.2

Job = Callable[[], object]
logger = logging.getLogger(__name__)


class Outbox:
    """One thread that runs jobs, each of which sends at most one mail, in the order they came."""

    def __init__(self, *, waiting_max: int = WAITING_MAX) -> None:
        self._jobs: queue.Queue[Job] = queue.Queue(maxsize=waiting_max)
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, job: Job) -> None:
        """Run ``job`` soon. When too many wait it is dropped, which is logged: who asked can ask again."""
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            logger.warning("a mail was dropped: %d wait already; check LITESOC_EMAIL_URL", self._jobs.maxsize)
            return
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="mail", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            job = self._jobs.get()
            time.sleep(PAUSE_S)
            try:
                with fresh_connections():
                    job()
            except Exception:  # the edge: a mail that fails must not stop the next
                logger.exception("a mail could not be sent; check LITESOC_EMAIL_URL")


outbox = Outbox()
