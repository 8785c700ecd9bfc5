"""One file per question that is asked of the stored events. Values are always bound, never written into the statement."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

# Runs one statement with its bound values and returns the rows as tuples. Raises StoreUnavailable.
Read: TypeAlias = Callable[[str, Mapping[str, object]], Sequence[Sequence[Any]]]

# Runs one statement that rewrites rows, and returns when that is done. Raises StoreUnavailable.
Change: TypeAlias = Callable[[str, Mapping[str, object]], None]
