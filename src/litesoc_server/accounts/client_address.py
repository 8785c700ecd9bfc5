"""From which address somebody signs in."""

import ipaddress

UNKNOWN = "0.0.0.0"  # noqa: S104 # nothing listens there: it stands where an address is demanded and none is known


def client_address(*, peer: str | None, forwarded_for: str, trusted_proxy_count: int) -> str:
    """Return the client's address.

    ``peer`` is who opened the connection, None on a Unix socket; ``forwarded_for`` the whole X-Forwarded-For header. With
    ``trusted_proxy_count`` proxies the entry that the first of them wrote counts; what stands before it is the client's own
    word. A header that is shorter than it should be did not come through all of them, so only the peer is believed.
    """
    entries = [entry.strip() for entry in forwarded_for.split(",")] if forwarded_for else []
    if 0 < trusted_proxy_count <= len(entries):
        forwarded = _address(entries[-trusted_proxy_count])
        if forwarded is not None:
            return forwarded
    return _address(peer or "") or UNKNOWN


def _address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(_without_port(text)))
    except ValueError:
        return None


def _without_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
