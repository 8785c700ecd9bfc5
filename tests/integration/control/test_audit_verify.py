import json
import uuid
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit_logs import MIRA, ORG, export_of, record_acts, tamper
from litesoc_server.audit.append_only import drop
from litesoc_server.audit.by import By
from litesoc_server.audit.canonical import canonical, sha256_hex
from litesoc_server.audit.checkpoints import sign_all_heads, sign_head
from litesoc_server.audit.database_check import verify_and_note, verify_database
from litesoc_server.audit.erase import erase_person
from litesoc_server.audit.file_check import NotAnExport, verify_file
from litesoc_server.audit.keys import rotate_key, signing_key
from litesoc_server.audit.models import AuditChain, AuditCheckpoint, AuditEntry, AuditValue
from litesoc_server.audit.signing import SigningKey

pytestmark = pytest.mark.django_db
Edit = Callable[[bytes], bytes]


def problems_in(file: bytes, *known: str) -> list[str]:
    try:
        return [str(one) for one in verify_file(file.splitlines(keepends=True), known).verdict.problems]
    except NotAnExport as error:
        return [str(error)]


def problems_in_database() -> list[str]:
    return [str(one) for one in verify_database(ORG).problems]


def test_an_untouched_export_is_sound() -> None:
    record_acts()
    found = verify_file(export_of().splitlines(keepends=True), [signing_key().public_key])
    assert found.verdict.problems == []
    assert (found.org, found.is_key_known) == (str(ORG), True)
    assert (found.verdict.entries_count, found.verdict.signed_seq) == (7, 7)  # the export is an act, too


def test_the_export_of_a_log_that_was_empty_is_sound() -> None:
    assert problems_in(export_of()) == []


def flip(file: bytes, position: int, bits: int) -> bytes:
    position %= len(file)
    return file[:position] + bytes([file[position] ^ bits]) + file[position + 1 :]


def insert(file: bytes, position: int, what: bytes) -> bytes:
    position %= len(file) + 1
    return file[:position] + what + file[position:]


def cut(file: bytes, position: int, length: int) -> bytes:
    position %= len(file)
    return file[:position] + file[position + length :]


def truncate(file: bytes, position: int) -> bytes:
    return file[: position % len(file)]


def move_line(file: bytes, source: int, to: int) -> bytes:
    lines = file.splitlines(keepends=True)
    line = lines.pop(source % len(lines))
    lines.insert(to % (len(lines) + 1), line)
    return b"".join(lines)


def repeat_line(file: bytes, source: int, to: int) -> bytes:
    lines = file.splitlines(keepends=True)
    lines.insert(to % (len(lines) + 1), lines[source % len(lines)])
    return b"".join(lines)


def drop_lines(file: bytes, first: int, count: int) -> bytes:
    lines = file.splitlines(keepends=True)
    first %= len(lines)
    return b"".join(lines[:first] + lines[first + count :])


def without_value(file: bytes, number: int, path: int) -> bytes:
    """Leave a value out, as if it had been erased."""
    lines = [json.loads(line) for line in file.splitlines()]
    entries = [line for line in lines if line["type"] == "entry"]
    values = entries[number % len(entries)]["values"]
    values.pop(sorted(values)[path % len(values)])
    return b"".join(canonical(line) + b"\n" for line in lines)


anywhere = st.integers(0, 1_000_000)
edits: st.SearchStrategy[Edit] = st.one_of(
    st.builds(lambda p, b: lambda f: flip(f, p, b), anywhere, st.integers(1, 255)),
    st.builds(lambda p, w: lambda f: insert(f, p, w), anywhere, st.binary(min_size=1, max_size=5)),
    st.builds(lambda p, n: lambda f: cut(f, p, n), anywhere, st.integers(1, 3_000)),
    st.builds(lambda p: lambda f: truncate(f, p), anywhere),
    st.builds(lambda a, b: lambda f: move_line(f, a, b), anywhere, anywhere),
    st.builds(lambda a, b: lambda f: repeat_line(f, a, b), anywhere, anywhere),
    st.builds(lambda a, n: lambda f: drop_lines(f, a, n), anywhere, st.integers(1, 5)),
)
leaving_out: st.SearchStrategy[Edit] = st.builds(lambda a, b: lambda f: without_value(f, a, b), anywhere, anywhere)


def test_every_edit_of_an_export_is_found() -> None:
    record_acts()
    file = export_of()
    key = signing_key().public_key

    @settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.lists(edits, min_size=1, max_size=3) | leaving_out.map(lambda edit: [edit]))
    def law(changes: list[Edit]) -> None:
        edited = file
        for change in changes:
            edited = change(edited) or b"x"
        if edited != file:
            assert problems_in(edited)
            assert problems_in(edited, key)

    law()


def test_each_byte_of_an_export_counts() -> None:
    record_acts(count=1)
    file = export_of()
    for position in range(len(file)):
        assert problems_in(flip(file, position, 1)), position


def test_an_export_sealed_by_somebody_else_is_told_by_the_known_key() -> None:
    record_acts(count=2)
    known = signing_key().public_key
    stranger = SigningKey(b"7" * 32)
    lines = [json.loads(line) for line in export_of().splitlines()]
    forged = [line for line in lines if line["type"] in ("log", "entry")]
    forged[0] |= {"key": stranger.key_id}
    content = {"type": "key", "public_key": stranger.public_key, "made_at": "2026-11-26T00:00:00.000Z", "endorsed_by": None}
    forged.insert(1, {**content, "endorsement": None, "proof": stranger.sign(content)})
    file = b"".join(canonical(line) + b"\n" for line in forged)
    seal = {
        "type": "seal",
        "org": str(ORG),
        "lines": len(forged),
        "sha256": sha256_hex(file),
        "at": forged[0]["exported_at"],
        "key": stranger.key_id,
    }
    file += canonical({**seal, "signature": stranger.sign(seal)}) + b"\n"
    assert problems_in(file) == []  # consistent with itself: that is why keys are kept elsewhere
    assert problems_in(file, known) == ["the seal at the end is not signed by a key that is believed"]


def test_a_rotated_key_is_believed_by_who_knows_the_old_one_and_the_other_way_round() -> None:
    record_acts(count=2)
    sign_head(ORG)
    old = signing_key().public_key
    assert rotate_key(by=MIRA) is None
    record_acts(count=2)
    new = signing_key().public_key
    file = export_of()
    assert old != new
    assert problems_in(file, old) == problems_in(file, new) == problems_in(file) == []
    assert problems_in_database() == []


def test_a_log_in_the_database_that_nobody_touched_is_sound() -> None:
    assert problems_in_database() == []
    record_acts()
    assert sign_all_heads() == 1
    assert sign_all_heads() == 0
    record_acts()
    verdict = verify_database(ORG)
    assert (verdict.problems, verdict.entries_count, verdict.signed_seq) == ([], 12, 6)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_auditentry SET action = 'auth.login' WHERE seq = 3",
        "UPDATE audit_auditentry SET principal = 'user:9' WHERE seq = 3",
        "UPDATE audit_auditentry SET target_id = '9' WHERE seq = 3",
        "UPDATE audit_auditentry SET hash = '7' WHERE seq = 3",
        "UPDATE audit_auditentry SET body = replace(body, 'user:7', 'user:9') WHERE seq = 3",
        "UPDATE audit_auditentry SET body = 'x' WHERE seq = 3",
        """UPDATE audit_auditentry SET body = replace(body, '","by"', '", "by"') WHERE seq = 3""",
        "UPDATE audit_auditvalue SET value = '\"owner\"' WHERE seq = 3 AND path = 'changes.role.after'",
        "UPDATE audit_auditvalue SET salt = '00' WHERE seq = 3 AND path = 'by.name'",
        "DELETE FROM audit_auditvalue WHERE seq = 3 AND path = 'by.name'",
        "DELETE FROM audit_auditentry WHERE seq = 3",
        "DELETE FROM audit_auditentry WHERE seq = 6",
        "DELETE FROM audit_auditentry WHERE seq = 1",
        "UPDATE audit_auditentry SET seq = 7 WHERE seq = 3",
        "UPDATE audit_auditchain SET last_seq = 5",
        "UPDATE audit_auditchain SET first_seq = 3",
        "UPDATE audit_auditcheckpoint SET signature = '0123' || substr(signature, 5)",
        "UPDATE audit_auditcheckpoint SET hash = '0123' || substr(hash, 5)",
    ],
)
def test_tampering_in_the_database_is_found(statement: str) -> None:
    record_acts()
    sign_head(ORG)
    assert problems_in_database() == []
    tamper(statement)
    assert problems_in_database()
    assert verify_and_note(ORG).problem is not None


def test_two_entries_that_changed_places_are_found() -> None:
    record_acts()
    for statement in ("SET seq = 99 WHERE seq = 3", "SET seq = 3 WHERE seq = 4", "SET seq = 4 WHERE seq = 99"):
        tamper(f"UPDATE audit_auditentry {statement}")
    assert problems_in_database()


def test_a_tail_cut_off_with_its_traces_is_found_by_the_checkpoint() -> None:
    entries = record_acts()
    sign_head(ORG)
    tamper("DELETE FROM audit_auditentry WHERE seq = 6")
    AuditChain.objects.update(last_seq=5, head_hash=entries[4].hash)
    assert problems_in_database() == ["a checkpoint tells of entry 6, but the log ends with entry 5: it was cut off"]


def test_a_log_written_anew_is_found_by_the_checkpoint() -> None:
    record_acts()
    sign_head(ORG)
    drop(AuditEntry.objects.filter(org_id=ORG))
    drop(AuditValue.objects.filter(org_id=ORG))
    AuditChain.objects.all().delete()
    record_acts()
    assert problems_in_database() == ["entry 6: a signed checkpoint about entry 6 does not agree with what stands here"]


def test_a_checkpoint_by_a_key_of_ones_own_is_found() -> None:
    record_acts()
    sign_head(ORG)
    tamper("UPDATE audit_auditcheckpoint SET key_id = %s", "0123456789abcdef")
    assert problems_in_database() == ["entry 6: the checkpoint about entry 6 is not signed by a key that is believed"]


def test_erasing_somebody_leaves_no_trace_and_a_sound_log() -> None:
    record_acts()
    sign_head(ORG)
    # Mira: name, address and user agent of three acts, and the note of one of them names her.
    assert erase_person(ORG, texts=["MIRA@shop.example"], principals=["user:7"], by=By.operator()) == 9
    assert problems_in_database() == []
    file = export_of()
    assert problems_in(file) == problems_in(file, signing_key().public_key)
    for text in (b"mira@shop", b"203.0.113.9 "):
        assert text not in file.rpartition(b'"audit_log.exported"')[0]
    assert not AuditValue.objects.filter(org_id=ORG, seq__lte=6, value__contains="mira").exists()
    assert AuditValue.objects.filter(org_id=ORG, value__contains="jo@").count() == 3


def test_texts_are_found_whatever_their_case_and_script() -> None:
    record_acts()
    assert erase_person(ORG, texts=["zÜRICH"], by=By.operator()) == 2
    assert erase_person(ORG, texts=["nobody@shop.example"], by=By.operator()) == 0
    assert AuditChain.objects.get(org_id=ORG).last_seq == 7  # what erases nothing is no act
    with pytest.raises(ValueError, match="3 characters"):
        erase_person(ORG, texts=["a"], by=By.operator())


def test_erasing_is_for_one_organisation() -> None:
    other = uuid.UUID(int=5)
    record_acts()
    record_acts(other)
    erase_person(ORG, texts=["mira@shop.example"], by=By.operator())
    assert AuditValue.objects.filter(org_id=other, value__contains="mira").count() == 3
    assert AuditCheckpoint.objects.count() == 0
