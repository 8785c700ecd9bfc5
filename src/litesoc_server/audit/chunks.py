"""Reading a chain from the database, a few hundred entries at a time."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from litesoc_server.audit.models import AuditChain, AuditCheckpoint, AuditEntry, AuditValue, CheckpointKind

CHUNK = 500  # entries


@dataclass(frozen=True)
class Recorded:
    """One entry with what hangs on it."""

    entry: AuditEntry
    values: Mapping[str, AuditValue]  # by path; what was erased is not there
    checkpoints: list[AuditCheckpoint]  # about it, oldest first


def chunks(chain: AuditChain, *, after: int | None = None) -> Iterator[list[Recorded]]:
    """Yield the entries of ``chain`` in order, those after the number ``after`` or all, up to the newest one it knows."""
    seq = chain.first_seq - 1 if after is None else after
    while seq < chain.last_seq:
        last = min(seq + CHUNK, chain.last_seq)
        entries = AuditEntry.objects.filter(org_id=chain.org_id, seq__gt=seq, seq__lte=last).order_by("seq")
        heads = AuditCheckpoint.objects.filter(
            org_id=chain.org_id, kind=CheckpointKind.HEAD, seq__gt=seq, seq__lte=last
        ).order_by("id")
        yield _joined(chain.org_id, entries, heads)
        seq = last


def start_checkpoints(chain: AuditChain) -> list[AuditCheckpoint]:
    """Return what says that the chain may begin where it does."""
    found = AuditCheckpoint.objects.filter(org_id=chain.org_id, kind=CheckpointKind.START, seq=chain.first_seq - 1)
    return list(found.order_by("id"))


def values_of(org_id: uuid.UUID, seqs: Iterable[int]) -> Mapping[int, Mapping[str, AuditValue]]:
    """Return the values of some entries by number and path."""
    found: dict[int, dict[str, AuditValue]] = defaultdict(dict)
    for value in AuditValue.objects.filter(org_id=org_id, seq__in=list(seqs)):
        found[value.seq][value.path] = value
    return found


def _joined(org_id: uuid.UUID, entries: Iterable[AuditEntry], heads: Iterable[AuditCheckpoint]) -> list[Recorded]:
    rows = list(entries)
    values = values_of(org_id, (row.seq for row in rows))
    checkpoints: dict[int, list[AuditCheckpoint]] = defaultdict(list)
    for head in heads:
        checkpoints[head.seq].append(head)
    return [Recorded(row, values.get(row.seq, {}), checkpoints.get(row.seq, [])) for row in rows]
