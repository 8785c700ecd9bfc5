"""Work that a test hands to processes: they can only run what they can import."""

from collections.abc import Callable


def count_up(number: int, tick: Callable[[int], None]) -> int:
    """Tick ``number`` times and return its double."""
    for _ in range(number):
        tick(1)
    return 2 * number
