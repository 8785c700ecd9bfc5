"""From which address a request comes. The one place that decides it: for allow-lists, limits, sign-in, audit and events."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

ADDRESS_LENGTH_MAX = 64  # characters; of the longest that is an address, with brackets, scope and port
_KNOWN_MAX = 8_192  # texts whose address is remembered


class IgnoredHeader:
    """Whether X-Forwarded-For was sent to a process that trusts no proxy: either a proxy was forgotten, or somebody lies."""

    def __init__(self) -> None:
        self.was_sent = False


IGNORED = IgnoredHeader()  # of this process; runtime.proxy_note writes it down for `litesoc doctor`


def client_address(*, peer: str | None, forwarded_for: str, trusted_proxy_count: int) -> str | None:
    """Return the client's address in canonical text; None when it is not known, as behind a Unix socket without a proxy.

    ``peer`` is who opened the connection, None on a Unix socket; ``forwarded_for`` the whole X-Forwarded-For header, several
    of them joined by commas in their order. With ``trusted_proxy_count`` proxies the entry that the first of them wrote
    counts; what stands before it is the client's own word. A header that is shorter than it should be did not come through
    all of them, so only the peer is believed; so it is where the proxy wrote something that is no address.
    """
    if not trusted_proxy_count:
        if forwarded_for:
            IGNORED.was_sent = True
    elif forwarded_for:
        entries = forwarded_for.rsplit(",", trusted_proxy_count)
        if len(entries) >= trusted_proxy_count:
            forwarded = _address(entries[-trusted_proxy_count])
            if forwarded is not None:
                return forwarded
    return None if peer is None else _address(peer)


def _address(text: str) -> str | None:
    # The length first: what is remembered must not grow with what strangers send.
    return canonical_address(text) if len(text) <= ADDRESS_LENGTH_MAX else None


@lru_cache(maxsize=_KNOWN_MAX)
def canonical_address(text: str) -> str | None:
    """Return an address without port, brackets, scope and blanks; IPv4 mapped into IPv6 as IPv4. None when it is none."""
    try:
        address = ip_address(_without_port(text.strip()).partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)


def _without_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
