"""What a query of alerts finds."""

import pytest

from control_factories import DetectionFactory, OrganizationFactory, UserFactory, apply_detections, make_alert, org_id_of
from litesoc_server.alerts import search
from litesoc_server.alerts.models import Alert, Status
from litesoc_server.alerts.search import search_alerts
from litesoc_server.events.detection import AlertSeverity, AlertType
from litesoc_server.orgs.models import Organization
from litesoc_server.search.alert_fields import ALERT_FIELDS
from litesoc_server.search.errors import QueryError
from litesoc_server.search.parse import parse

pytestmark = pytest.mark.django_db


@pytest.fixture
def org() -> Organization:
    """An organisation with alerts that differ in everything a query can ask about."""
    made: Organization = OrganizationFactory()
    make_alert(made, title="Brute force", source_ip="198.51.100.77", actor_id=None)
    make_alert(
        made,
        title="Impossible travel",
        detector="impossible_travel",
        alert_type=AlertType.IMPOSSIBLE_TRAVEL,
        severity=AlertSeverity.CRITICAL,
        actor_id="Mira",
        source_ip="2001:db8::1",
    )
    make_alert(made, title="New device", detector="new_device", severity=AlertSeverity.LOW, actor_id="mir", source_ip=None)
    Alert.objects.filter(title="New device").update(status=Status.RESOLVED)
    make_alert(OrganizationFactory(), title="Of another organisation", source_ip="198.51.100.77")
    return made


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("", {"Brute force", "Impossible travel", "New device"}),
        ("status:open", {"Brute force", "Impossible travel"}),
        ("-status:open,acknowledged", {"New device"}),
        ("severity:low,critical", {"Impossible travel", "New device"}),
        ("type:impossible_travel", {"Impossible travel"}),
        ("detector:new_device", {"New device"}),
        ("detector:imp*", {"Impossible travel"}),
        ("-detector:impossible_travel", {"Brute force", "New device"}),
        ("actor:Mira", {"Impossible travel"}),
        ("actor:mira", set()),
        ("actor:mi*", {"New device"}),
        ("-actor:Mira", {"Brute force", "New device"}),
        ("ip:198.51.100.0/24", {"Brute force"}),
        ("ip:198.51.*", {"Brute force"}),
        ("-ip:198.51.100.0/24", {"Impossible travel", "New device"}),
        ("ip:0.0.0.0/0,2001:db8::/32", {"Brute force", "Impossible travel"}),
        ("2001:db8::1", {"Impossible travel"}),
        ("TRAVEL", {"Impossible travel"}),
        ("-e", set()),
        ("198.51", {"Brute force"}),
        ('"100%"', set()),
        ("mir -status:resolved", {"Impossible travel"}),
    ],
)
def test_each_form_of_a_term(org: Organization, text: str, titles: set[str]) -> None:
    found = search_alerts(Alert.objects.filter(org=org), parse(text, ALERT_FIELDS))
    assert {alert.title for alert in found} == titles


def test_an_alert_is_found_by_every_detector_that_has_a_part_in_it(org: Organization) -> None:
    for detector in ("brute_force_account", "success_after_failures"):
        detection = DetectionFactory(org_id=org_id_of(org), detector=detector, incident_key="account|actor:x")
        apply_detections([detection])
    for detector in ("brute_force_account", "success_after_failures"):
        found = search_alerts(Alert.objects.filter(org=org), parse(f"detector:{detector}", ALERT_FIELDS))
        assert found.count() == 1


def test_alerts_are_found_by_who_works_on_them(org: Organization) -> None:
    mira = UserFactory(email="mira@shop.example")
    Alert.objects.filter(title="Brute force").update(assignee=mira)

    def titles(text: str) -> set[str]:
        found = search_alerts(Alert.objects.filter(org=org), parse(text, ALERT_FIELDS), me=mira)
        return {alert.title for alert in found}

    assert titles("assignee:me") == titles("assignee:Mira@Shop.example") == titles("assignee:mira*") == {"Brute force"}
    assert titles("assignee:none") == titles("-assignee:ME") == {"Impossible travel", "New device"}
    assert titles("assignee:ann@shop.example") == set()
    with pytest.raises(QueryError, match="an API key is nobody"):
        search_alerts(Alert.objects.filter(org=org), parse("assignee:me", ALERT_FIELDS))


def test_a_network_with_too_many_addresses_is_refused(org: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "ADDRESSES_MAX", 0)
    with pytest.raises(QueryError, match="name a smaller network"):
        search_alerts(Alert.objects.filter(org=org), parse("ip:198.51.100.0/24", ALERT_FIELDS))


def test_the_words_for_a_status_are_those_of_alerts() -> None:
    field = ALERT_FIELDS.find("status")
    assert field is not None
    assert [value.text for value in field.values] == [status.value for status in Status]
