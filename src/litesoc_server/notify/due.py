"""What is to be delivered next."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from litesoc_server.notify.models import Channel, Delivery, DeliveryStatus

CHANNELS_AT_ONCE = 500  # looked at in one round


def due_channels(now: datetime, *, is_alone: bool) -> Sequence[tuple[uuid.UUID, bool]]:
    """Return the channels for which something is due and that no other worker delivers through, with whether they fail.

    ``is_alone``: there is no other; what one left behind that crashed counts for nothing.
    """
    due = Delivery.objects.filter(channel=OuterRef("pk"), status=DeliveryStatus.PENDING, due_at__lte=now)
    free = Q() if is_alone else Q(leased_until__isnull=True) | Q(leased_until__lte=now)
    running = Q(paused_until__isnull=True) | Q(paused_until__lte=now)
    found = Channel.objects.filter(free, running, Exists(due), is_enabled=True).order_by("failures_count")
    return [(pk, since is not None) for pk, since in found.values_list("pk", "failing_since")[:CHANNELS_AT_ONCE]]


def next_due(channel_id: uuid.UUID, now: datetime) -> Delivery | None:
    """Return what is to be tried next through a channel: the oldest that is due and has nothing before it in its thread."""
    before = Delivery.objects.filter(
        Q(due_at__lte=now) | Q(attempts_count__gt=0),
        channel=OuterRef("channel"),
        thread=OuterRef("thread"),
        status=DeliveryStatus.PENDING,
        created_at__lt=OuterRef("created_at"),
    )
    due = Delivery.objects.filter(channel=channel_id, status=DeliveryStatus.PENDING, due_at__lte=now)
    allowed = due.filter(
        Q(channel__paused_until__isnull=True) | Q(channel__paused_until__lte=now), ~Exists(before), channel__is_enabled=True
    )
    return allowed.select_related("channel__membership__user", "notification").order_by("due_at", "created_at").first()
