"""What is said of an alert: who, where, why, what to do, and its public JSON."""

from typing import Any

import msgspec
import pytest

from litesoc_server.alerts.lifecycle import resolve
from litesoc_server.alerts.models import Resolution
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.events.event import Geo, Network, NetworkKind
from litesoc_server.notify.compose import compose_alert, compose_test
from litesoc_server.notify.message import Occasion
from litesoc_server.orgs.models import Organization
from notify_factories import WHO, fire

GEO = Geo("NO", "Vestland", "Bergen", 60.39, 5.32, "Europe/Oslo")
VPN = Network(asn=64500, as_org="Example Net", is_vpn=True, kind=NetworkKind.VPN, provider="Mullvad")


@pytest.fixture(autouse=True)
def public_url(settings: Any) -> None:
    settings.PUBLIC_URL = "https://soc.example.com"


def test_an_alert_says_who_where_why_and_what_to_do(org: Organization) -> None:
    alert = fire(org, actor_id="usr_1", actor_email="ada@shop.example", geo=GEO, network=VPN, severity=AlertSeverity.HIGH)
    message = compose_alert(alert, Occasion.ALERT_CREATED)
    assert (message.title, message.severity) == ("Brute force from 198.51.100.77", AlertSeverity.HIGH)
    assert message.who == "usr_1 (ada@shop.example)"
    assert message.where == "198.51.100.77 · Bergen, NO · VPN · Mullvad"
    assert message.why == ("5 failed logins from 198.51.100.77 in 5 minutes (threshold 5)",)
    assert message.actions == ("Block the address.",)
    assert message.url == f"https://soc.example.com/o/{org.slug}/live/alerts/{alert.id}/"
    assert message.thread == alert.pk.hex


def test_a_plan_without_places_names_the_country_only(org: Organization) -> None:
    org.plan = "free"
    org.save()
    message = compose_alert(fire(org, geo=GEO, network=VPN), Occasion.ALERT_CREATED)
    assert message.where == "198.51.100.77 · NO"


def test_closed_says_how_and_by_whom_and_suggests_nothing(org: Organization) -> None:
    alert = resolve(fire(org), resolution=Resolution.BLOCKED_IP, who=WHO, note=None)
    message = compose_alert(alert, Occasion.ALERT_CLOSED)
    assert message.summary.startswith("Resolved by ops@shop.example: blocked address. 5 failed logins")
    assert message.actions == ()


def test_without_a_public_address_there_is_no_link(org: Organization, settings: Any) -> None:
    settings.PUBLIC_URL = ""
    assert compose_alert(fire(org), Occasion.ALERT_CREATED).url == ""
    message = compose_test(org, "On call", environment="live")
    assert message.url == ""
    assert "“On call”" in message.summary
    assert msgspec.json.encode(message)
