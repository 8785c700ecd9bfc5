import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from audit_logs import MIRA, ORG, export_of, record_acts
from litesoc_server.audit.actions import Action
from litesoc_server.audit.append_only import drop
from litesoc_server.audit.checkpoints import sign_head
from litesoc_server.audit.database_check import verify_database
from litesoc_server.audit.erase import erase_person
from litesoc_server.audit.file_check import verify_file
from litesoc_server.audit.models import AuditChain, AuditCheckpoint, AuditEntry, AuditValue
from litesoc_server.audit.retention import (
    DAYS_MIN,
    RetentionRefused,
    drop_expired,
    forget_log,
    retention_of,
    set_retention,
)

pytestmark = pytest.mark.django_db


def age(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """Let it be ``days`` later."""
    later = timezone.now() + timedelta(days=days)
    monkeypatch.setattr(timezone, "now", lambda: later)


def test_a_log_is_kept_for_good_unless_its_organisation_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    record_acts()
    age(monkeypatch, 40_000)
    assert retention_of(ORG) is None
    assert drop_expired() == 0


def test_what_is_too_old_is_dropped_and_the_rest_can_still_be_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    record_acts()
    erase_person(ORG, texts=["mira@shop.example"], by=MIRA)
    set_retention(ORG, 100, by=MIRA)
    sign_head(ORG)
    age(monkeypatch, 60)
    record_acts()
    age(monkeypatch, 41)
    assert drop_expired() == 8
    assert drop_expired() == 0
    chain = AuditChain.objects.get(org_id=ORG)
    assert (chain.first_seq, chain.last_seq) == (9, 14)
    assert not AuditValue.objects.filter(org_id=ORG, seq__lt=9).exists()
    verdict = verify_database(ORG)
    assert (verdict.problems, verdict.entries_count) == ([], 6)
    file = export_of().splitlines(keepends=True)
    assert verify_file(file).verdict.problems == []


def test_a_log_that_begins_later_without_a_signed_word_is_found() -> None:
    entries = record_acts()
    drop(AuditEntry.objects.filter(seq__lt=3))
    drop(AuditValue.objects.filter(seq__lt=3))
    AuditChain.objects.update(first_seq=3, start_hash=entries[1].hash)
    problems = [str(one) for one in verify_database(ORG).problems]
    assert problems == ["no signed checkpoint says that the log may begin with entry 3"]


def test_the_newest_entry_stays_so_that_the_chain_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    record_acts()
    set_retention(ORG, DAYS_MIN, by=MIRA)
    age(monkeypatch, 1_000)
    assert drop_expired() == 6
    record_acts(count=1)
    verdict = verify_database(ORG)
    assert (verdict.problems, verdict.first_seq, verdict.last_seq) == ([], 7, 8)


def test_a_change_of_how_long_is_recorded_once() -> None:
    set_retention(ORG, 365, by=MIRA)
    set_retention(ORG, 365, by=MIRA)
    set_retention(ORG, None, by=MIRA)
    assert [entry.action for entry in AuditEntry.objects.filter(org_id=ORG)] == [Action.RETENTION_CHANGED] * 2
    with pytest.raises(RetentionRefused):
        set_retention(ORG, DAYS_MIN - 1, by=MIRA)


def test_a_forgotten_log_leaves_nothing() -> None:
    other = uuid.UUID(int=9)
    for org_id in (ORG, other):
        record_acts(org_id)
        sign_head(org_id)
    forget_log(ORG)
    for model in (AuditEntry, AuditValue, AuditChain, AuditCheckpoint):
        assert not model.objects.filter(org_id=ORG).exists()
    assert verify_database(other).entries_count == 6
