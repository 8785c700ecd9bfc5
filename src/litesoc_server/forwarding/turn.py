"""One worker's turn with one forwarder: batch after batch, while nobody else sends for it.

Before a batch is sent its end is written down, and after it was taken the place moves there: so what a crash interrupts is
sent again under the same batch id, and nothing is passed over. A batch that the other side will never take is halved until
the records are found that it rejects: these are set aside, the others go on.
"""

import logging
import random
import threading
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
from django.db import transaction
from django.db.models import F, Q

from litesoc_server.accounts.sealing import KeysUnusable, SecretUnreadable
from litesoc_server.database import release_connection
from litesoc_server.egress.policy import EgressPolicy
from litesoc_server.forwarding.batches import Position, batch_of, next_position, position_of, read_batch
from litesoc_server.forwarding.formats import record_id
from litesoc_server.forwarding.forwarder_settings import read_settings
from litesoc_server.forwarding.kinds import KINDS, Batch, RecordsRejected, SendFailed
from litesoc_server.forwarding.models import ERROR_LENGTH_MAX, Forwarder, RejectedRecord
from litesoc_server.ocsf.finding import Finding
from litesoc_server.store.base import EventReader

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)  # longer than a request takes; a worker that died is succeeded after it
REQUESTS_PER_TURN = 50
RETRY_FIRST_S, RETRY_MAX_S = 2.0, 300.0
RETRY_AFTER_MAX_S = 3_600.0  # however long the other side asks us to wait: events wait in the store, and are kept for a time
REJECTED_KEPT_MAX = 100  # of one forwarder, the newest: more are counted only
# With so many one after the other it is not the records that are wrong but how the receiver is set up: a person has to look.
# All of them are among the kept ones then.
REJECTED_IN_ROW_MAX = 100
_JITTER = 0.2  # of the pause, so that forwarders to one receiver do not come back all at once
MAY_SEND = Q(is_paused=False, removed_at__isnull=True)
_DECODER = msgspec.json.Decoder(Position)


class _TurnOver(Exception):
    """It goes on in another turn, or somebody else's."""


class Turn:
    """A turn; made for it, and used once."""

    def __init__(
        self,
        forwarder_id: uuid.UUID,
        *,
        reader: EventReader,
        reading: threading.Semaphore,
        policy: EgressPolicy,
        now: Callable[[], datetime],
        is_stopping: Callable[[], bool],
    ) -> None:
        """Prepare a turn; ``reading`` bounds how many read from the store at the same time."""
        self._id, self._lease_id = forwarder_id, uuid.uuid4()
        self._mine = Forwarder.objects.filter(pk=forwarder_id, lease_id=self._lease_id)
        self._reader, self._reading, self._policy = reader, reading, policy
        self._now, self._is_stopping = now, is_stopping
        self._requests_left = REQUESTS_PER_TURN

    def take(self) -> None:
        """Send what there is to send, unless another worker does. Raises StoreUnavailable and django.db.Error."""
        free = Q(leased_until__isnull=True) | Q(leased_until__lte=self._now())
        mine = {"lease_id": self._lease_id, "leased_until": self._now() + LEASE}
        if not Forwarder.objects.filter(free, pk=self._id).update(**mine):
            return
        try:
            while not self._is_stopping() and self._send_next():
                pass
        except _TurnOver:
            pass
        finally:
            self._mine.update(lease_id=None, leased_until=None)

    def _send_next(self) -> bool:
        """Send one batch and return whether to go on."""
        forwarder = self._mine.select_related("org").filter(MAY_SEND).first()
        if forwarder is None:
            return False
        with self._reading:
            end = self._end_of_batch(forwarder)
            if end is None:
                return False
            batch = read_batch(forwarder, self._reader, end)
        try:
            if batch.records:
                self._deliver(forwarder, batch, end)
            else:
                self._mine.update(**_place_after(batch, end))
        except (SendFailed, SecretUnreadable, KeysUnusable) as error:
            asked_for_s = error.retry_after_s if isinstance(error, SendFailed) else None
            self._note_failure(_words(error), asked_for_s or 0.0)
            return False
        return True

    def _end_of_batch(self, forwarder: Forwarder) -> Position | None:
        """Return where the next batch ends, written down; None when there is nothing to send."""
        if forwarder.pending_end:
            return _DECODER.decode(forwarder.pending_end)
        end = next_position(forwarder, self._reader, self._now())
        if end == position_of(forwarder):
            self._mine.update(caught_up_at=self._now())
            return None
        self._mine.update(pending_end=msgspec.json.encode(end).decode())
        return end

    def _deliver(self, forwarder: Forwarder, batch: Batch, end: Position | None) -> None:
        """Send ``batch``, in halves where it is rejected. ``end``: the place after it, None where more of it follows."""
        try:
            self._send(forwarder, batch)
        except RecordsRejected as rejected:
            if len(batch.records) == 1:
                self._set_aside(batch, end, rejected)
                return
            middle = len(batch.records) // 2
            self._deliver(forwarder, batch_of(forwarder, batch.records[:middle]), None)
            self._deliver(forwarder, batch_of(forwarder, batch.records[middle:]), end)
        else:
            self._note_success(batch, end)

    def _send(self, forwarder: Forwarder, batch: Batch) -> None:
        self._requests_left -= 1
        may_go_on = self._requests_left >= 0 and not self._is_stopping()
        if not may_go_on or not self._mine.filter(MAY_SEND).update(leased_until=self._now() + LEASE):
            raise _TurnOver
        settings = read_settings(forwarder)
        release_connection()  # others need it while this thread waits for the other side
        KINDS[forwarder.kind].send(batch, settings, self._policy)

    def _note_success(self, batch: Batch, end: Position | None) -> None:
        self._mine.update(
            **_place_after(batch, end),
            sent_count=F("sent_count") + len(batch.records),
            last_sent_at=self._now(),
            rejected_in_row=0,
            failures_count=0,
            failing_since=None,
            retry_at=None,
        )

    def _set_aside(self, batch: Batch, end: Position | None, rejected: RecordsRejected) -> None:
        """Pass the one record of ``batch`` over and remember it. Raises SendFailed when that happens all the time."""
        (record,) = batch.records
        with transaction.atomic():
            forwarder = self._mine.select_for_update().first()
            if forwarder is None:
                raise _TurnOver
            if forwarder.rejected_in_row >= REJECTED_IN_ROW_MAX:
                reason = (
                    f"{rejected}. It rejected {forwarder.rejected_in_row} records one after the other, so nothing more is "
                    "passed over: see what it expects, then change the forwarder, or pause and resume it"
                )
                raise SendFailed(reason) from rejected
            _, is_new = RejectedRecord.objects.update_or_create(
                forwarder=forwarder,
                record_id=record_id(record),
                defaults={
                    "is_alert": isinstance(record, Finding),
                    "at": self._now(),
                    "reason": str(rejected)[:ERROR_LENGTH_MAX],
                },
            )
            old = RejectedRecord.objects.filter(forwarder=forwarder).order_by("-at", "-id")[REJECTED_KEPT_MAX:]
            RejectedRecord.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()
            self._mine.update(
                **_place_after(batch, end),
                rejected_count=F("rejected_count") + int(is_new),
                rejected_in_row=F("rejected_in_row") + 1,
            )

    def _note_failure(self, reason: str, asked_for_s: float) -> None:
        now = self._now()
        forwarder = self._mine.first()  # as it is now: parts of the batch may have been taken
        if forwarder is None:
            return
        self._mine.update(
            failures_count=F("failures_count") + 1,
            failing_since=forwarder.failing_since or now,
            last_error=reason[:ERROR_LENGTH_MAX],
            last_error_at=now,
            retry_at=now + timedelta(seconds=max(pause_s(forwarder.failures_count), min(asked_for_s, RETRY_AFTER_MAX_S))),
        )
        if forwarder.failing_since is None:
            log.warning("forwarder %s does not get through: it is tried again", forwarder.pk)


def pause_s(failures_count: int) -> float:
    """Return how long to wait after that many failures before this one: doubled each time up to RETRY_MAX_S, with jitter."""
    pause = min(RETRY_FIRST_S * float(1 << min(failures_count, 10)), RETRY_MAX_S)
    return pause * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 # no secret


def _place_after(batch: Batch, end: Position | None) -> dict[str, object]:
    """Return where a forwarder stands once ``batch`` is settled."""
    if end is None:
        return {"pending_after": record_id(batch.records[-1])}
    return {
        "event_taken_s": end.taken_s,
        "event_id": end.event_id,
        "detection_row": end.detection_row,
        "transition_row": end.transition_row,
        "pending_end": "",
        "pending_after": "",
    }


def _words(error: Exception) -> str:
    if isinstance(error, SendFailed):
        return str(error)
    return "the settings cannot be decrypted: enter them again"
