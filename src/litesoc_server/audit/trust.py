"""Which keys are believed: those that are named from outside, and those that hang together with them by signatures.

A key that follows another is signed by that one (endorsement) and by itself (proof). So whoever knows one key of a line
knows all of it, older ones and newer ones, and nobody can join a key to it without having one of the line.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from litesoc_server.audit.lines import Line, key_content
from litesoc_server.audit.signing import is_public_key, is_signed, key_id_of


@dataclass(frozen=True)
class KeyRing:
    """Public keys by their ids, and which of them are believed."""

    public_keys: Mapping[str, str]
    believed: frozenset[str]  # ids

    def is_signed(self, content: Line, signature: object, key_id: object) -> bool:
        """Return whether a believed key signed ``content``."""
        if not isinstance(key_id, str) or not isinstance(signature, str) or key_id not in self.believed:
            return False
        return is_signed(content, signature, self.public_keys[key_id])


def key_ring(lines: Sequence[Line], known: Iterable[str]) -> KeyRing:
    """Return the keys of ``lines``; believed are ``known`` (public keys) and what hangs together with them."""
    believed = {key_id_of(key): key for key in known if is_public_key(key)}
    public_keys = {**_listed(lines), **believed}
    links = [pair for line in lines if (pair := _link(line, public_keys)) is not None]
    found = set(believed)
    while more := {one for link in links for one in link if not found.isdisjoint(link)} - found:
        found |= more
    return KeyRing(public_keys, frozenset(found))


def _listed(lines: Sequence[Line]) -> dict[str, str]:
    keys = [line.get("public_key") for line in lines]
    return {key_id_of(key): key for key in keys if isinstance(key, str) and is_public_key(key)}


def _link(line: Line, public_keys: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the key of ``line`` and the one before it, if both have signed that."""
    public_key, endorsed_by = line.get("public_key"), line.get("endorsed_by")
    if not isinstance(public_key, str) or not isinstance(endorsed_by, str) or endorsed_by not in public_keys:
        return None
    content = key_content(public_key, str(line.get("made_at")), endorsed_by)
    is_endorsed = is_signed(content, str(line.get("endorsement")), public_keys[endorsed_by])
    is_proven = is_signed(content, str(line.get("proof")), public_key)
    return (key_id_of(public_key), endorsed_by) if is_endorsed and is_proven else None
