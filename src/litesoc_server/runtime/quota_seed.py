"""How many events an organisation has sent this month, exactly, although some may still be on their way to the store."""

import time

from django.db import Error

from litesoc_server.clock import Clock
from litesoc_server.database import fresh_connections
from litesoc_server.events.ids import OrgId
from litesoc_server.orgs.usage import used_in_month
from litesoc_server.store.base import EventReader, StoreUnavailable
from litesoc_server.stream.base import Stream
from litesoc_server.stream.subjects import Subject

WAIT_S = 5.0
LOOK_EVERY_S = 0.05


class QuotaSeed:
    """Callable for ``ingest.limits.QuotaMeter``: counts in the store once it holds all that was appended before."""

    def __init__(self, *, reader: EventReader, stream: Stream, clock: Clock) -> None:
        self._reader = reader
        self._stream = stream
        self._clock = clock

    def __call__(self, org_id: OrgId) -> int:
        """Return the events received this calendar month (UTC). Blocking, up to WAIT_S and a query.

        Raises StreamUnavailable, or StoreUnavailable, also when the backlog takes too long to be stored.
        """
        asked_at_ms = self._clock.now_ms()
        deadline_s = time.monotonic() + WAIT_S
        while True:
            oldest_ms = self._stream.backlog(Subject.RAW).oldest_ms
            if oldest_ms is None or oldest_ms > asked_at_ms:
                break
            if time.monotonic() > deadline_s:
                raise StoreUnavailable("events that were accepted earlier are not stored yet")
            time.sleep(LOOK_EVERY_S)
        try:
            with fresh_connections():
                return used_in_month(self._reader, org_id, now_ms=self._clock.now_ms())
        except Error as error:
            msg = f"the control database does not answer ({type(error).__name__})"
            raise StoreUnavailable(msg) from error
