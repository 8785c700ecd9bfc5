import pytest

from audit_logs import MIRA, ORG, record_acts, tamper
from litesoc_server.audit.checkpoints import newest_checkpoint
from litesoc_server.audit.erase import erase_person
from litesoc_server.audit.keeper import tend_logs
from litesoc_server.audit.models import AuditVerification

pytestmark = pytest.mark.django_db


def noted() -> AuditVerification:
    return AuditVerification.objects.get(org_id=ORG)


def test_new_entries_are_signed_and_looked_through() -> None:
    record_acts()
    tend_logs(is_hourly=False)
    newest = newest_checkpoint(ORG)
    assert newest is not None
    assert newest.seq == 6
    assert (noted().last_seq, noted().entries_count, noted().problem) == (6, 6, None)


def test_only_what_is_new_is_looked_through_between_the_hours() -> None:
    record_acts()
    tend_logs(is_hourly=False)
    erase_person(ORG, texts=["mira@shop.example"], by=MIRA)
    record_acts(count=2)
    tend_logs(is_hourly=False)
    assert (noted().last_seq, noted().entries_count, noted().problem) == (9, 3, None)
    tend_logs(is_hourly=True)
    assert (noted().last_seq, noted().entries_count, noted().problem) == (9, 9, None)


def test_tampering_with_what_is_old_is_found_within_the_hour_and_stays_said() -> None:
    record_acts()
    tend_logs(is_hourly=False)
    tamper("UPDATE audit_auditentry SET principal = 'user:9' WHERE seq = 3")
    tend_logs(is_hourly=True)
    assert noted().problem == "entry 3: the columns beside its content do not say the same"
    record_acts(count=1)
    tend_logs(is_hourly=False)
    assert noted().problem is not None
