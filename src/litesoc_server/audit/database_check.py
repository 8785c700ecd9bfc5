"""Verifying a chain in the database."""

import uuid
from collections.abc import Collection

from django.utils import timezone

from litesoc_server.audit.canonical import canonical
from litesoc_server.audit.chunks import Recorded, chunks, start_checkpoints
from litesoc_server.audit.entry import iso_ms
from litesoc_server.audit.keys import key_lines, signing_key
from litesoc_server.audit.lines import Line
from litesoc_server.audit.models import AuditChain, AuditCheckpoint, AuditEntry, AuditVerification
from litesoc_server.audit.row_lines import checkpoint_line, entry_line, log_line
from litesoc_server.audit.trust import key_ring
from litesoc_server.audit.verify import Verdict, Verifier


def verify_database(org_id: uuid.UUID, known: Collection[str] = (), *, after: int | None = None) -> Verdict:
    """Look through all of an organisation's chain as it stands in the database.

    With ``after`` only what was recorded after the entry of that number, if it is there. Believed are ``known``
    (public keys), or without any the key that signs now, with those that hang together with it. Raises KeyUnusable,
    django.db.Error.
    """
    key = signing_key()
    chain = AuditChain.objects.filter(org_id=org_id).first() or AuditChain(org_id=org_id)
    head = log_line(chain, exported_at="", key_id=key.key_id)
    before = None if after is None else AuditEntry.objects.filter(org_id=org_id, seq=after).first()
    if before is not None:
        head |= {"first_seq": before.seq + 1, "start_hash": before.hash}
    verifier = Verifier(head, key_ring(key_lines(), known or (key.public_key,)), is_part=before is not None)
    for checkpoint in start_checkpoints(chain) if before is None else ():
        verifier.take(checkpoint_line(checkpoint))
    for chunk in chunks(chain, after=None if before is None else before.seq):
        for one in chunk:
            _take(verifier, one)
    _check_beyond(verifier, chain)
    return verifier.end()


def verify_and_note(org_id: uuid.UUID, *, is_whole: bool = True) -> AuditVerification:
    """Verify a chain, and note what came of it for the page. Raises what `verify_database` raises.

    Without ``is_whole`` what was found to be sound the last time is not looked at again.
    """
    seen = None if is_whole else AuditVerification.objects.filter(org_id=org_id, problem=None).first()
    verdict = verify_database(org_id, after=None if seen is None else seen.last_seq)
    noted, _ = AuditVerification.objects.update_or_create(
        org_id=org_id,
        defaults={
            "at": timezone.now(),
            "entries_count": verdict.entries_count,
            "last_seq": verdict.last_seq,
            "problem": str(verdict.problems[0]) if verdict.problems else None,
        },
    )
    return noted


def _take(verifier: Verifier, one: Recorded) -> None:
    try:
        line = entry_line(one.entry, one.values)
        is_as_written = one.entry.body == canonical(line["body"]).decode()
        verifier.take(line)
    except ValueError:  # no JSON, or texts that nobody could have written
        verifier.say("its content is damaged", one.entry.seq)
        return
    if not is_as_written or not _repeats(one.entry, line["body"]):
        verifier.say("the columns beside its content do not say the same", one.entry.seq)
    for checkpoint in one.checkpoints:
        verifier.take(checkpoint_line(checkpoint))


def _repeats(entry: AuditEntry, body: Line) -> bool:
    """Return whether the columns that lists are filtered by say what the content says."""
    target = body.get("target") or {}
    said = (body.get("seq"), body.get("at"), body.get("action"), (body.get("by") or {}).get("principal"))
    return (*said, target.get("kind"), target.get("id")) == (
        entry.seq,
        iso_ms(entry.at),
        entry.action,
        entry.principal,
        entry.target_kind,
        entry.target_id,
    )


def _check_beyond(verifier: Verifier, chain: AuditChain) -> None:
    """Look for what stands outside of what the chain says it holds."""
    of_org = {"org_id": chain.org_id}
    signed = AuditCheckpoint.objects.filter(**of_org, seq__gt=chain.last_seq).order_by("-seq").first()
    now = AuditChain.objects.filter(**of_org).first()  # entries may have come meanwhile
    if signed is not None and (now is None or signed.seq > now.last_seq):
        verifier.say(
            f"a checkpoint tells of entry {signed.seq}, but the log ends with entry {chain.last_seq}: it was cut off"
        )
    if AuditEntry.objects.filter(**of_org, seq__lt=chain.first_seq).exists():
        verifier.say(f"there are entries before entry {chain.first_seq}, with which the log should begin")
