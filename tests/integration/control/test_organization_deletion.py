"""The end of an organisation: said, taken back, carried out; afterwards nothing of it is left anywhere."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from control_factories import (
    DetectionFactory,
    MembershipFactory,
    OrganizationFactory,
    make_alert,
    make_key,
    make_suppression,
    org_id_of,
)
from litesoc_server.apikeys.key_source import DatabaseKeySource
from litesoc_server.audit.by import By
from litesoc_server.audit.models import AuditEntry
from litesoc_server.audit.record import INSTALLATION
from litesoc_server.events.detection import DETECTION_ENCODER
from litesoc_server.events.envelope import ENVELOPE_ENCODER, Envelope, Environment
from litesoc_server.inbound.change_connection import change_connection
from litesoc_server.ingest.keys import hash_key
from litesoc_server.orgs import deletion
from litesoc_server.orgs.deletion import cancel_deletion, due_for_removal, schedule_deletion
from litesoc_server.orgs.invitations import invite
from litesoc_server.orgs.member_changes import Acting, MemberRefused
from litesoc_server.orgs.models import ListedPage, Membership, Organization, Role
from litesoc_server.orgs.organization_changes import OrganizationRefused
from litesoc_server.orgs.saved_views import save_view
from litesoc_server.pipeline.state.memory import MemoryState
from litesoc_server.runtime.organization_removal import OrganizationRemover
from litesoc_server.store.base import EventStore, StoredEvent
from litesoc_server.store.sql_store import SqlStore
from litesoc_server.stream.base import DeadLetters, Stream
from litesoc_server.stream.subjects import Subject
from management_api import KEPT_MS, Tenant, make_event
from page_reader import PageReader
from people import browser, confirm_it_is_you, make_person, sign_in, visible_text

pytestmark = pytest.mark.django_db

OPERATOR = Acting.operator()


@pytest.fixture
def org(tenant: Tenant) -> Organization:
    return tenant.org


def raw(org: Organization) -> bytes:
    return ENVELOPE_ENCODER.encode(
        Envelope(org_id_of(org), "key", Environment.LIVE, "collect", 0, b"0" * 16, None, False, (), b"{}")
    )


def bury_something(letters: DeadLetters, org: Organization) -> None:
    letters.add(Subject.RAW, raw(org), "why")
    letters.add(Subject.DETECTIONS, DETECTION_ENCODER.encode(DetectionFactory(org_id=org_id_of(org))), "why")


def fill(org: Organization, store: EventStore) -> None:
    """Give an organisation something of everything."""
    owner = MembershipFactory(org=org, role=Role.OWNER)
    make_key(org)
    make_alert(org)
    make_suppression(org)
    store.insert([StoredEvent(make_event(org), KEPT_MS)])
    invite(org, "new@shop.example", Role.VIEWER, acting=OPERATOR)
    change_connection(org, Environment.LIVE, "auth0", by=By.operator())
    save_view(org, owner.user, Role.OWNER, page=ListedPage.EVENTS, name="all", parameters="q=a", is_shared=True)


def rows_with(org: Organization) -> dict[str, int]:
    """Count the rows of every table of the control database in which the organisation's id stands, in whatever column."""
    found = {}
    wanted = (str(org.pk), org.pk.hex)
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            columns = [column.name for column in connection.introspection.get_table_description(cursor, table)]
            condition = " OR ".join(f'CAST("{column}" AS TEXT) LIKE %s' for column in columns for _ in wanted)
            cursor.execute(
                f'SELECT count(*) FROM "{table}" WHERE {condition}', [f"%{one}%" for _ in columns for one in wanted]
            )
            count = cursor.fetchone()[0]
            if count:
                found[table] = count
    return found


def stored_rows(store: SqlStore, org: Organization) -> dict[str, int]:
    tables = [row[0] for row in store._read("SELECT name FROM system.tables WHERE database = currentDatabase()", {})]
    with_org = [
        table
        for table in tables
        if store._read(
            "SELECT 1 FROM system.columns WHERE database = currentDatabase() AND table = {table:String} AND name = 'org_id'",
            {"table": table},
        )
    ]
    counts = {
        table: store._read(f"SELECT count() FROM {table} WHERE org_id = {{org:String}}", {"org": org_id_of(org)})[0][0]
        for table in with_org
    }
    return {table: count for table, count in counts.items() if count}


def end_grace(org: Organization) -> None:
    moment = timezone.now() - timedelta(minutes=5)
    Organization.objects.filter(pk=org.pk).update(deletion_asked_at=moment - timedelta(days=7), deletion_due_at=moment)


def test_only_an_owner_who_types_the_name_ends_it(org: Organization) -> None:
    admin = Acting.member(MembershipFactory(org=org, role=Role.ADMIN).user, OPERATOR.by)
    with pytest.raises(MemberRefused):
        schedule_deletion(org, typed_name=org.name, acting=admin)
    with pytest.raises(OrganizationRefused, match="not the name"):
        schedule_deletion(org, typed_name=org.name.upper() + "!", acting=OPERATOR)
    due_at = schedule_deletion(org, typed_name=f" {org.name} ", acting=OPERATOR)
    assert timedelta(days=6) < due_at - timezone.now() < timedelta(days=8)
    with pytest.raises(OrganizationRefused, match="already"):
        schedule_deletion(org, typed_name=org.name, acting=OPERATOR)


def test_keys_are_refused_until_it_is_taken_back(org: Organization) -> None:
    key = hash_key(make_key(org).secret.encode())
    source = DatabaseKeySource()

    def is_refused() -> bool:
        record = source.find(key)
        assert record is not None
        return record.is_suspended

    assert not is_refused()
    schedule_deletion(org, typed_name=org.name, acting=OPERATOR)
    assert is_refused()
    with pytest.raises(MemberRefused, match="about to be deleted"):
        invite(org, "new@shop.example", Role.VIEWER, acting=OPERATOR)
    cancel_deletion(org, acting=OPERATOR)
    assert not is_refused()
    with pytest.raises(OrganizationRefused, match="not about to"):
        cancel_deletion(org, acting=OPERATOR)
    actions = AuditEntry.objects.filter(org_id=org.pk).order_by("seq").values_list("action", flat=True)
    assert list(actions) == ["organization.deletion_scheduled", "organization.deletion_cancelled"]


def test_after_the_grace_period_it_is_too_late(org: Organization) -> None:
    schedule_deletion(org, typed_name=org.name, acting=OPERATOR)
    assert due_for_removal(timezone.now()) == []
    end_grace(org)
    assert due_for_removal(timezone.now()) == [org]
    with pytest.raises(OrganizationRefused, match="too late"):
        cancel_deletion(org, acting=OPERATOR)


def remover_of(store: EventStore, stream: Stream) -> OrganizationRemover:
    return OrganizationRemover(store=store, stream=stream, state=MemoryState())


def test_nothing_of_it_is_left_in_any_table_and_others_keep_theirs(
    org: Organization, store: SqlStore, stream: Stream
) -> None:
    other = OrganizationFactory()
    for one in (org, other):
        fill(one, store)
        bury_something(stream.dead_letters, one)
    stream.dead_letters.add(Subject.RAW, b"rubbish", "unreadable")
    assert {"events", "events_hourly", "visits_daily", "visitors", "places_hourly"} <= stored_rows(store, org).keys()
    before, stored_before = rows_with(other), stored_rows(store, other)
    schedule_deletion(org, typed_name=org.name, acting=OPERATOR)
    end_grace(org)
    remover_of(store, stream).run_once()
    # That it was removed is recorded once, under its id, in the chain of the installation.
    assert rows_with(org) == {"audit_auditentry": 1}
    assert AuditEntry.objects.get(target_id=str(org.pk)).org_id == INSTALLATION
    assert stored_rows(store, org) == {}
    assert (rows_with(other), stored_rows(store, other)) == (before, stored_before)
    assert [letter.id for letter in stream.dead_letters.list(10)] == ["3", "4", "5"]


def test_removal_waits_for_what_keys_sent_before(org: Organization, store: SqlStore, stream: Stream, tmp_path: Path) -> None:
    schedule_deletion(org, typed_name=org.name, acting=OPERATOR)
    end_grace(org)
    stream.publisher.publish(Subject.RAW, [raw(org)])
    remover = remover_of(store, stream)
    remover.run_once()
    assert Organization.objects.filter(pk=org.pk).exists()
    consumer = stream.consumer(Subject.RAW)
    consumer.ack(consumer.fetch(10, 1.0))
    remover.run_once()
    assert not Organization.objects.filter(pk=org.pk).exists()
    left = [path.name for path in tmp_path.rglob("*") if path.is_file() and str(org.pk).encode() in path.read_bytes()]
    assert left == [], "a start would deliver it again"


class Killed(Exception):
    """The process ends here."""


def test_ended_anywhere_in_the_middle_it_goes_on_the_next_time(
    org: Organization, store: SqlStore, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(org, store)
    schedule_deletion(org, typed_name=org.name, acting=OPERATOR)
    end_grace(org)
    monkeypatch.setattr(deletion, "ROWS_AT_ONCE", 1)
    remove_some = deletion._remove_some
    remover = remover_of(store, stream)
    for steps in range(0, 1_000, 5):
        left = iter(range(steps))

        def dying(*arguments: Any, left: Iterator[int] = left) -> bool:
            if next(left, None) is None:
                raise Killed
            return remove_some(*arguments)

        monkeypatch.setattr(deletion, "_remove_some", dying)
        try:
            remover.run_once()
        except Killed:
            assert Organization.objects.filter(pk=org.pk).exists()  # so that the next round knows
        else:
            break
    assert rows_with(org) == {"audit_auditentry": 1}


def owner_of(org: Organization) -> Client:
    MembershipFactory(org=org, user=make_person("olga@shop.example"), role=Role.OWNER)
    client = browser()
    sign_in(client, email="olga@shop.example")
    return client


def test_the_page_asks_for_the_password_then_for_the_name(org: Organization) -> None:
    client, path = owner_of(org), f"/o/{org.slug}/live/settings/general/delete"
    assert client.get(path)["Location"].startswith("/accounts/reauthenticate/")
    confirm_it_is_you(client)
    assert "Type the name" in visible_text(client.get(path))
    assert "This is not the name" in visible_text(client.post(path, {"name": "shop"}))
    assert client.post(path, {"name": org.name}).status_code == 302
    org.refresh_from_db()
    assert org.deletion_due_at is not None


def test_every_member_is_told_and_owners_can_keep_it(org: Organization) -> None:
    client = owner_of(org)
    schedule_deletion(org, typed_name=org.name, acting=OPERATOR)
    viewer = PageReader(org)
    for path in ("alerts/", "settings/general/"):
        assert "going to be deleted" in viewer.text(path)
        assert "Keep the organisation" not in viewer.text(path)
    overview = visible_text(client.get(f"/o/{org.slug}/live/"))
    assert "Keep the organisation" in overview
    client.post(f"/o/{org.slug}/live/settings/general/delete/cancel")
    assert "going to be deleted" not in viewer.text("alerts/")
    assert Membership.objects.filter(org=org).exists()
