"""Which worker delivers through a channel now: one at a time, so that order holds and a slow channel takes one thread."""

import uuid
from datetime import datetime, timedelta

from django.db.models import Q

from litesoc_server.notify.models import Channel

LEASE = timedelta(seconds=30)  # twice what one attempt may take; a worker that died is followed by another after it


def take(channel_id: uuid.UUID, now: datetime) -> uuid.UUID | None:
    """Take the lease of a channel and return its id; None while another worker has it. Raises django.db.Error."""
    lease = uuid.uuid4()
    free = Channel.objects.filter(Q(leased_until__isnull=True) | Q(leased_until__lte=now), pk=channel_id)
    return lease if free.update(lease_id=lease, leased_until=now + LEASE) else None


def renew(channel_id: uuid.UUID, lease: uuid.UUID, now: datetime) -> bool:
    """Keep a lease for longer. Returns whether it is still this worker's."""
    return bool(Channel.objects.filter(pk=channel_id, lease_id=lease).update(leased_until=now + LEASE))


def give_back(channel_id: uuid.UUID, lease: uuid.UUID) -> None:
    """Let others have the channel."""
    Channel.objects.filter(pk=channel_id, lease_id=lease).update(lease_id=None, leased_until=None)


def give_all_back() -> None:
    """Let every channel go: for a process that starts and knows that no other one delivers."""
    Channel.objects.filter(lease_id__isnull=False).update(lease_id=None, leased_until=None)
