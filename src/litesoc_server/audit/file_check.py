"""Verifying an export, offline: nothing but the file is read, and which keys are known is said by whoever asks."""

import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from litesoc_server.audit.canonical import canonical
from litesoc_server.audit.lines import FORMAT, FORMAT_VERSION, Line, seal_content
from litesoc_server.audit.read_json import NotJson, read_json
from litesoc_server.audit.signing import is_public_key, key_id_of
from litesoc_server.audit.trust import KeyRing, key_ring
from litesoc_server.audit.verify import Verdict, Verifier

_HASH = re.compile(r"[0-9a-f]{64}")
_HEAD = {"type", "format", "version", "org", "exported_at", "key", "first_seq", "start_hash", "last_seq", "head_hash"}


class NotAnExport(Exception):
    """The file does not begin as an export does; the text is for people."""


@dataclass(frozen=True, kw_only=True)
class FileVerdict:
    """What was found in a file."""

    org: str
    exported_at: str
    sealed_by: str  # id of the key
    is_key_known: bool  # whether somebody named a key; else the file is consistent with the keys in it, whoever made them
    verdict: Verdict


def verify_file(file: Iterable[bytes], known: Collection[str] = ()) -> FileVerdict:
    """Look through an export, given as its lines with their ends, once and one line at a time.

    ``known`` are public keys that are believed; without any it is the key that the file says it was sealed with. Raises
    NotAnExport.
    """
    lines = _Lines(file)
    head = lines.next()
    if head is None or not _is_head(head):
        raise NotAnExport(
            "this is no audit log as `litesoc audit export` or the dashboard write it, or its first line is damaged"
        )
    keys: list[Line] = []
    line = lines.next()
    while line is not None and line.get("type") == "key":
        keys.append(line)
        line = lines.next()
    ring = key_ring(keys, known or _named(keys, head["key"]))
    verifier = Verifier(head, ring)
    while line is not None and line.get("type") != "seal":
        verifier.take(line)
        line = lines.next()
    _check_seal(line, lines, head, ring, verifier)
    for problem in lines.problems:
        verifier.say(problem)
    return FileVerdict(
        org=head["org"],
        exported_at=head["exported_at"],
        sealed_by=head["key"],
        is_key_known=bool(known),
        verdict=verifier.end(),
    )


class _Lines:
    """The lines of a file, with their number and digest so far."""

    def __init__(self, file: Iterable[bytes]) -> None:
        self._file = iter(file)
        self._digest = hashlib.sha256()
        self._last = b""
        self.count = 0  # read
        self.problems: list[str] = []

    def next(self) -> Line | None:
        """Return the next line; None at the end, and where what follows is no line of an export."""
        self._digest.update(self._last)
        self._last = next(self._file, b"")
        if not self._last:
            return None
        self.count += 1
        try:
            line = read_json(self._last.decode())
            is_as_written = isinstance(line, dict) and canonical(line) + b"\n" == self._last
        except (NotJson, ValueError):  # among them bytes and characters that are no UTF-8
            is_as_written = False
        if not is_as_written:
            self.problems.append(f"line {self.count} is not as it was written; nothing after it was looked at")
            self._file = iter(())
            return None
        found: Line = line
        return found

    def digest_before_last(self) -> str:
        """Return the SHA-256 digest of all lines but the last one read."""
        return self._digest.hexdigest()


def _is_head(head: Line) -> bool:
    texts = (head.get(name) for name in ("org", "exported_at", "key"))
    numbers = (head.get(name) for name in ("first_seq", "last_seq"))
    hashes = (head.get(name) for name in ("start_hash", "head_hash"))
    return (
        head.keys() == _HEAD
        and (head["type"], head["format"], head["version"]) == ("log", FORMAT, FORMAT_VERSION)
        and all(isinstance(one, str) for one in texts)
        and all(isinstance(one, int) for one in numbers)
        and all(isinstance(one, str) and _HASH.fullmatch(one) for one in hashes)
    )


def _named(keys: Iterable[Line], key_id: str) -> list[str]:
    found = [line.get("public_key") for line in keys]
    return [one for one in found if isinstance(one, str) and is_public_key(one) and key_id_of(one) == key_id]


def _check_seal(line: Line | None, lines: _Lines, head: Line, ring: KeyRing, verifier: Verifier) -> None:
    if line is None:
        verifier.say("the seal at the end is missing: the file was cut off")
        return
    content = seal_content(
        org_id=head["org"],
        lines_count=lines.count - 1,
        sha256=lines.digest_before_last(),
        at=head["exported_at"],
        key_id=head["key"],
    )
    if {**content, "signature": line.get("signature")} != line:
        verifier.say("the seal at the end is not about this file: something before it was changed")
    elif not ring.is_signed(content, line["signature"], head["key"]):
        verifier.say("the seal at the end is not signed by a key that is believed")
    if lines.next() is not None or lines.problems:
        verifier.say("something stands behind the seal")
