"""Entries as people read them."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from litesoc_server.audit.actions import Action, Category
from litesoc_server.audit.canonical import canonical, sha256_hex
from litesoc_server.audit.chunks import values_of
from litesoc_server.audit.lines import Line
from litesoc_server.audit.models import AuditEntry, AuditValue
from litesoc_server.audit.read_json import NotJson, read_json
from litesoc_server.audit.verify import commitments_in, is_opening


@dataclass(frozen=True)
class Value:
    """One value of an entry: there, or erased."""

    value: object  # as JSON has it
    is_erased: bool = False

    @property
    def text(self) -> str:
        """The value for people; texts as they are, everything else as JSON."""
        if self.is_erased:
            return "erased"
        return self.value if isinstance(self.value, str) else canonical(self.value).decode()

    @property
    def moment(self) -> datetime | None:
        """The moment that the value is, None when it is something else."""
        try:
            found = datetime.fromisoformat(self.value) if isinstance(self.value, str) else None
        except ValueError:
            return None
        return found if found is not None and found.tzinfo is not None else None

    @property
    def is_there(self) -> bool:
        """Whether there was any value."""
        return self.is_erased or self.value is not None


@dataclass(frozen=True)
class Difference:
    """One field that an act changed."""

    field: str
    before: Value
    after: Value

    @property
    def words(self) -> str:
        """The field for people."""
        return self.field.replace("_", " ").replace(".", ": ").capitalize()


@dataclass(frozen=True, kw_only=True)
class ReadEntry:
    """One act."""

    seq: int
    at: datetime
    action: str
    principal: str
    name: Value
    address: Value
    user_agent: Value
    target_kind: str | None
    target_id: str | None
    target: Value  # its name
    changes: tuple[Difference, ...]
    note: Value
    hash: str
    erased: tuple[str, ...]  # paths of values that are gone
    is_intact: bool  # its content has its hash, and its values are those that were recorded

    @property
    def label(self) -> str:
        """The action for people; one that this release does not know by its name."""
        known = _KNOWN.get(self.action)
        return self.action if known is None else known.label

    @property
    def category(self) -> Category | None:
        """The action's category, None for one that this release does not know."""
        known = _KNOWN.get(self.action)
        return None if known is None else known.category

    @property
    def target_words(self) -> str:
        """What kind of thing was acted on, for people."""
        return (self.target_kind or "").replace("_", " ")

    @property
    def who(self) -> str:
        """Who acted, for people."""
        if self.name.is_there:
            return self.name.text
        return _KINDS.get(self.principal.partition(":")[0], self.principal)


_KNOWN = {action.value: action for action in Action}
_KINDS = {"operator": "the operator", "system": "the server", "anonymous": "nobody signed in", "key": "an API key"}


def read_entries(org_id: uuid.UUID, rows: Iterable[AuditEntry]) -> list[ReadEntry]:
    """Return ``rows``, of one organisation, as people read them."""
    found = list(rows)
    values = values_of(org_id, (row.seq for row in found))
    return [_read(row, values.get(row.seq, {})) for row in found]


def _read(row: AuditEntry, values: Mapping[str, AuditValue]) -> ReadEntry:
    try:
        body: Line = read_json(row.body)
        given = {path: {"salt": one.salt, "value": read_json(one.value)} for path, one in values.items()}
        committed = dict(commitments_in(body))
    except (NotJson, AttributeError):
        body, given, committed = {}, {}, {}
    is_intact = sha256_hex(row.body.encode()) == row.hash and all(
        path in committed and is_opening(value, committed[path]) for path, value in given.items()
    )

    def value(path: str, plain: object = None) -> Value:
        if path in given:
            return Value(given[path]["value"])
        return Value(None, is_erased=True) if path in committed else Value(plain)

    changes = body.get("changes")
    return ReadEntry(
        seq=row.seq,
        at=row.at,
        action=row.action,
        principal=row.principal,
        name=value("by.name"),
        address=value("by.address"),
        user_agent=value("by.user_agent"),
        target_kind=row.target_kind,
        target_id=row.target_id,
        target=value("target.name"),
        changes=tuple(
            Difference(
                field,
                value(f"changes.{field}.before", sides.get("before")),
                value(f"changes.{field}.after", sides.get("after")),
            )
            for field, sides in (changes.items() if isinstance(changes, dict) else ())
            if isinstance(sides, dict)
        ),
        note=value("note"),
        hash=row.hash,
        erased=tuple(sorted(committed.keys() - given.keys())),
        is_intact=is_intact,
    )
