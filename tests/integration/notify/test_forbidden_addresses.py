"""Webhooks to every forbidden form of an address are refused when they are typed in, and again when something is sent."""

from typing import Any

import pytest

from forbidden_hosts import FORBIDDEN_HOSTS
from litesoc_server.clock import ManualClock
from litesoc_server.destinations.settings import seal_settings
from litesoc_server.egress.policy import EgressPolicy
from litesoc_server.notify.channel_changes import add_channel
from litesoc_server.notify.channel_settings import read_settings
from litesoc_server.notify.deliver import Deliverer
from litesoc_server.notify.models import Delivery
from litesoc_server.notify.refusals import NotifyRefused
from litesoc_server.orgs.models import Organization
from notify_factories import LOOPBACK, WHO, fire, make_channel
from webhook_receiver import receiving

FORBIDDEN = [f"http://{host}/" for host in FORBIDDEN_HOSTS]
UNUSABLE = ["file:///etc/passwd", "gopher://93.184.216.34/", "ftp://93.184.216.34/", "//93.184.216.34/", "http://", "",
            "http://user:secret@93.184.216.34/", "http://93.184.216.34:99999/"]  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_is_allowed(settings: Any, loopback_is_allowed: None) -> None:
    settings.EGRESS_POLICY = EgressPolicy()


@pytest.mark.parametrize("url", [*FORBIDDEN, *UNUSABLE])
def test_it_is_refused_when_it_is_typed_in(org: Organization, url: str) -> None:
    with pytest.raises(NotifyRefused) as refused:
        add_channel(org, kind="webhook", name="Hook", settings={"url": url}, who=WHO)
    assert refused.value.field == "url"
    assert "secret" not in refused.value.text


@pytest.mark.parametrize("url", FORBIDDEN)
def test_it_is_refused_when_something_is_sent(org: Organization, clock: ManualClock, settings: Any, url: str) -> None:
    with receiving() as receiver:
        channel = channel_to(org, settings, f"{url.removesuffix('/')}:{receiver.port}/")
        fire(org)
        deliverer = Deliverer(clock=clock)
        deliverer.drain(channel.pk)
        deliverer.close()
        delivery = Delivery.objects.get(channel=channel)
        assert (delivery.status, receiver.received) == ("failed", [])
        assert "nothing is sent there" in delivery.reason or "cannot be used" in delivery.reason


def channel_to(org: Organization, settings: Any, url: str) -> Any:
    """Return a webhook to ``url`` that was fine when it was typed in."""
    settings.EGRESS_POLICY = LOOPBACK
    channel = make_channel(org)
    channel.sealed_settings = seal_settings({**read_settings(channel), "url": url})
    channel.save()
    settings.EGRESS_POLICY = EgressPolicy()
    return channel
