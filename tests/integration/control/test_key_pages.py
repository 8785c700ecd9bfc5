"""Settings > API keys: made and shown once, changed, rotated and revoked."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from control_factories import OrganizationFactory, make_key
from litesoc_server.apikeys.models import ApiKey
from litesoc_server.audit.models import AuditEntry
from litesoc_server.events.envelope import Environment
from litesoc_server.ingest.keys import hash_key
from litesoc_server.orgs.models import Organization, Role
from management_api import Tenant
from page_reader import PageReader

pytestmark = pytest.mark.django_db


@pytest.fixture
def org(tenant: Tenant) -> Organization:
    return tenant.org


@pytest.fixture
def reader(org: Organization) -> PageReader:
    return PageReader(org, Role.ADMIN)


def post(reader: PageReader, path: str, environment: str = "live", **fields: Any) -> Any:
    return reader.client.post(f"/o/{reader.org.slug}/{environment}/settings/keys/{path}", fields)


def test_a_key_is_shown_once(reader: PageReader) -> None:
    html = post(
        reader, "new", name="shop, production", scope=["ingest", "read"], expiry="90d", rate_limit="60"
    ).content.decode()
    key = ApiKey.objects.get(name="shop, production")
    assert "Copy the key now" in html
    secret = html.partition('id="new-key">')[2].partition("<")[0]
    assert hash_key(secret.encode()).hex() == key.sha256
    assert (key.scopes, key.environment, key.rate_limit_per_minute) == (["ingest", "read"], "live", 60)
    assert key.created_by is not None
    assert key.expires_at is not None
    assert abs(key.expires_at - timezone.now() - timedelta(days=90)) < timedelta(minutes=1)
    again = reader.text("settings/keys/")
    assert "shop, production" in again
    assert secret not in again
    entry = AuditEntry.objects.get(action="api_key.created", target_id=str(key.id))
    assert entry.principal == f"user:{key.created_by.pk}"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"name": "", "scope": "ingest"}, "Say what the key is for."),
        ({"name": "x"}, "Choose at least one scope."),
        ({"name": "x", "scope": "everything"}, "Choose at least one scope."),
        ({"name": "x", "scope": "ingest", "expiry": "custom", "until": ""}, "Choose a date and a time."),
        ({"name": "x", "scope": "ingest", "expiry": "custom", "until": "2020-01-01T00:00"}, "in the future"),
        ({"name": "x", "scope": "ingest", "rate_limit": "many"}, "a whole number"),
        ({"name": "x", "scope": "ingest", "rate_limit": "0"}, "from 1 to"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(reader: PageReader, fields: dict[str, str], text: str) -> None:
    answer = post(reader, "new", **fields)
    assert text in answer.content.decode()
    assert ApiKey.objects.filter(org=reader.org).count() == 1


def test_the_list_says_where_keys_were_used_and_keeps_the_environments_apart(reader: PageReader) -> None:
    used, ended = make_key(reader.org, name="till").record, make_key(reader.org, name="old till").record
    make_key(reader.org, name="trial", environment=Environment.TEST)
    make_key(OrganizationFactory(), name="of others")
    ApiKey.objects.filter(pk=used.pk).update(last_used_at=timezone.now(), last_used_from="203.0.113.7")
    ApiKey.objects.filter(pk=ended.pk).update(revoked_at=timezone.now())
    html = reader.text("settings/keys/")
    working, _, past = html.partition('id="ended"')
    assert "till" in working
    assert "203.0.113.7" in working
    assert "old till" in past
    assert "trial" not in html
    assert "of others" not in html
    test_page = reader.client.get(f"/o/{reader.org.slug}/test/settings/keys/").content.decode()
    assert "trial" in test_page
    assert "old till" not in test_page


def test_a_key_is_changed(reader: PageReader) -> None:
    ends_at = timezone.now() + timedelta(days=3, seconds=17)
    key = make_key(reader.org, name="till", expires_at=ends_at).record
    until = ends_at.strftime("%Y-%m-%dT%H:%M")
    assert f'value="{until}"' in reader.text(f"settings/keys/{key.id}/")
    answer = post(reader, f"{key.id}/change", name="till 2", scope="ingest", expiry="custom", until=until)
    assert answer.status_code == 302
    key.refresh_from_db()
    assert (key.name, key.scopes, key.expires_at) == ("till 2", ["ingest"], ends_at), "the seconds are not cut off"
    assert "Choose at least one scope." in post(reader, f"{key.id}/change", name="till 3").content.decode()
    key.refresh_from_db()
    assert key.name == "till 2"


def test_a_key_is_rotated_and_the_new_one_shown_once(reader: PageReader) -> None:
    key = make_key(reader.org, name="till").record
    html = post(reader, f"{key.id}/rotate", overlap="7d").content.decode()
    new = ApiKey.objects.get(replaces=key)
    assert hash_key(html.partition('id="new-key">')[2].partition("<")[0].encode()).hex() == new.sha256
    key.refresh_from_db()
    assert key.expires_at is not None
    assert abs(key.expires_at - timezone.now() - timedelta(days=7)) < timedelta(minutes=1)
    post(reader, f"{new.id}/rotate", overlap="0")
    new.refresh_from_db()
    assert new.state == "revoked"


def test_revoking_says_what_it_was_last_used_for(reader: PageReader) -> None:
    key = make_key(reader.org, name="till").record
    assert "has not been used yet" in reader.text(f"settings/keys/{key.id}/")
    ApiKey.objects.filter(pk=key.pk).update(last_used_at=timezone.now(), last_used_from="203.0.113.7")
    assert "from <bdi>203.0.113.7</bdi>" in reader.text(f"settings/keys/{key.id}/")
    assert post(reader, f"{key.id}/revoke").status_code == 302
    key.refresh_from_db()
    assert key.state == "revoked"
    html = reader.text(f"settings/keys/{key.id}/")
    assert "Rotate" not in html
    assert post(reader, f"{key.id}/change", name="x", scope="ingest").status_code == 302
    key.refresh_from_db()
    assert key.name == "till"


def test_a_list_of_a_key_that_would_lock_it_out_has_to_be_insisted_on(reader: PageReader) -> None:
    key = make_key(reader.org, name="till").record
    ApiKey.objects.filter(pk=key.pk).update(last_used_at=timezone.now(), last_used_from="203.0.113.7")
    path = f"{key.id}/allow-list"
    assert "Line 1: This is neither" in post(reader, path, allow_list="nonsense").content.decode()
    html = post(reader, path, allow_list="198.51.100.1").content.decode()
    assert "would lock somebody out" in html
    assert "203.0.113.7" in html
    assert post(reader, path, allow_list="198.51.100.1", insist="on").status_code == 302
    key.refresh_from_db()
    assert key.allow_list == "198.51.100.1"


def test_keys_of_the_other_environment_and_of_others_are_not_found(reader: PageReader) -> None:
    trial = make_key(reader.org, environment=Environment.TEST).record
    strange = make_key(OrganizationFactory()).record
    for key in (trial, strange):
        assert reader.get(f"settings/keys/{key.id}/").status_code == 404
        for act in ("change", "rotate", "revoke", "allow-list"):
            assert post(reader, f"{key.id}/{act}", name="x", scope="ingest").status_code == 404
        key.refresh_from_db()
        assert key.state == "active"


def test_analysts_see_no_keys(org: Organization) -> None:
    reader = PageReader(org, Role.ANALYST)
    assert reader.get("settings/keys/").status_code == 403
    assert "API keys" not in reader.text("settings/general/")
