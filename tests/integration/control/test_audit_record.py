import json
import uuid

import pytest
from django.db import DatabaseError, connection, transaction

from litesoc_server.audit.actions import Action
from litesoc_server.audit.append_only import AppendOnly
from litesoc_server.audit.by import By, Target
from litesoc_server.audit.canonical import sha256_hex
from litesoc_server.audit.checkpoints import sign_head
from litesoc_server.audit.commitments import Opening
from litesoc_server.audit.entry import NOTHING_BEFORE
from litesoc_server.audit.models import AuditChain, AuditEntry, AuditValue
from litesoc_server.audit.record import record

ORG = uuid.UUID("11111111-1111-4111-8111-111111111111")
MIRA = By(principal="user:7", name="mira@shop.example", address="203.0.113.9", user_agent="Firefox")


def change_role() -> AuditEntry:
    with transaction.atomic():
        return record(
            org_id=ORG,
            action=Action.MEMBER_ROLE_CHANGED,
            by=MIRA,
            target=Target(kind="member", id="8", name="jo@shop.example"),
            changes={"role": ("viewer", "admin"), "seats": (3, None)},
            note="while Mira is away",
        )


@pytest.mark.django_db
def test_entries_are_chained_by_their_hashes() -> None:
    first, second = change_role(), change_role()
    assert (first.seq, second.seq) == (1, 2)
    assert json.loads(first.body)["previous"] == NOTHING_BEFORE
    assert json.loads(second.body)["previous"] == first.hash == sha256_hex(first.body.encode())
    chain = AuditChain.objects.get(org_id=ORG)
    assert (chain.first_seq, chain.last_seq, chain.head_hash) == (1, 2, second.hash)


@pytest.mark.django_db
def test_the_chain_holds_commitments_in_place_of_texts() -> None:
    entry = change_role()
    for text in ("mira", "jo@", "203.0", "Firefox", "viewer", "away"):
        assert text not in entry.body
    body = json.loads(entry.body)
    assert body["changes"]["seats"] == {"before": 3, "after": None}
    values = {value.path: value for value in AuditValue.objects.filter(org_id=ORG, seq=1)}
    assert values["by.name"].value == '"mira@shop.example"'
    for path, found in {
        "by.name": body["by"]["name"],
        "by.address": body["by"]["address"],
        "by.user_agent": body["by"]["user_agent"],
        "target.name": body["target"]["name"],
        "changes.role.before": body["changes"]["role"]["before"],
        "changes.role.after": body["changes"]["role"]["after"],
        "note": body["note"],
    }.items():
        value = values.pop(path)
        assert found == {"sha256": Opening(salt=value.salt, value=value.value).commitment}
    assert not values


@pytest.mark.django_db
def test_what_is_recorded_cannot_be_changed_or_deleted() -> None:
    entry = change_role()
    entry.action = "member.left"
    with pytest.raises(AppendOnly):
        entry.save()
    with pytest.raises(AppendOnly):
        entry.delete()
    with pytest.raises(AppendOnly):
        AuditEntry.objects.filter(org_id=ORG).update(action="member.left")
    with pytest.raises(AppendOnly):
        AuditValue.objects.filter(org_id=ORG).delete()
    sign_head(ORG)
    for table in ("audit_auditentry", "audit_auditvalue", "audit_auditkey", "audit_auditcheckpoint"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET id = id + 9")


@pytest.mark.django_db
def test_an_act_that_is_taken_back_leaves_no_entry() -> None:
    change_role()
    with transaction.atomic():
        change_role()
        transaction.set_rollback(True)
    assert change_role().seq == 2


@pytest.mark.django_db(transaction=True)
def test_an_act_and_its_record_belong_into_one_transaction() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        record(org_id=ORG, action=Action.LOGIN, by=MIRA)


def test_ids_of_targets_are_ours() -> None:
    with pytest.raises(ValueError, match="one that we made"):
        Target(kind="member", id="jo@shop.example")
