import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litesoc_server.special_addresses import SPECIAL_RANGES, plan_look_up


@pytest.mark.parametrize(
    ("address", "special"),
    [
        ("0.0.0.0", "unspecified"),
        ("0.0.0.1", "reserved"),
        ("1.0.0.0", None),
        ("9.255.255.255", None),
        ("10.0.0.0", "private"),
        ("10.255.255.255", "private"),
        ("100.64.0.0", "cgnat"),
        ("100.128.0.0", None),
        ("126.255.255.255", None),
        ("127.0.0.53", "loopback"),
        ("169.254.169.254", "link_local"),
        ("172.31.255.255", "private"),
        ("172.32.0.0", None),
        ("192.0.0.170", "reserved"),
        ("192.0.1.0", None),
        ("192.0.2.255", "documentation"),
        ("192.168.0.1", "private"),
        ("198.17.255.255", None),
        ("198.19.255.255", "benchmark"),
        ("223.255.255.255", None),
        ("239.1.2.3", "multicast"),
        ("255.255.255.254", "reserved"),
        ("255.255.255.255", "broadcast"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("::2", "reserved"),
        ("64:ff9b:1::1", "private"),
        ("100::1", "reserved"),
        ("2001:1::1", "reserved"),
        ("2001:2:0:1::", "benchmark"),
        ("2001:200::", None),
        ("2001:db8:ffff::", "documentation"),
        ("2001:db9::", None),
        ("2620:4f:8000::1", None),
        ("2fff::1", None),
        ("3000::1", "reserved"),
        ("3fff:fff::1", "documentation"),
        ("3fff:1000::1", "reserved"),
        ("5f00::1", "reserved"),
        ("fbff::1", "reserved"),
        ("fd00::1", "private"),
        ("fe00::1", "reserved"),
        ("fe80::1%eth0", "link_local"),
        ("fec0::1", "private"),
        ("ff02::1", "multicast"),
    ],
)
def test_classes_at_the_edges_of_their_ranges(address: str, special: str | None) -> None:
    assert plan_look_up(address).special == special


@pytest.mark.parametrize(
    ("address", "inner", "special"),
    [
        ("::ffff:198.51.100.7", "198.51.100.7", "documentation"),
        ("::ffff:8.8.8.8", "8.8.8.8", None),
        ("64:ff9b::8.8.8.8", "8.8.8.8", None),
        ("64:ff9b::10.0.0.1", "10.0.0.1", "private"),
        ("2002:808:808::1", "8.8.8.8", None),
        ("2002:c0a8:1::", "192.168.0.1", "private"),
        ("2001:0:53aa:64c:0:fbfe:f7f7:f7f7", "8.8.8.8", None),
        ("2001:0:53aa:64c:0:fbfe:3f57:fefe", "192.168.1.1", "private"),
    ],
)
def test_the_address_inside_is_looked_up_instead(address: str, inner: str, special: str | None) -> None:
    plan = plan_look_up(address)
    assert (str(plan.address), plan.special) == (inner, special)


@given(address=st.ip_addresses())
def test_every_address_has_a_plan(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    plan = plan_look_up(str(address))
    listed = [ipaddress.ip_network(network) for network, _ in SPECIAL_RANGES]
    assert (plan.special is not None) == any(plan.address in network for network in listed)


@pytest.mark.parametrize("text", ["", "unknown", "192.0.2", "192.0.2.1:80"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="IPv4 or IPv6"):
        plan_look_up(text)
