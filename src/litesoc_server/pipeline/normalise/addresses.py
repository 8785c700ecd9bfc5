"""The end user's address as sent, turned into canonical text."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

_TEXT_LENGTH_MAX = 256  # characters looked at; an address with zone and port has under 80, the rest of a list is not used
_LIST_EDGES = ", \t"  # empty entries at either end of a list
_CACHE_SIZE = 65_536  # texts; about 10 MB when full


@lru_cache(maxsize=_CACHE_SIZE)
def canonical_address(text: str) -> str | None:
    """Return the address in ``text`` in canonical form, or None when there is none. Never raises.

    Accepts what senders and proxies write: a port ("192.0.2.1:443", "[2001:db8::1]:443"), brackets, a zone id (dropped: it
    means something on the sender's machine only) and a comma list, of which the first entry counts. If that one is no
    address ("unknown, 192.0.2.1") the answer is None: the later entries are proxies, not the user. IPv4-mapped IPv6
    becomes IPv4; IPv6 text follows RFC 5952.
    """
    first = text[:_TEXT_LENGTH_MAX].lstrip(_LIST_EDGES).partition(",")[0].strip()
    return _canonical(first) or _canonical(_without_port(first))


def is_list(text: str) -> bool:
    """Return whether ``text`` has several entries, of which `canonical_address` uses one.

    An empty entry is one, as a proxy writes it that knows no address; a comma at the end begins none.
    """
    return "," in text.rstrip(_LIST_EDGES)


def _canonical(text: str) -> str | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(address)


def _without_port(text: str) -> str:
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        return host if bracket and (not rest or _is_port(rest)) else ""
    host, colon, port = text.rpartition(":")
    return host if "." in host and _is_port(colon + port) else ""


def _is_port(text: str) -> bool:
    digits = text.removeprefix(":")
    return text.startswith(":") and digits.isascii() and digits.isdigit()
