"""Commitments: what stands in the chain for a value that can be erased.

A commitment is SHA-256 over 32 random bytes and the value's canonical spelling. With the salt anybody can check that the
value is the one that was recorded. Without it nobody can find the value by trying, however few there are: erasing the salt
together with the value erases the value from every copy of the chain.
"""

import hashlib
import secrets
from dataclasses import dataclass
from math import isfinite

from litesoc_server.audit.canonical import INTEGER_MAX, canonical
from litesoc_server.pipeline.normalise.text import clean_text

SALT_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class Opening:
    """A value with the salt that its commitment was made with."""

    salt: str  # hexadecimal
    value: str  # canonical JSON

    @property
    def commitment(self) -> str:
        """What stands in the chain for the value."""
        return hashlib.sha256(bytes.fromhex(self.salt) + self.value.encode()).hexdigest()


def new_opening(value: object) -> Opening:
    """Return ``value`` with a fresh salt."""
    return Opening(salt=secrets.token_hex(SALT_BYTES), value=canonical(_cleaned(value)).decode())


def _cleaned(value: object) -> object:
    """Return ``value`` as every reader spells it: without what UTF-8 and PostgreSQL cannot hold."""
    match value:
        case bool():
            return value
        case int() | float():
            return _number(value)
        case dict():
            return {clean_text(str(key)): _cleaned(one) for key, one in value.items()}
        case list() | tuple():
            return [_cleaned(one) for one in value]
        case set() | frozenset():
            return [_cleaned(one) for one in sorted(value, key=str)]
        case _:
            return None if value is None else clean_text(str(value))


def _number(value: float) -> object:
    """Return ``value`` as a number that all readers read alike, else as a text."""
    if isinstance(value, int) or value.is_integer():
        return int(value) if abs(value) <= INTEGER_MAX else str(value)
    return value if isfinite(value) else str(value)
