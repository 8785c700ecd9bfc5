"""Erasing a person from an audit log. Their acts stay, with who it was erased, and the chain stays valid."""

import json
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator

from django.db import transaction

from litesoc_server.audit.actions import Action
from litesoc_server.audit.append_only import drop
from litesoc_server.audit.by import By
from litesoc_server.audit.canonical import canonical
from litesoc_server.audit.models import AuditEntry, AuditValue
from litesoc_server.audit.numbers import as_ranges
from litesoc_server.audit.record import locked_chain, record
from litesoc_server.events.mentions import NOBODY, Mentions

PERSONAL_OF_PRINCIPAL = ("by.name", "by.address", "by.user_agent")
TEXT_LENGTH_MIN = 3  # characters
_AT_ONCE = 1_000  # numbers in one statement


def erase_person(
    org_id: uuid.UUID,
    *,
    texts: Collection[str] = (),
    principals: Collection[str] = (),
    mentions: Mentions = NOBODY,
    by: By,
) -> int:
    """Erase values in which one of ``texts`` occurs, whatever its case, and who and where ``principals`` were.

    Also those that ``mentions`` finds somebody in, as a whole word. Texts are names, e-mail addresses, ids of actors or IP
    addresses. What is erased is gone for good, from exports and backups made later, too; that it was is recorded, without
    saying what. Returns the number of values. Raises ValueError for a text so short that it would erase what is not meant.
    """
    if any(len(text.strip()) < TEXT_LENGTH_MIN for text in texts):
        msg = f"a text needs {TEXT_LENGTH_MIN} characters at least"
        raise ValueError(msg)
    with transaction.atomic():
        locked_chain(org_id)
        found = _found(org_id, texts, principals) | {
            value.pk: (value.seq, value.path) for value in values_naming(org_id, mentions)
        }
        if not found:
            return 0
        erased = defaultdict[str, list[int]](list)
        for seq, path in found.values():
            erased[path].append(seq)
        _drop(found)
        record(
            org_id=org_id,
            action=Action.PERSON_ERASED,
            by=by,
            changes={"values": (len(found), 0)},
            erased={path: as_ranges(seqs) for path, seqs in erased.items()},
        )
        return len(found)


def values_naming(org_id: uuid.UUID, mentions: Mentions) -> Iterator[AuditValue]:
    """Yield the values of a log that name somebody, oldest first."""
    if mentions:
        for value in AuditValue.objects.filter(org_id=org_id).order_by("seq", "path").iterator():
            if mentions.is_within(json.loads(value.value)):
                yield value


def _found(org_id: uuid.UUID, texts: Collection[str], principals: Collection[str]) -> dict[int, tuple[int, str]]:
    """Return what is to be erased by the row's key: number of the entry and path."""
    of_org = AuditValue.objects.filter(org_id=org_id)
    found: dict[int, tuple[int, str]] = {}
    acts = AuditEntry.objects.filter(org_id=org_id, principal__in=list(principals)).values("seq")
    theirs = of_org.filter(path__in=PERSONAL_OF_PRINCIPAL, seq__in=acts)
    found.update((pk, (seq, path)) for pk, seq, path in theirs.values_list("pk", "seq", "path"))
    wanted = [spelled(text) for text in texts]
    if wanted:
        # Compared here, because SQLite knows no case of letters beyond ASCII; this is rare, and may take a while.
        for pk, seq, path, value in of_org.values_list("pk", "seq", "path", "value").iterator():
            if any(text in value.casefold() for text in wanted):
                found[pk] = (seq, path)
    return found


def spelled(text: str) -> str:
    """Return ``text`` as it occurs in stored values, in small letters."""
    return canonical(text.strip()).decode()[1:-1].casefold()


def _drop(found: Collection[int]) -> None:
    keys = list(found)
    for start in range(0, len(keys), _AT_ONCE):
        drop(AuditValue.objects.filter(pk__in=keys[start : start + _AT_ONCE]))
