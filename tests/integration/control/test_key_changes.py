"""Making, changing and rotating keys, and what the audit log says of it."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from control_factories import OrganizationFactory, make_key
from litesoc_server.apikeys import issue_key as issuing
from litesoc_server.apikeys.access import get_key
from litesoc_server.apikeys.change_key import KeyValues, change_key, values_of
from litesoc_server.apikeys.key_source import DatabaseKeySource
from litesoc_server.apikeys.models import ApiKey
from litesoc_server.apikeys.revoke_key import revoke_key
from litesoc_server.apikeys.rotate_key import rotate_key
from litesoc_server.apikeys.values import KeyEnded, KeyForbidden, KeyRefused
from litesoc_server.audit.by import By
from litesoc_server.audit.models import AuditEntry
from litesoc_server.ingest.keys import Scope, hash_key
from litesoc_server.orgs.models import Organization

pytestmark = pytest.mark.django_db
BY = By(principal="user:1", name="owner@shop.example", address="203.0.113.7", user_agent=None)
DAY = timedelta(days=1)


def actions(org: Organization) -> list[str]:
    return list(AuditEntry.objects.filter(org_id=org.id).order_by("seq").values_list("action", flat=True))


def is_usable(secret: str) -> bool:
    return DatabaseKeySource().find(hash_key(secret.encode())) is not None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "n" * 151}, "name"),
        ({"name": "till\x1b[0m"}, "name"),
        ({"scopes": frozenset()}, "scopes"),
        ({"expires_at": -DAY}, "expires_at"),
        ({"expires_at": 3651 * DAY}, "expires_at"),
        ({"rate_limit_per_minute": 0}, "rate_limit_per_minute"),
        ({"rate_limit_per_minute": -1}, "rate_limit_per_minute"),
    ],
)
def test_what_a_key_cannot_be_is_refused(changes: dict[str, Any], field: str) -> None:
    org = OrganizationFactory()
    values = {"name": "till", "scopes": {Scope.INGEST}, **changes}
    if "expires_at" in values:
        values["expires_at"] = timezone.now() + values["expires_at"]
    with pytest.raises(KeyRefused) as refused:
        issuing.issue_key(org=org, by=BY, **values)
    assert refused.value.field == field
    assert actions(org) == []


def test_a_key_hands_out_no_more_than_it_has() -> None:
    org = OrganizationFactory()
    within = {Scope.MANAGE, Scope.INGEST}
    with pytest.raises(KeyForbidden, match="read"):
        issuing.issue_key(org=org, name="x", scopes={Scope.READ, Scope.INGEST}, by=BY, within=within)
    mine = issuing.issue_key(org=org, name="x", scopes={Scope.INGEST}, by=BY, within=within).record
    reader = make_key(org, scopes={Scope.READ, Scope.INGEST}).record
    with pytest.raises(KeyForbidden):
        rotate_key(reader, overlap=DAY, by=BY, within=within)
    with pytest.raises(KeyForbidden):
        change_key(mine, KeyValues(**{**vars(values_of(mine)), "scopes": {Scope.READ}}), by=BY, within=within)
    change_key(reader, KeyValues(**{**vars(values_of(reader)), "scopes": {Scope.READ}}), by=BY, within=within)
    assert reader.scopes == ["read"], "it may take scopes away that it lacks"


def test_there_is_room_for_so_many_usable_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuing, "KEYS_MAX", 2)
    org = OrganizationFactory()
    first, _ = make_key(org), make_key(org)
    make_key(OrganizationFactory())

    def one_more() -> None:
        issuing.issue_key(org=org, name="x", scopes={Scope.READ}, by=BY)

    for attempt in (one_more, lambda: rotate_key(first.record, overlap=DAY, by=BY)):
        with pytest.raises(KeyRefused, match="2 keys"):
            attempt()
    rotate_key(first.record, overlap=timedelta(0), by=BY)
    with pytest.raises(KeyRefused):
        one_more()
    revoke_key(ApiKey.objects.get(replaces=first.record), by=BY)
    one_more()
    assert actions(org) == ["api_key.regenerated", "api_key.revoked", "api_key.created"]


def test_rotating_makes_a_key_like_the_old_one_which_works_on_for_a_while() -> None:
    org = OrganizationFactory()
    old = make_key(org, name="till", scopes={Scope.INGEST}, rate_limit_per_minute=7)
    ApiKey.objects.update(allow_list="203.0.113.7")

    new = rotate_key(old.record, overlap=DAY, by=BY)

    assert new.secret != old.secret
    assert is_usable(new.secret)
    assert is_usable(old.secret)
    record = new.record
    assert (record.name, record.scopes, record.environment, record.expires_at) == ("till", ["ingest"], "live", None)
    assert (record.rate_limit_per_minute, record.allow_list, record.replaces_id) == (7, "203.0.113.7", old.record.id)
    old.record.refresh_from_db()
    assert old.record.expires_at is not None
    assert abs(old.record.expires_at - timezone.now() - DAY) < timedelta(minutes=1)
    assert actions(org) == ["api_key.regenerated"]


def test_rotating_without_overlap_ends_the_old_key() -> None:
    old = make_key(OrganizationFactory())
    rotate_key(old.record, overlap=timedelta(0), by=BY)
    assert not is_usable(old.secret)
    with pytest.raises(KeyEnded, match="revoked"):
        rotate_key(old.record, overlap=DAY, by=BY)
    for overlap in (-DAY, 31 * DAY):
        with pytest.raises(KeyRefused):
            rotate_key(make_key(OrganizationFactory()).record, overlap=overlap, by=BY)


def test_a_key_that_ends_is_followed_by_one_that_lasts_as_long_and_never_lives_longer_itself() -> None:
    old = make_key(OrganizationFactory(), expires_at=timezone.now() + DAY)
    new = rotate_key(old.record, overlap=7 * DAY, by=BY).record
    before = old.record.expires_at
    old.record.refresh_from_db()
    assert old.record.expires_at == before
    assert new.expires_at is not None
    assert abs(new.expires_at - timezone.now() - DAY) < timedelta(minutes=1)


def test_changes_are_recorded_once_and_only_where_something_changed() -> None:
    org = OrganizationFactory()
    key = make_key(org, name="till").record
    change_key(key, values_of(key), by=BY)
    assert actions(org) == []
    wanted = KeyValues(name=" shop  till ", scopes={Scope.READ}, expires_at=timezone.now() + DAY, rate_limit_per_minute=5)
    change_key(key, wanted, by=BY)
    assert (key.name, key.scopes, key.expires_at, key.rate_limit_per_minute) == ("shop till", ["read"], wanted.expires_at, 5)
    revoke_key(key, by=BY)
    revoke_key(key, by=BY)
    assert actions(org) == ["api_key.updated", "api_key.revoked"]
    with pytest.raises(KeyEnded):
        change_key(key, wanted, by=BY)


def test_an_expiry_that_is_past_by_now_stays_where_it_is_not_touched() -> None:
    soon = timezone.now() + timedelta(seconds=30)
    key = make_key(OrganizationFactory(), expires_at=soon).record
    change_key(key, KeyValues(**{**vars(values_of(key)), "name": "other"}), by=BY)
    assert (key.name, key.expires_at) == ("other", soon)


def test_keys_are_found_through_their_organisation_only() -> None:
    key = make_key(OrganizationFactory()).record
    assert get_key(key.org, str(key.id)) == key
    for org, key_id in ((OrganizationFactory(), str(key.id)), (key.org, "nonsense")):
        with pytest.raises(ApiKey.DoesNotExist):
            get_key(org, key_id)
