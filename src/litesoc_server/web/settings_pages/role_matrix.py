"""What each role may do, as a table."""

from collections.abc import Sequence
from dataclasses import dataclass

from litesoc_server.orgs.models import Role
from litesoc_server.orgs.roles import Permission, may


@dataclass(frozen=True)
class MatrixRow:
    """One permission, and for each role, most first, whether it is included."""

    words: str
    includes: Sequence[tuple[Role, bool]]


def role_matrix() -> Sequence[MatrixRow]:
    """Return the rows, what everybody may first."""
    return [MatrixRow(one.words, [(role, may(role, one)) for role in Role]) for one in Permission]
