"""The audit log as lines: what an export holds, and what the database is read as to be verified.

A file is JSON lines, each in canonical spelling, in this order: one ``log``; every ``key``; a ``checkpoint`` of kind
"start" where retention has dropped entries; the ``entry`` lines by their numbers, each followed by the ``checkpoint`` lines
about it; one ``seal``, which signs all lines before it.
"""

from typing import Any

FORMAT = "litesoc-audit-log"
FORMAT_VERSION = 1

Line = dict[str, Any]


def key_content(public_key: str, made_at: str, endorsed_by: str | None) -> Line:
    """Return what the key itself and the one before it sign."""
    return {"type": "key", "public_key": public_key, "made_at": made_at, "endorsed_by": endorsed_by}


def checkpoint_content(*, kind: str, org_id: str, seq: int, entry_hash: str, at: str, key_id: str) -> Line:
    """Return what a checkpoint signs."""
    return {"type": "checkpoint", "kind": kind, "org": org_id, "seq": seq, "hash": entry_hash, "at": at, "key": key_id}


def seal_content(*, org_id: str, lines_count: int, sha256: str, at: str, key_id: str) -> Line:
    """Return what the last line signs: the number and the digest of all lines before it."""
    return {"type": "seal", "org": org_id, "lines": lines_count, "sha256": sha256, "at": at, "key": key_id}
