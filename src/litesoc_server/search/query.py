"""A query as data: terms that must all hold, each a field and the values of which one must match."""

from enum import StrEnum
from typing import TypeAlias

import msgspec


class Operator(StrEnum):
    """How a number is compared."""

    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="
    EQUAL = "="  # written without a sign


class Exactly(msgspec.Struct, frozen=True, tag="exactly"):
    """The whole value. Fields of labels compare without regard to case, ids and addresses exactly."""

    text: str


class StartsWith(msgspec.Struct, frozen=True, tag="starts_with"):
    """The beginning of the value, written ``text*``."""

    text: str


class InNetwork(msgspec.Struct, frozen=True, tag="in_network"):
    """An address in a network, both in canonical text: ``203.0.113.0/24``."""

    cidr: str


class Compared(msgspec.Struct, frozen=True, tag="compared"):
    """A number on one side of another."""

    operator: Operator
    number: int


class Between(msgspec.Struct, frozen=True, tag="between"):
    """A number in a range; both ends belong to it."""

    low: int
    high: int


Value: TypeAlias = Exactly | StartsWith | InNetwork | Compared | Between


class Term(msgspec.Struct, frozen=True):
    """One condition: any of ``values`` matches ``field``, or none of them where it is negated."""

    field: str | None  # a field's name, ``meta.<key>``, or None for free text (then one ``Exactly``, looked for anywhere)
    values: tuple[Value, ...]  # at least one
    is_negated: bool = False


class Query(msgspec.Struct, frozen=True):
    """What somebody asks for. Without terms everything matches."""

    terms: tuple[Term, ...] = ()

    def fields(self) -> frozenset[str]:
        """Return the names of the fields that it asks about."""
        return frozenset(term.field for term in self.terms if term.field is not None)


EVERYTHING = Query()
