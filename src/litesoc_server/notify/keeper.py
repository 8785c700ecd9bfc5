"""What comes up by the clock alone: digests whose period is over, alerts that nobody acknowledged in time."""

import logging
import threading
from datetime import UTC, datetime

from django.db import Error

from litesoc_server.clock import Clock
from litesoc_server.database import fresh_connections
from litesoc_server.notify.digests import send_due_digests
from litesoc_server.notify.escalate import escalate_overdue

log = logging.getLogger(__name__)

EVERY_S = 5.0


class NotifyKeeper:
    """Looks over and over until told to stop. For one thread; several workers may each have one."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._is_away = False

    def run(self, stop: threading.Event, *, every_s: float = EVERY_S) -> None:
        """Work until ``stop`` is set."""
        while not stop.wait(every_s):
            self.run_once()

    def run_once(self) -> None:
        """Put what is due into the outbox. Trouble of the database is logged, once; the next round tries again."""
        now = datetime.fromtimestamp(self._clock.now_ms() / 1_000, UTC)
        try:
            with fresh_connections():
                escalate_overdue(now)
                send_due_digests(now)
        except Error as error:
            if not self._is_away:
                log.warning("digests and escalations wait for the control database: %s", type(error).__name__)
            self._is_away = True
        else:
            self._is_away = False
