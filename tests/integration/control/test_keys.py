import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from control_factories import OrganizationFactory, database_down, make_key, org_id_of
from litesoc_server.apikeys.access import key_for_operator
from litesoc_server.apikeys.key_source import DatabaseKeySource
from litesoc_server.apikeys.key_uses import KEYS_AT_ONCE, DatabaseKeyUseSink
from litesoc_server.apikeys.models import AccessRules, ApiKey
from litesoc_server.apikeys.revoke_key import revoke_key
from litesoc_server.apikeys.selectors import keys_for_operator
from litesoc_server.audit.by import By
from litesoc_server.events.envelope import Environment
from litesoc_server.ingest.key_use import Use, UsesUnavailable
from litesoc_server.ingest.keys import KeysUnavailable, Scope, hash_key

pytestmark = pytest.mark.django_db


def test_a_key_is_shown_once_and_stored_as_its_hash() -> None:
    key = make_key(OrganizationFactory())
    assert key.secret.startswith("lsoc_live_")
    assert len(key.secret) >= len("lsoc_live_") + 32
    assert key.secret.startswith(key.record.prefix)
    assert key.secret not in repr(key)
    stored = ApiKey.objects.values_list().get()
    assert key.secret not in map(str, stored)
    assert hash_key(key.secret.encode()).hex() in map(str, stored)


def test_the_source_says_what_ingest_needs_to_know() -> None:
    org = OrganizationFactory(plan="pro", is_suspended=True, rate_per_minute_override=0)
    key = make_key(org, name="till", scopes={Scope.INGEST}, environment=Environment.TEST)

    record = DatabaseKeySource().find(hash_key(key.secret.encode()))

    assert record is not None
    assert key.secret.startswith("lsoc_test_")
    assert (record.key_id, record.key_name, record.scopes) == (str(key.record.id), "till", {Scope.INGEST})
    assert (record.org_id, record.org_name, record.environment) == (org_id_of(org), org.name, Environment.TEST)
    assert (record.plan, record.is_suspended, record.retention_days) == ("pro", True, 30)
    assert (record.monthly_events_limit, record.rate_limit_per_minute) == (50_000, None)
    assert (record.key_rate_limit_per_minute, record.allow_lists) == (None, ())
    assert not record.origins.include("https://app.shop.example")


def test_the_source_says_from_where_a_key_may_be_used() -> None:
    org = OrganizationFactory()
    key = make_key(org)
    ApiKey.objects.update(allow_list="203.0.113.7 # till", rate_limit_per_minute=60)
    rules = AccessRules.objects.create(org=org, allow_list="203.0.113.0/24", origins=["https://*.shop.example"])
    source, key_hash = DatabaseKeySource(), hash_key(key.secret.encode())

    record = source.find(key_hash)
    assert record is not None
    assert record.key_rate_limit_per_minute == 60
    assert [one.includes("203.0.113.7") for one in record.allow_lists] == [True]
    assert record.origins.include("https://app.shop.example")

    rules.is_allow_list_on = True
    rules.save()
    both = source.find_many([key_hash])[key_hash].allow_lists
    assert [one.includes("203.0.113.8") for one in both] == [True, False]


def test_the_last_use_is_kept_and_never_goes_back() -> None:
    key, other = make_key(OrganizationFactory()).record, make_key(OrganizationFactory()).record
    sink = DatabaseKeyUseSink()

    def seen() -> list[tuple[int | None, str | None]]:
        rows = [ApiKey.objects.get(pk=one.pk) for one in (key, other)]
        return [(row.last_used_at and int(row.last_used_at.timestamp() * 1000), row.last_used_from) for row in rows]

    assert seen() == [(None, None)] * 2
    sink.write({str(key.pk): Use(120_000, "203.0.113.7")})
    assert seen() == [(120_000, "203.0.113.7"), (None, None)]
    sink.write({str(key.pk): Use(60_000, "203.0.113.8"), str(other.pk): Use(60_000, None)})
    assert seen() == [(120_000, "203.0.113.7"), (60_000, None)]
    sink.write({str(key.pk): Use(120_000, "2001:db8::1"), str(uuid4()): Use(60_000, "203.0.113.8")})
    assert seen()[0] == (120_000, "2001:db8::1")


def test_many_uses_are_written_in_few_statements(django_assert_num_queries: Callable[..., Any]) -> None:
    uses = {str(uuid4()): Use(60_000, "203.0.113.7") for _ in range(KEYS_AT_ONCE)}
    with django_assert_num_queries(1):
        DatabaseKeyUseSink().write(uses)


def test_uses_cannot_be_written_while_the_database_is_away() -> None:
    with database_down(), pytest.raises(UsesUnavailable):
        DatabaseKeyUseSink().write({str(uuid4()): Use(60_000, None)})


def test_revoked_expired_and_unknown_keys_are_not_found() -> None:
    org = OrganizationFactory()
    now = timezone.now()
    usable = make_key(org, expires_at=now + timedelta(minutes=1))
    revoked, expired = make_key(org), make_key(org, expires_at=now)
    revoke_key(revoked.record, by=By.operator())
    hashes = [hash_key(key.secret.encode()) for key in (usable, revoked, expired)]

    assert set(DatabaseKeySource().find_many([*hashes, hash_key(b"lsoc_live_unknown")])) == {hashes[0]}
    assert [key.record.state for key in (usable, revoked, expired)] == ["active", "revoked", "expired"]


def test_revoking_again_keeps_the_first_moment() -> None:
    record = make_key(OrganizationFactory()).record
    revoke_key(record, by=By.operator())
    first = record.revoked_at
    revoke_key(record, by=By.operator())
    assert record.revoked_at == first


def test_a_database_in_trouble_fails_closed_and_says_nothing_of_itself() -> None:
    with database_down(), pytest.raises(KeysUnavailable) as caught:
        DatabaseKeySource().find(hash_key(b"x"))
    assert "secret" not in str(caught.value)


@pytest.mark.django_db(transaction=True)
def test_any_thread_may_ask() -> None:
    key_hash = hash_key(make_key(OrganizationFactory()).secret.encode())
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(DatabaseKeySource().find(key_hash))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert None not in found


def test_the_operator_lists_and_finds_keys() -> None:
    mine, other = make_key(OrganizationFactory(slug="mine")).record, make_key(OrganizationFactory()).record
    assert keys_for_operator("mine") == [mine]
    assert set(keys_for_operator(None)) == {mine, other}
    assert key_for_operator(str(mine.id)) == mine
    for wrong in ("nothing", "00000000-0000-0000-0000-000000000000"):
        with pytest.raises(ApiKey.DoesNotExist):
            key_for_operator(wrong)
