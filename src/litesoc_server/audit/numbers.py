"""Many numbers of entries in little space: "3-5,9"."""

from collections.abc import Iterable, Iterator

NUMBERS_MAX = 10_000_000  # read from one text: who forges one must not fill the memory


def as_ranges(numbers: Iterable[int]) -> str:
    """Return ``numbers`` as ranges, ascending."""
    ranges: list[list[int]] = []
    for number in sorted(set(numbers)):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def numbers_in(ranges: str) -> Iterator[int]:
    """Yield the numbers of ``ranges``; what is none is passed over, and so is what would be more than NUMBERS_MAX."""
    left = NUMBERS_MAX
    for part in ranges.split(","):
        first, _, last = part.partition("-")
        if first.isdecimal() and (not last or last.isdecimal()):
            found = range(int(first), int(last or first) + 1)[:left]
            left -= len(found)
            yield from found
