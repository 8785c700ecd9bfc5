"""What waits is found without reading what was delivered, of which a channel keeps thousands."""

import pytest
from django.utils import timezone

from litesoc_server.notify.models import Delivery, DeliveryStatus
from litesoc_server.orgs.models import Organization
from notify_factories import make_channel


@pytest.mark.parametrize(
    ("more", "index"),
    [
        ({"due_at__lte": timezone.now()}, "notify_due (channel_id=? AND status=? AND due_at<?)"),
        (
            {"thread": "t", "created_at__lt": timezone.now()},
            "notify_waiting_in_thread (channel_id=? AND thread=? AND status=?",
        ),
    ],
    ids=["due", "before it in its thread"],
)
def test_an_index_leads_to_what_waits(org: Organization, more: dict[str, object], index: str) -> None:
    waiting = Delivery.objects.filter(channel=make_channel(org), status=DeliveryStatus.PENDING, **more)
    assert index in waiting.order_by().explain()
