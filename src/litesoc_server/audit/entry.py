"""One entry as it is hashed.

Its canonical JSON has these members and no others::

    {"action": "member.role_changed", "at": "2026-11-26T03:32:54.123Z",
     "by": {"address": C, "name": C, "principal": "user:…", "user_agent": C},
     "changes": {"role": {"after": C, "before": C}}, "note": C, "org": "…", "previous": H, "seq": 7,
     "target": {"id": "…", "kind": "member", "name": C}, "version": 1}

``H`` is the hash of the entry before (64 zeros for the first one), an entry's own hash is SHA-256 over these bytes. ``C`` is
``{"sha256": …}``, the commitment to a value (commitments.py), or null. In changes numbers, booleans and null stand as they
are. An entry that erases values has ``"erased": {path: "3-5,9"}`` as well: which values are missing from then on.
"""

import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime

from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By, Target
from litesoc_server.audit.canonical import INTEGER_MAX, canonical
from litesoc_server.audit.commitments import Opening, new_opening

VERSION = 1
HASH_LENGTH = 64  # hexadecimal digits of SHA-256
NOTHING_BEFORE = "0" * HASH_LENGTH  # the previous hash of the first entry
NAME_LENGTH_MAX = 255  # characters
USER_AGENT_LENGTH_MAX = 512  # characters
VALUE_BYTES_MAX = 20_000  # of one side of a change; longer ones are cut
_FIELD = re.compile(r"[a-z][a-z0-9_.]{0,119}")


class Entry:
    """An entry that is being put together: its body, and the openings of what it commits to by path."""

    def __init__(
        self,
        *,
        action: Action,
        by: By,
        target: Target | None,
        changes: Mapping[str, tuple[object, object]],
        note: str | None,
    ) -> None:
        self.openings: dict[str, Opening] = {}
        self._content: dict[str, object] = {
            "action": action.value,
            "by": {
                "principal": by.principal,
                "name": self._text("by.name", by.name, NAME_LENGTH_MAX),
                "address": self._text("by.address", by.address, NAME_LENGTH_MAX),
                "user_agent": self._text("by.user_agent", by.user_agent, USER_AGENT_LENGTH_MAX),
            },
            "target": None if target is None else self._target(target),
            "changes": {field: self._change(field, *sides) for field, sides in changes.items()},
            "note": self._text("note", note, VALUE_BYTES_MAX),
            "version": VERSION,
        }

    def body(self, *, org_id: uuid.UUID, seq: int, at: datetime, previous: str, erased: Mapping[str, str] | None) -> bytes:
        """Return what is hashed."""
        place: dict[str, object] = {"org": str(org_id), "seq": seq, "at": iso_ms(at), "previous": previous}
        if erased is not None:
            place["erased"] = erased
        return canonical({**self._content, **place})

    def _target(self, target: Target) -> dict[str, object]:
        return {"kind": target.kind, "id": target.id, "name": self._text("target.name", target.name, NAME_LENGTH_MAX)}

    def _change(self, field: str, before: object, after: object) -> dict[str, object]:
        if not _FIELD.fullmatch(field):
            raise ValueError("a changed field is named in small letters")
        return {
            "before": self._side(f"changes.{field}.before", before),
            "after": self._side(f"changes.{field}.after", after),
        }

    def _side(self, path: str, value: object) -> object:
        if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) <= INTEGER_MAX):
            return value
        opening = new_opening(value)
        if len(opening.value.encode()) > VALUE_BYTES_MAX:
            opening = new_opening(opening.value.encode()[:VALUE_BYTES_MAX].decode(errors="ignore") + "…")
        return self._commit(path, opening)

    def _text(self, path: str, text: str | None, length_max: int) -> object:
        return None if text is None else self._commit(path, new_opening(text[:length_max]))

    def _commit(self, path: str, opening: Opening) -> dict[str, str]:
        self.openings[path] = opening
        return {"sha256": opening.commitment}


def iso_ms(at: datetime) -> str:
    """Return ``at`` as entries write it: UTC, three digits of a second."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
