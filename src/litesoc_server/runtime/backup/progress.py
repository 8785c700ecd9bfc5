"""How a backup and a restore say how far they are."""

from collections.abc import Callable

Report = Callable[[str, int, int], None]  # of what, how much is done, of how much
