import re

import msgspec
import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from control_factories import NOW_MS, MembershipFactory, OrganizationFactory, UserFactory, make_alert, make_key
from litesoc_server.apikeys.models import ApiKey
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Actor, Device, Network
from litesoc_server.guides.integrations import INTEGRATIONS
from litesoc_server.orgs.models import Organization, Role
from litesoc_server.store.base import EventStore
from litesoc_server.web.views.setup import KEYS_MAX
from management_api import Tenant, make_event, store_down, store_events

pytestmark = pytest.mark.django_db

KEY_SHOWN_COUNT = 8 + len(INTEGRATIONS)  # itself, six ways to send an event, five failed logins, each framework
SECRET = re.compile(r"lsoc_(?:live|test)_[\w-]{32}")


@pytest.fixture
def org(tenant: Tenant) -> Organization:
    return tenant.org


def signed_in(org: Organization, role: Role = Role.OWNER, **person: str) -> Client:
    client = Client(headers={"Accept": "text/html"})
    client.force_login(MembershipFactory(org=org, role=role, user=UserFactory(**person)).user)
    return client


def page(client: Client, org: Organization, path: str = "setup/", environment: str = "live") -> str:
    answer = client.get(f"/o/{org.slug}/{environment}/{path}")
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("environment", Environment)
def test_a_new_key_is_in_that_one_answer_and_in_its_code_and_nowhere_else(
    org: Organization, environment: Environment
) -> None:
    client = signed_in(org)
    answer = client.post(f"/o/{org.slug}/{environment.value}/setup/key")
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    (secret,) = set(SECRET.findall(answer.content.decode()))
    assert secret.startswith(f"lsoc_{environment.value}_")
    assert answer.content.decode().count(secret) == KEY_SHOWN_COUNT
    key = ApiKey.objects.get(org=org, name="setup guide")
    assert (key.scopes, key.environment, key.created_by) == (["ingest"], environment.value, answer.wsgi_request.user)
    later = [page(client, org), page(client, org, environment="test"), page(client, org, "setup/progress?poll=1")]
    assert not any(secret in text for text in later)
    assert key.prefix in page(client, org, environment=environment.value)
    assert secret not in str([session.get_decoded() for session in Session.objects.all()])


def test_the_answer_to_htmx_holds_the_steps_that_show_the_key(org: Organization) -> None:
    answer = signed_in(org).post(f"/o/{org.slug}/live/setup/key", headers={"HX-Request": "true"})
    text = answer.content.decode()
    assert "<html" not in text
    assert len(SECRET.findall(text)) == KEY_SHOWN_COUNT
    assert 'hx-target="#setup-loop"' in text


def test_the_guide_makes_a_bounded_number_of_keys(org: Organization) -> None:
    for _ in range(KEYS_MAX):
        make_key(org, name="setup guide")
    answer = signed_in(org).post(f"/o/{org.slug}/live/setup/key")
    assert not SECRET.findall(answer.content.decode())
    assert "No key was made" in answer.content.decode()
    assert ApiKey.objects.filter(org=org, name="setup guide").count() == KEYS_MAX


@pytest.mark.parametrize("role", [Role.ANALYST, Role.VIEWER])
def test_who_may_not_make_a_key_is_told_whom_to_ask(org: Organization, role: Role) -> None:
    MembershipFactory(org=org, role=Role.OWNER, user=UserFactory(name="<b>Ada</b>"))
    MembershipFactory(org=OrganizationFactory(), role=Role.OWNER, user=UserFactory(name="Somebody else"))
    text = page(signed_in(org, role), org)
    assert "&lt;b&gt;Ada&lt;/b&gt;" in text
    assert "Somebody else" not in text
    assert "Create a key" not in text
    assert signed_in(org, role).post(f"/o/{org.slug}/live/setup/key").status_code == 403


def test_the_code_is_for_this_server(org: Organization) -> None:
    text = page(signed_in(org), org)
    assert "curl -X POST http://testserver/api/v1/collect" in text
    assert "YOUR_API_KEY" in text
    assert text.count("LITESOC_URL=&#x27;http://testserver&#x27;") == len(INTEGRATIONS)
    for one in INTEGRATIONS:
        assert f">{one.title}</button>" in text
        assert all(f'href="{url}"' in text for url in one.documentation)


def test_it_waits_until_an_event_and_an_alert_are_there(org: Organization, store: EventStore) -> None:
    client = signed_in(org)
    text = page(client, org)
    assert "Waiting for your first event" in text
    assert "setup/progress?poll=1" in text
    store_events(store, make_event(org))
    text = page(client, org, "setup/progress?poll=1")
    assert "Events arrive." in text
    assert "Waiting for your first alert" in text
    assert "setup/progress?poll=2" in text
    make_alert(org, title="Brute <script>")
    text = page(client, org, "setup/progress?poll=2")
    assert "Brute &lt;script&gt;" in text
    assert "setup/progress?poll=" not in text


def test_live_and_test_and_other_organisations_are_apart(org: Organization, store: EventStore) -> None:
    store_events(store, make_event(org, environment=Environment.TEST), make_event(OrganizationFactory()))
    client = signed_in(org)
    assert "Waiting for your first event" in page(client, org)
    assert "Events arrive." in page(client, org, environment="test")


@pytest.mark.parametrize("poll", ["900", "99999999999999999999", "-1", "x", "", "٣"])
def test_it_does_not_ask_for_ever(org: Organization, poll: str) -> None:
    text = page(signed_in(org), org, f"setup/progress?poll={poll}")
    assert "Look again" in text
    assert "hx-trigger" not in text


def test_a_good_event_is_said_to_be_good(org: Organization, store: EventStore) -> None:
    store_events(store, make_event(org))
    text = page(signed_in(org), org)
    assert "is known: Someone tried to sign in" in text
    assert "is on the internet" in text
    assert "To fix:" not in text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "auth.login_faild<i>"}, ["auth.login_faild&lt;i&gt;", "Did you mean auth.login_failed?"]),
        ({"name": "\u202ezzz"}, ["No detector knows the name <bdi>\u202ezzz</bdi>", "Use the standard names"]),
        ({"actor": None}, ["does not say who it was"]),
        ({"actor": Actor("[REDACTED]", is_redacted=True)}, ["is masked"]),
        ({"user_ip": None, "network": None}, ["carries no address"]),
        ({"user_ip": "10.0.0.7", "network": Network(special="private")}, ["10.0.0.7 is not on the internet (private)"]),
        ({"user_ip": "203.0.113.4"}, ["also that of the machine that sent the event"]),
    ],
)
def test_what_is_wrong_with_an_event_is_said_with_the_fix(
    org: Organization, store: EventStore, changes: dict[str, object], said: list[str]
) -> None:
    store_events(store, make_event(org, **changes))
    text = page(signed_in(org), org)
    assert all(words in text for words in said)
    assert "To fix:" in text


def done(text: str) -> set[str]:
    """Return the points of the checklist that are done."""
    return set(re.findall(r'<li class="done">.*?<strong>(.*?)</strong>', text, re.DOTALL))


def test_each_point_of_the_checklist_is_checked(keys: object, store: EventStore) -> None:
    org = OrganizationFactory()
    client = signed_in(org)
    assert done(page(client, org)) == set()
    make_key(org)
    assert done(page(client, org)) == {"A key"}
    store_events(store, make_event(org))
    assert done(page(client, org)) == {"A key", "Users&#x27; addresses", "Failed logins"}
    store_events(store, make_event(org, name="auth.login_success", session_id="s-1", device=Device(id="d-1")))
    make_alert(org)
    assert done(page(client, org)) == {
        "A key", "Users&#x27; addresses", "Failed logins", "Logins", "Session ids", "Device ids", "A first alert",
    }  # fmt: skip


def test_addresses_that_are_mostly_private_are_not_users_addresses(org: Organization, store: EventStore) -> None:
    private = {"user_ip": "10.0.0.7", "network": Network(special="private")}
    store_events(store, make_event(org), *(make_event(org, occurred_at_ms=NOW_MS - n, **private) for n in (2, 3)))
    assert "Users&#x27; addresses" not in done(page(signed_in(org), org))
    assert "Seen in 1 of 3 recent events" in page(signed_in(org), org)


def test_without_the_store_the_key_and_the_code_are_still_there(org: Organization) -> None:
    client = signed_in(org)
    with store_down():
        text = page(client, org)
        assert "does not answer" in text
        assert "setup/progress?poll=1" in text
        assert "curl -X POST" in text
        assert len(SECRET.findall(client.post(f"/o/{org.slug}/live/setup/key").content.decode())) == KEY_SHOWN_COUNT
        assert client.get(f"/o/{org.slug}/live/setup/notices").status_code == 503
        assert client.get("/")["Location"].endswith("/live/")


def test_notices_about_senders_are_shown_with_their_fix(org: Organization, store: EventStore) -> None:
    events = [make_event(org, name="my.own", metadata=msgspec.Raw(b'{"unrecognized_format":true}')) for _ in range(100)]
    store_events(store, *events)
    text = page(signed_in(org), org, "setup/notices")
    assert "100 of 100 events" in text
    assert "Use the names of" in text


@pytest.mark.parametrize(
    ("role", "place"),
    [(Role.OWNER, "setup/"), (Role.ADMIN, "setup/"), (Role.ANALYST, ""), (Role.VIEWER, "")],
)
def test_home_leads_who_can_set_up_an_empty_organisation_to_the_guide(
    store: EventStore, org: Organization, role: Role, place: str
) -> None:
    client = signed_in(org, role)
    assert client.get("/")["Location"] == f"/o/{org.slug}/live/{place}"
    store_events(store, make_event(org))
    assert client.get("/")["Location"] == f"/o/{org.slug}/live/"


def test_the_navigation_ends_with_the_guide_until_there_is_an_alert(org: Organization) -> None:
    client = signed_in(org, Role.VIEWER)
    assert page(client, org).count(f'href="/o/{org.slug}/live/setup/"') == 2  # there and in the person's menu
    make_alert(org)
    assert page(client, org).count(f'href="/o/{org.slug}/live/setup/"') == 1
