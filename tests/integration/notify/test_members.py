"""Owners hear of critical alerts by e-mail without asking, on every plan, until they say otherwise or are gone."""

from typing import Any

import pytest

from control_factories import MembershipFactory
from litesoc_server.clock import ManualClock
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.notify.deliver import Deliverer
from litesoc_server.notify.models import Channel, Delivery, Route
from litesoc_server.orgs.models import Membership, Organization, Role
from mail_server import mail_server
from notify_factories import fire


@pytest.fixture
def owner(org: Organization, settings: Any) -> Membership:
    settings.IS_MAIL_POSSIBLE = True
    membership: Membership = MembershipFactory(org=org, role=Role.OWNER, user__email="owner@shop.example")
    MembershipFactory(org=org, role=Role.VIEWER)
    return membership


@pytest.mark.parametrize("plan", ["free", "pro", "enterprise"])
def test_a_critical_alert_reaches_the_owner_on_every_plan(
    org: Organization, owner: Membership, clock: ManualClock, plan: str
) -> None:
    Organization.objects.filter(pk=org.pk).update(plan=plan)
    fire(org, severity=AlertSeverity.HIGH)
    assert not Delivery.objects.exists()
    fire(org, severity=AlertSeverity.CRITICAL, title="Somebody got in", incident_key="account|actor:usr_1")
    delivery = Delivery.objects.get()
    assert delivery.channel.membership == owner
    with mail_server() as mailbox:
        deliverer = Deliverer(clock=clock)
        assert deliverer.drain(delivery.channel_id) == 1
        deliverer.close()
        mail = mailbox.next()
    assert (mail["To"], "Somebody got in" in str(mail["Subject"])) == ("owner@shop.example", True)


def test_who_switches_it_off_hears_nothing(org: Organization, owner: Membership) -> None:
    fire(org, severity=AlertSeverity.CRITICAL)
    Route.objects.filter(channel__membership=owner).update(is_enabled=False)
    fire(org, severity=AlertSeverity.CRITICAL, incident_key="account|actor:usr_1")
    assert Delivery.objects.count() == 1
    assert Channel.objects.count() == 1


def test_who_leaves_or_cannot_sign_in_gets_nothing(org: Organization, owner: Membership, clock: ManualClock) -> None:
    fire(org, severity=AlertSeverity.CRITICAL)
    owner.user.is_active = False
    owner.user.save()
    deliverer = Deliverer(clock=clock)
    deliverer.drain(Delivery.objects.get().channel_id)
    deliverer.close()
    assert Delivery.objects.get().status == "cancelled"
    owner.delete()
    assert not Channel.objects.exists()
    assert not Delivery.objects.exists()
