"""What a field is: its name, what its values look like, and what people are told about it."""

from collections.abc import Iterator
from enum import StrEnum

import msgspec

META_PREFIX = "meta."
IS, HAS = "is", "has"


class Kind(StrEnum):
    """What the values of a field look like."""

    ID = "id"  # any text, compared exactly
    LABEL = "label"  # any text, compared without regard to case
    NAME = "name"  # dotted lower-case names: auth.login_failed
    CHOICE = "choice"  # one of a closed list
    NUMBER = "number"  # whole numbers, with comparisons and ranges
    ADDRESS = "address"  # an IP address or a network
    COUNTRY = "country"  # a two-letter code


class FieldValue(msgspec.Struct, frozen=True):
    """A value that can be offered to people."""

    text: str
    help: str = ""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that can be asked about."""

    name: str
    kind: Kind
    help: str  # half a sentence for people
    example: str  # a whole term
    values: tuple[FieldValue, ...] = ()  # of a choice all there are; of other kinds those worth offering
    aliases: tuple[str, ...] = ()
    is_network_intelligence: bool = False  # plans without it may not ask

    @property
    def takes_prefix(self) -> bool:
        """Whether ``text*`` may be written."""
        return self.kind in {Kind.ID, Kind.LABEL, Kind.NAME, Kind.ADDRESS}


class FieldTable:
    """All fields of one kind of object."""

    def __init__(self, *, of_what: str, fields: tuple[Field, ...], flags: tuple[str, ...] = (), meta: Field | None) -> None:
        self.of_what = of_what  # "events"
        self.fields = fields
        self.flags = flags  # values of ``is`` that may be written without it
        self.meta = meta  # describes every ``meta.<key>``; None where there are none
        self._by_name = {name: field for field in fields for name in (field.name, *field.aliases)}

    def find(self, name: str) -> Field | None:
        """Return the field of that name or alias, in any case; the name of a metadata key counts."""
        if self.meta is not None and name.lower().startswith(META_PREFIX) and len(name) > len(META_PREFIX):
            return msgspec.structs.replace(self.meta, name=META_PREFIX + name[len(META_PREFIX) :])
        return self._by_name.get(name.lower())

    def names(self) -> Iterator[str]:
        """Yield every name and alias."""
        yield from self._by_name

    def withheld(self) -> frozenset[str]:
        """Return the fields that need a plan with network intelligence."""
        return frozenset(field.name for field in self.fields if field.is_network_intelligence)
