"""Host names as browsers see them."""

import ipaddress


def host_without_port(host: str) -> str:
    """Return the name or address in a Host header, without its port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def is_address(host: str) -> bool:
    """Return whether ``host``, without port, is an IP address: passkeys cannot be bound to one (WebAuthn, "RP ID")."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
