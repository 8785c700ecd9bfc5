"""What waits is found without reading what was delivered, of which a channel keeps thousands."""

import pytest
from django.utils import timezone

from litesoc_server.notify.due import due_in_order
from litesoc_server.orgs.models import Organization
from notify_factories import make_channel


@pytest.mark.parametrize(
    "index",
    [
        "notify_due (channel_id=? AND status=? AND due_at<?)",
        "notify_waiting_in_thread (channel_id=? AND thread=? AND status=?",
    ],
    ids=["due", "before it in its thread"],
)
def test_an_index_leads_to_what_waits(org: Organization, index: str) -> None:
    channels = [make_channel(org, name=name).pk for name in ("One", "Another")]
    assert index in due_in_order(channels, timezone.now()).order_by().explain()
