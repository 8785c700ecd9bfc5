"""The place in a list of actors or addresses, as it travels in an address: when it was last seen, and its id."""

from django.http import QueryDict

_MOMENT_MAX_MS = 10**13  # year 2286; the store's times end in 2299


def read_page_cursor(parameters: QueryDict) -> tuple[int, str] | None:
    """Return the place after which a page begins; None when the address names none, which is the top of the list."""
    moment, last = str(parameters.get("before", "")), str(parameters.get("last", ""))
    if not (moment.isdecimal() and moment.isascii() and len(moment) < len(str(_MOMENT_MAX_MS)) and last):
        return None
    return int(moment), last
