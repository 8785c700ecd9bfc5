"""Rows of the database as lines of an export."""

from collections.abc import Mapping

from litesoc_server.audit.entry import iso_ms
from litesoc_server.audit.lines import FORMAT, FORMAT_VERSION, Line, checkpoint_content, key_content
from litesoc_server.audit.models import AuditChain, AuditCheckpoint, AuditEntry, AuditKey, AuditValue
from litesoc_server.audit.read_json import read_json


def log_line(chain: AuditChain, *, exported_at: str, key_id: str) -> Line:
    """Return the first line: which entries follow."""
    return {
        "type": "log",
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "org": str(chain.org_id),
        "exported_at": exported_at,
        "key": key_id,
        "first_seq": chain.first_seq,
        "start_hash": chain.start_hash,
        "last_seq": chain.last_seq,
        "head_hash": chain.head_hash,
    }


def key_line(key: AuditKey) -> Line:
    """Return a public key with who vouches for it."""
    return {
        **key_content(key.public_key, iso_ms(key.made_at), key.endorsed_by),
        "endorsement": key.endorsement,
        "proof": key.proof,
    }


def entry_line(entry: AuditEntry, values: Mapping[str, AuditValue]) -> Line:
    """Return an entry with the values that were not erased."""
    return {
        "type": "entry",
        "body": read_json(entry.body),
        "hash": entry.hash,
        "values": {path: {"salt": one.salt, "value": read_json(one.value)} for path, one in values.items()},
    }


def checkpoint_line(checkpoint: AuditCheckpoint) -> Line:
    """Return a checkpoint with its signature."""
    content = checkpoint_content(
        kind=checkpoint.kind,
        org_id=str(checkpoint.org_id),
        seq=checkpoint.seq,
        entry_hash=checkpoint.hash,
        at=iso_ms(checkpoint.at),
        key_id=checkpoint.key_id,
    )
    return {**content, "signature": checkpoint.signature}
