"""Suppressing more of the same from the page of an alert."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from alert_reader import Reader
from control_factories import (
    make_alert,
)
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.events.envelope import Environment
from litesoc_server.orgs.models import Organization, Suppression
from management_api import Tenant


@pytest.fixture
def org(tenant: Tenant) -> Organization:
    return tenant.org


def test_more_of_the_same_is_suppressed_for_a_while(org: Organization) -> None:
    alert = make_alert(org, actor_id="usr_1")
    html = Reader(alert).post("suppress", {"detector": "1", "actor": "1", "lasts": "7d", "reason": "load test"})
    made = Suppression.objects.get()
    assert (made.detector, made.actor_id, made.address) == ("brute_force_address", "usr_1", None)
    assert (made.owner, made.reason) == ("Jo", "load test")
    assert timedelta(days=6.9) < made.expires_at - timezone.now() < timedelta(days=7.1)
    assert "suppressed more of the same" in html
    assert re.search(r'suppressed until <time datetime="\d{4}', html)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"lasts": "1d", "reason": "x"}, "give at least one"),
        ({"detector": "1", "lasts": "1d", "reason": " "}, "Reason must be"),
        ({"detector": "1", "lasts": "custom", "until": "", "reason": "x"}, "Choose for how long"),
        ({"detector": "1", "lasts": "custom", "until": "2020-01-01T00:00", "reason": "x"}, "must be in the future"),
        ({"detector": "1", "lasts": "nonsense", "reason": "x"}, "Choose for how long"),
    ],
)
def test_a_suppression_that_cannot_be_is_explained(org: Organization, form: dict[str, str], said: str) -> None:
    assert said.lower() in Reader(make_alert(org)).post("suppress", form).lower()
    assert not Suppression.objects.exists()


def test_test_events_suppress_nothing(org: Organization) -> None:
    alert = make_alert(org, environment=Environment.TEST)
    reader = Reader(alert)
    assert "Suppress…" not in reader.text()
    assert "hold for live events" in reader.post("suppress", {"detector": "1", "lasts": "1d", "reason": "x"})


def test_an_end_that_the_browser_puts_into_utc_is_taken_and_shown_in_the_readers_zone(org: Organization) -> None:
    end = (timezone.now() + timedelta(days=3)).replace(second=0, microsecond=0)
    form = {"detector": "1", "lasts": "custom", "until": f"{end:%Y-%m-%dT%H:%M}Z", "reason": "x"}
    html = Reader(make_alert(org)).post("suppress", form)
    assert Suppression.objects.get().expires_at == end
    assert f'suppressed until <time datetime="{end:%Y-%m-%dT%H:%M}:00.000Z" data-show="short">' in html


def test_a_warning_stands_where_an_account_may_be_in_other_hands(org: Organization) -> None:
    warning = "Somebody may be in this account"
    assert warning not in Reader(make_alert(org)).text()
    assert warning in Reader(make_alert(org, severity=AlertSeverity.CRITICAL, actor_id="usr_1")).text()
    assert warning in Reader(make_alert(org, actor_id="usr_1", is_entry=True)).text()
