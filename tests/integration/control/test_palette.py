import re
import uuid

import pytest
from django.test import Client

from control_factories import NOW_MS, MembershipFactory, OrganizationFactory, make_alert
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Actor
from litesoc_server.orgs.models import Organization, Role
from litesoc_server.store.base import EventStore
from management_api import Tenant, make_event, store_down, store_events

pytestmark = pytest.mark.django_db

OPTION = re.compile(r'role="option".*?<(?:bdi|span) class="cut"[^>]*>(.*?)</', re.DOTALL)


@pytest.fixture
def org(tenant: Tenant) -> Organization:
    return tenant.org


@pytest.fixture
def member(org: Organization) -> Client:
    client = Client(headers={"Accept": "text/html"})
    client.force_login(MembershipFactory(org=org, role=Role.VIEWER).user)
    return client


def asked(client: Client, org: Organization, text: str, environment: str = "live") -> str:
    answer = client.get(f"/o/{org.slug}/{environment}/palette", {"q": text})
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    return answer.content.decode()


def options(client: Client, org: Organization, text: str, environment: str = "live") -> list[str]:
    return OPTION.findall(asked(client, org, text, environment))


def test_without_letters_it_shows_pages_and_actions(member: Client, org: Organization) -> None:
    found = options(member, org, "")
    assert {"Overview", "Setup guide", "Dark appearance", "Sign out", "Show test events"} <= set(found)


def test_words_find_pages_by_their_beginnings(member: Client, org: Organization) -> None:
    assert options(member, org, "set gui")[0] == "Setup guide"
    assert "Sign out" in options(member, org, "logout")
    assert "Setup guide" not in options(member, org, "uide")


def test_other_organisations_are_offered_to_their_members_only(member: Client, org: Organization) -> None:
    OrganizationFactory(name="Foreign company")
    person = org.memberships.get().user
    MembershipFactory(org=OrganizationFactory(name="Second company"), user=person)
    assert "Second company" in options(member, org, "company")
    assert "Foreign company" not in options(member, org, "company")


def test_events_are_found_by_id_in_their_own_place_only(member: Client, org: Organization, store: EventStore) -> None:
    own, other = make_event(org), make_event(OrganizationFactory())
    test = make_event(org, environment=Environment.TEST)
    store_events(store, own, other, test)
    assert f"events/{own.event_id}/" in asked(member, org, own.event_id)
    assert f"events/{other.event_id}/" not in asked(member, org, other.event_id)
    assert f"events/{test.event_id}/" not in asked(member, org, test.event_id)
    assert "auth.login_failed" not in options(member, org, str(uuid.uuid4()))


@pytest.mark.parametrize("text", ["zzz '\"<&>\0", "\u202e" * 50, "x" * 5_000, "%_\\"])
def test_anything_may_be_typed(member: Client, org: Organization, text: str) -> None:
    page = asked(member, org, text)
    assert "Events with" in page
    assert "<&>" not in page


def test_only_what_is_visible_still_is_found(member: Client, org: Organization, store: EventStore) -> None:
    old = make_event(org, occurred_at_ms=NOW_MS - 500 * 86_400_000)
    Organization.objects.filter(pk=org.pk).update(retention_days_override=400)
    store_events(store, old)
    assert f"events/{old.event_id}/" not in asked(member, org, old.event_id)


def test_alerts_are_found_by_title_and_id_in_their_own_place_only(member: Client, org: Organization) -> None:
    alert = make_alert(org, title="Odd <b>journey</b>")
    other = make_alert(OrganizationFactory(), title="Odd trip of others")
    make_alert(org, title="Odd test", environment=Environment.TEST)
    assert [text for text in options(member, org, "oDD") if text.startswith("Odd")] == ["Odd &lt;b&gt;journey&lt;/b&gt;"]
    assert f"alerts/{alert.id}/" in asked(member, org, str(alert.id))
    assert f"alerts/{other.id}/" not in asked(member, org, str(other.id))
    assert "Odd test" in options(member, org, "odd", "test")


def test_detectors_are_found_by_title_and_id(member: Client, org: Organization) -> None:
    assert f'href="/o/{org.slug}/live/detections/impossible_travel/"' in asked(member, org, "impossible")
    assert f'href="/o/{org.slug}/live/detections/brute_force_address/"' in asked(member, org, "brute_force_a")


def test_actors_are_found_by_how_their_ids_begin(member: Client, org: Organization, store: EventStore) -> None:
    long = "usr_" + "🦊" * 100 + "<script>"
    store_events(store, make_event(org, actor=Actor("usr_1")), make_event(org, actor=Actor(long)))
    store_events(store, make_event(OrganizationFactory(), actor=Actor("usr_of_others")))
    found = options(member, org, "usr_")
    assert {"usr_1", long.replace("<", "&lt;").replace(">", "&gt;")} <= set(found)
    assert "usr_of_others" not in found


@pytest.mark.parametrize("text", ["1.2.3.4", " 1.2.3.4 "])
def test_a_whole_address_leads_to_its_page(member: Client, org: Organization, text: str) -> None:
    assert "1.2.3.4" in options(member, org, text)


def test_an_address_of_version_6_leads_to_its_plain_form(member: Client, org: Organization) -> None:
    assert "2001:db8::1" in options(member, org, "2001:DB8:0:0::1")


def test_addresses_are_found_by_how_they_begin(member: Client, org: Organization, store: EventStore) -> None:
    store_events(store, make_event(org, user_ip="198.51.100.99"), make_event(OrganizationFactory(), user_ip="198.51.100.98"))
    found = options(member, org, "198.51.")
    assert "198.51.100.99" in found
    assert "198.51.100.98" not in found


def test_without_the_store_the_rest_is_there_and_it_says_so(member: Client, org: Organization) -> None:
    with store_down():
        page = asked(member, org, "sign")
    assert "Sign out" in page
    assert "does not answer" in page
