"""Which addresses may be reached from this server on behalf of an organisation's members."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

import msgspec

from litesoc_server.special_addresses import plan_look_up


class EgressPolicy(msgspec.Struct, frozen=True):
    """Ordinary public addresses, and what the operator allows besides (LITESOC_EGRESS_ALLOW)."""

    allowed: Sequence[IPv4Network | IPv6Network] = ()

    def refusal(self, address: str) -> str | None:
        """Return why ``address``, a literal one, may not be reached; None if it may.

        IPv4 addresses inside IPv6 ones (mapped, NAT64, 6to4, Teredo) are judged as what they lead to.
        """
        try:
            planned = plan_look_up(address)
        except ValueError:
            return "is no address"
        outer = ip_address(address.partition("%")[0])
        if planned.special is None or any(one in network for one in (outer, planned.address) for network in self.allowed):
            return None
        return f"is {_NAMES.get(planned.special, planned.special)}"


_NAMES = {
    "cgnat": "in a carrier's own network",
    "link_local": "link-local",
    "private": "in a private network",
    "loopback": "this machine itself",
    "unspecified": "this machine itself",
}
