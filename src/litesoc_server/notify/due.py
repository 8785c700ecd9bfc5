"""What is to be delivered next."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from litesoc_server.notify.models import Channel, Delivery, DeliveryStatus

CHANNELS_AT_ONCE = 500  # looked at in one round


def due_channels(now: datetime, *, is_alone: bool) -> Sequence[tuple[uuid.UUID, bool]]:
    """Return the channels for which something is due and that no other worker delivers through, with whether they fail.

    ``is_alone``: there is no other; what one left behind that crashed counts for nothing.
    """
    due = Delivery.objects.filter(channel=OuterRef("pk"), status=DeliveryStatus.PENDING, due_at__lte=now)
    free = Q() if is_alone else Q(leased_until__isnull=True) | Q(leased_until__lte=now)
    running = Q(paused_until__isnull=True) | Q(paused_until__lte=now)
    channels = Channel.objects.filter(free, running, Exists(due), is_enabled=True).order_by("failures_count")
    found = list(channels.values_list("pk", "failing_since")[:CHANNELS_AT_ONCE])
    # Where it fails, all that is due may wait for what is tried again later. Asked of these apart: of all it takes too long.
    failing = [pk for pk, since in found if since is not None]
    unblocked = set(due_in_order(failing, now).order_by().values_list("channel", flat=True).distinct())
    return [(pk, since is not None) for pk, since in found if since is None or pk in unblocked]


def next_due(channel_id: uuid.UUID, now: datetime) -> Delivery | None:
    """Return what is to be tried next through a channel: the oldest that is due and has nothing before it in its thread."""
    running = Q(channel__paused_until__isnull=True) | Q(channel__paused_until__lte=now)
    allowed = due_in_order([channel_id], now).filter(running, channel__is_enabled=True)
    return allowed.select_related("channel__membership__user", "notification").order_by("due_at", "created_at").first()


def due_in_order(channel_ids: Sequence[uuid.UUID], now: datetime) -> QuerySet[Delivery]:
    """Return what is due through channels and has nothing before it in its thread."""
    pending = Delivery.objects.filter(channel__in=channel_ids, status=DeliveryStatus.PENDING)
    before = pending.filter(  # with the channels again: PostgreSQL does not see that they are the same
        Q(due_at__lte=now) | Q(attempts_count__gt=0),
        channel=OuterRef("channel"),
        thread=OuterRef("thread"),
        created_at__lt=OuterRef("created_at"),
    )
    return pending.filter(~Exists(before), due_at__lte=now)
