"""The whole log of one organisation in the form that `litesoc audit verify` checks, signed as it is written."""

import hashlib
import uuid
from collections.abc import Iterator

from django.db import transaction
from django.utils import timezone

from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By
from litesoc_server.audit.canonical import canonical
from litesoc_server.audit.checkpoints import sign_head
from litesoc_server.audit.chunks import chunks, start_checkpoints
from litesoc_server.audit.entry import iso_ms
from litesoc_server.audit.keys import key_lines, signing_key
from litesoc_server.audit.lines import Line, seal_content
from litesoc_server.audit.models import AuditChain
from litesoc_server.audit.record import record
from litesoc_server.audit.row_lines import checkpoint_line, entry_line, log_line


def start_export(org_id: uuid.UUID, *, by: By, what: str) -> AuditChain:
    """Record that the log is exported, sign how far it has come, and return what is to be written.

    ``what`` is the kind of file. Raises KeyUnusable, django.db.Error.
    """
    with transaction.atomic():
        record(org_id=org_id, action=Action.AUDIT_LOG_EXPORTED, by=by, changes={"format": (None, what)})
    sign_head(org_id)
    return AuditChain.objects.get(org_id=org_id)


def exported(chain: AuditChain) -> Iterator[bytes]:
    """Yield the file in pieces of some hundred lines."""
    key = signing_key()
    at = iso_ms(timezone.now())
    digest, count = hashlib.sha256(), 0
    for lines in _parts(chain, at, key.key_id):
        piece = b"".join(canonical(line) + b"\n" for line in lines)
        digest.update(piece)
        count += len(lines)
        yield piece
    content = seal_content(org_id=str(chain.org_id), lines_count=count, sha256=digest.hexdigest(), at=at, key_id=key.key_id)
    yield canonical({**content, "signature": key.sign(content)}) + b"\n"


def _parts(chain: AuditChain, at: str, key_id: str) -> Iterator[list[Line]]:
    head = log_line(chain, exported_at=at, key_id=key_id)
    yield [head, *key_lines(), *map(checkpoint_line, start_checkpoints(chain))]
    for chunk in chunks(chain):
        lines: list[Line] = []
        for one in chunk:
            lines.append(entry_line(one.entry, one.values))
            lines += map(checkpoint_line, one.checkpoints)
        yield lines
