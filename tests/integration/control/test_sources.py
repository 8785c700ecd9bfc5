"""Webhook sources in the control plane: settings, secrets that are sealed and rotate, counts, and who hears of changes."""

import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

import signed_source
from control_factories import OrganizationFactory, database_down
from litesoc_server.accounts.sealing import draw_key, put_key_first, unseal
from litesoc_server.audit.by import By
from litesoc_server.audit.models import AuditEntry
from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import OrgId
from litesoc_server.inbound.change_connection import (
    OVERLAP,
    SourceRefused,
    change_connection,
    remove_connection,
    remove_secret,
    set_secret,
)
from litesoc_server.inbound.counts_sink import KEPT_DAYS, DatabaseCountsSink
from litesoc_server.inbound.models import SourceConnection, SourceCount
from litesoc_server.inbound.resealing import reseal_source_secrets
from litesoc_server.inbound.selectors import SourceStatus, source_state, source_states
from litesoc_server.inbound.settings_store import DatabaseSettingsStore
from litesoc_server.ingest.source_counts import Counts, CountsUnavailable, SourceCounts
from litesoc_server.ingest.source_settings import Connection, SettingsUnavailable, SourceSettings
from litesoc_server.orgs.models import Organization
from litesoc_server.sources.registry import connected_sources
from races import race

pytestmark = pytest.mark.django_db
LIVE, TEST = Environment.LIVE, Environment.TEST
BY = By.operator()
SIGNED = signed_source.ID


@pytest.fixture(autouse=True)
def _a_source_that_signs(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.SECRETS_KEY_PATH = tmp_path / "secrets_key"
    with signed_source.registered():
        yield


@pytest.fixture
def org() -> Organization:
    made: Organization = OrganizationFactory()
    return made


def connection_of(org: Organization, source: str = SIGNED, environment: Environment = LIVE) -> Connection:
    return Connection(OrgId(str(org.pk)), environment, source)


def found(org: Organization, source: str = SIGNED, environment: Environment = LIVE) -> SourceSettings | None:
    return DatabaseSettingsStore().find(connection_of(org, source, environment))


def actions(org: Organization) -> list[str]:
    return list(AuditEntry.objects.filter(org_id=org.pk).order_by("seq").values_list("action", flat=True))


def test_without_a_word_nothing_is_set(org: Organization) -> None:
    assert found(org) is None
    assert [state.status for state in source_states(org, LIVE)] == [SourceStatus.NOT_SET_UP] * len(connected_sources())


def test_settings_are_of_one_environment_of_one_organisation(org: Organization) -> None:
    other = OrganizationFactory()
    change_connection(org, LIVE, "auth0", by=BY, keeps_unknown=True)
    change_connection(org, LIVE, "auth0", by=BY, keeps_unknown=True)
    change_connection(org, LIVE, "auth0", by=BY, is_enabled=False)

    assert found(org, "auth0") == SourceSettings(keeps_unknown=True, is_enabled=False)
    assert found(org, "auth0", TEST) is None
    assert found(other, "auth0") is None
    assert actions(org) == ["source.added", "source.updated"]
    state = source_state(org, LIVE, "auth0")
    assert state is not None
    assert state.status is SourceStatus.OFF


def test_a_secret_is_sealed_and_the_one_before_counts_for_a_day(org: Organization) -> None:
    _, first = set_secret(org, LIVE, SIGNED, " whsec_first ", by=BY)
    _, second = set_secret(org, LIVE, SIGNED, None, by=BY)

    assert (first, len(second) > 30) == ("whsec_first", True)
    row = SourceConnection.objects.get()
    assert "whsec" not in row.sealed_secret + row.sealed_previous
    assert (unseal(row.sealed_secret), unseal(row.sealed_previous)) == (second, first)
    settings = found(org)
    assert settings is not None
    assert settings.secrets == (second, first)
    SourceConnection.objects.update(previous_until=timezone.now() - timedelta(seconds=1))
    assert (after := found(org)) is not None
    assert after.secrets == (second,)
    assert timedelta(hours=24) == OVERLAP
    remove_secret(org, LIVE, SIGNED, by=BY)
    remove_secret(org, LIVE, SIGNED, by=BY)
    assert found(org) == SourceSettings()
    assert actions(org) == ["source.secret_set", "source.secret_rotated", "source.secret_removed"]
    assert "whsec" not in "".join(entry.body for entry in AuditEntry.objects.all())


@pytest.mark.parametrize(
    ("source", "secret", "text"),
    [
        ("nobody", "whsec_1", "no such source"),
        ("auth0", "whsec_1", "does not sign"),
        (SIGNED, "  ", "Paste the secret"),
        (SIGNED, "whsec_" + "x" * 500, "at most 500"),
        (SIGNED, "whsec_\x00", "control characters"),
        (SIGNED, "other", "begins with whsec_"),
    ],
)
def test_a_secret_that_cannot_be_one_is_refused(org: Organization, source: str, secret: str, text: str) -> None:
    with pytest.raises(SourceRefused, match=text):
        set_secret(org, LIVE, source, secret, by=BY)
    assert not SourceConnection.objects.exists()


def test_a_secret_that_cannot_be_read_lets_nothing_in(org: Organization) -> None:
    set_secret(org, LIVE, SIGNED, "whsec_1", by=BY)
    SourceConnection.objects.update(sealed_secret="gAAAAAB")
    with pytest.raises(SettingsUnavailable, match="decrypted"):
        found(org)


def test_after_a_lost_key_a_new_secret_counts_at_once(org: Organization) -> None:
    set_secret(org, LIVE, SIGNED, "whsec_1", by=BY)
    SourceConnection.objects.update(sealed_secret="gAAAAAB")
    set_secret(org, LIVE, SIGNED, "whsec_2", by=BY)
    assert (after := found(org)) is not None
    assert after.secrets == ("whsec_2",)
    assert reseal_source_secrets() == (1, 0)
    SourceConnection.objects.update(sealed_previous="gAAAAAB", previous_until=timezone.now() + OVERLAP)
    assert found(org) == after


def test_while_the_database_is_away_nothing_is_known(org: Organization) -> None:
    with database_down(), pytest.raises(SettingsUnavailable):
        found(org)
    with database_down(), pytest.raises(CountsUnavailable):
        DatabaseCountsSink().add({connection_of(org): Counts(days={date(2026, 8, 9): Counter(queued=1)})})


def test_secrets_are_encrypted_anew(org: Organization) -> None:
    set_secret(org, LIVE, SIGNED, "whsec_1", by=BY)
    set_secret(org, LIVE, SIGNED, "whsec_2", by=BY)
    before = SourceConnection.objects.get()
    put_key_first(draw_key())

    assert reseal_source_secrets() == (2, 0)
    after = SourceConnection.objects.get()
    assert before.sealed_secret != after.sealed_secret
    assert (unseal(after.sealed_secret), unseal(after.sealed_previous)) == ("whsec_2", "whsec_1")
    SourceConnection.objects.update(sealed_secret="gAAAAAB")
    assert reseal_source_secrets() == (1, 1)


def test_what_came_is_counted_by_day_and_shown_for_a_week(org: Organization) -> None:
    counts = SourceCounts(DatabaseCountsSink())
    now = datetime.now(UTC)
    auth0, now_ms = connection_of(org, "auth0"), int(now.timestamp() * 1000)
    gone = Connection(OrgId(str(uuid.uuid4())), LIVE, "auth0")
    for _ in range(2):
        counts.note_taken(auth0, now_ms, {"delivered": 1, "received": 3, "queued": 2, "ignored:unknown_type": 1})
        counts.note_taken(gone, now_ms, {"delivered": 1})
        counts.write()
    counts.note_taken(auth0, now_ms - 8 * 86_400_000, {"delivered": 1, "received": 9, "queued": 9})
    counts.note_refused(auth0, now_ms + 1, "signature_wrong")
    counts.write()

    state = source_state(org, LIVE, "auth0")
    assert state is not None
    assert (state.received, state.queued, state.ignored, state.refused) == (
        6,
        4,
        {"unknown_type": 2},
        {"signature_wrong": 1},
    )
    assert state.error_rate == pytest.approx(1 / 3)
    assert state.status is SourceStatus.ERRORS
    assert state.days[-1] == (now.date(), 4)
    assert state.connection is not None
    assert state.connection.last_event_at == now.replace(microsecond=now.microsecond // 1000 * 1000)
    counts.note_taken(auth0, now_ms + 2, {"delivered": 1, "received": 1, "ignored:not_security": 1})
    counts.write()
    assert (after := source_state(org, LIVE, "auth0")) is not None
    assert after.status is SourceStatus.RECEIVING
    assert SourceConnection.objects.count() == 1


def test_counts_that_cannot_be_written_are_kept_for_the_next_time(org: Organization) -> None:
    counts = SourceCounts(DatabaseCountsSink())
    now_ms = int(timezone.now().timestamp() * 1000)
    with database_down():
        counts.note_taken(connection_of(org), now_ms, {"queued": 2})
        counts.write()
        counts.note_taken(connection_of(org), now_ms, {"queued": 3})
        counts.write()
    counts.write()
    assert SourceCount.objects.get().count == 5


@pytest.mark.django_db(transaction=True)
def test_processes_that_count_at_once_do_not_wait_for_each_other(org: Organization) -> None:
    counts = {
        connection_of(org, source): Counts(days={date(2026, 8, 9): Counter(queued=1)}) for source in connected_sources()
    }
    backwards = dict(reversed(counts.items()))
    race([partial(DatabaseCountsSink().add, one) for one in (counts, backwards) * 4])
    assert {one.count for one in SourceCount.objects.all()} == {8}


def test_old_counts_are_forgotten(org: Organization) -> None:
    sink, today = DatabaseCountsSink(), timezone.now().date()
    sink.add({connection_of(org): Counts(days={today - timedelta(days=KEPT_DAYS + 1): Counter(queued=1)})})
    sink.add({connection_of(org): Counts(days={today - timedelta(days=KEPT_DAYS): Counter(queued=1)})})
    sink.add({connection_of(org): Counts(days={today: Counter(queued=1)})})
    assert SourceCount.objects.count() == 2
    assert KEPT_DAYS == 90, "as docs/generate_sources.py says"


def test_a_removed_source_leaves_nothing_and_another_keeps_its_own(org: Organization) -> None:
    other = OrganizationFactory()
    for one in (org, other):
        set_secret(one, LIVE, SIGNED, "whsec_1", by=BY)
        DatabaseCountsSink().add({connection_of(one): Counts(days={timezone.now().date(): Counter(queued=1)})})
    assert remove_connection(org, LIVE, SIGNED, by=BY)
    assert not remove_connection(org, LIVE, SIGNED, by=BY)
    assert [row.org_id for row in SourceConnection.objects.all()] == [other.pk]
    assert SourceCount.objects.count() == 1
    assert actions(org)[-1] == "source.removed"
    other.delete()
    assert not SourceCount.objects.exists()
