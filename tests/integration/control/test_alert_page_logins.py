"""What a member says of the logins on the page of an alert."""

import msgspec
import pytest

from alert_reader import Reader, alert_about, login
from control_factories import (
    make_alert,
)
from litesoc_server.events.envelope import ENVELOPE_DECODER
from litesoc_server.ingest import limits
from litesoc_server.orgs.models import Organization
from litesoc_server.store.base import EventStore
from litesoc_server.stream.base import Stream
from litesoc_server.stream.subjects import Subject
from management_api import Tenant, make_event, store_events


@pytest.fixture
def org(tenant: Tenant) -> Organization:
    return tenant.org


def test_a_login_is_said_to_be_its_owners_or_not(org: Organization, store: EventStore, stream: Stream) -> None:
    mine, failed = login(org), make_event(org)
    store_events(store, mine, failed)
    alert = alert_about(org, failed, mine)
    reader = Reader(alert)
    assert reader.text().count("Yes, this login") == 1
    assert "It was not" in reader.post(f"logins/{mine.event_id}", {"verdict": "denied"})
    html = reader.post(f"logins/{mine.event_id}", {"verdict": "confirmed"})
    assert "said that a login was its owner&#x27;s" in html
    said = [ENVELOPE_DECODER.decode(message.payload) for message in stream.consumer(Subject.RAW).fetch(9, 0)]
    assert [envelope.key_id for envelope in said] == [f"user:{reader.user.id}"] * 2
    assert msgspec.json.decode(said[0].body)["about"]["by"] == "Jo"
    assert "Only of a login" in reader.post(f"logins/{failed.event_id}", {"verdict": "denied"})
    assert "Say whether" in reader.post(f"logins/{mine.event_id}", {"verdict": "perhaps"})


def test_only_events_of_the_alert_get_a_verdict(org: Organization, store: EventStore) -> None:
    other = login(org)
    store_events(store, other)
    assert Reader(make_alert(org)).status_of(f"logins/{other.event_id}", {"verdict": "denied"}) == 404


def test_too_much_feedback_is_explained(org: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FEEDBACK_PER_HOUR_MAX", 0)
    alert = make_alert(org)
    html = Reader(alert).post("decide", {"action": "mark_safe", "revision": "0"})
    assert "as much feedback as it may" in html
    alert.refresh_from_db()
    assert alert.status == "open"
