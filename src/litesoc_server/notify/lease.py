"""Which worker delivers through a channel now: one at a time, so that order holds and a slow channel takes one thread."""

import uuid
from datetime import datetime, timedelta

from django.db.models import Q

from litesoc_server.notify.models import Channel

LEASE = timedelta(seconds=45)  # a worker that died is followed by another after it
RENEWED_AFTER = timedelta(seconds=15)  # so that at each attempt there is left of it twice what one may take


class Lease:
    """The right to deliver through one channel."""

    def __init__(self, channel_id: uuid.UUID, lease_id: uuid.UUID, at: datetime) -> None:
        self._row = Channel.objects.filter(pk=channel_id, lease_id=lease_id)
        self._at = at

    def renew(self, now: datetime) -> bool:
        """Keep it for longer where it has grown old. Returns whether it is still this worker's. Raises django.db.Error."""
        if now - self._at < RENEWED_AFTER:
            return True
        self._at = now
        return bool(self._row.update(leased_until=now + LEASE))

    def give_back(self) -> None:
        """Let others have the channel."""
        self._row.update(lease_id=None, leased_until=None)


def take(channel_id: uuid.UUID, now: datetime) -> Lease | None:
    """Return the lease of a channel; None while another worker has it. Raises django.db.Error."""
    lease_id = uuid.uuid4()
    free = Channel.objects.filter(Q(leased_until__isnull=True) | Q(leased_until__lte=now), pk=channel_id)
    return Lease(channel_id, lease_id, now) if free.update(lease_id=lease_id, leased_until=now + LEASE) else None
