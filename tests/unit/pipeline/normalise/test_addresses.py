import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litesoc_server.pipeline.normalise.addresses import canonical_address, is_list


@pytest.mark.parametrize(
    ("sent", "canonical"),
    [
        ("198.51.100.77", "198.51.100.77"),
        ("  198.51.100.77 ", "198.51.100.77"),
        ("198.51.100.77:40022", "198.51.100.77"),
        ("198.51.100.77, 10.0.0.1, 10.0.0.2", "198.51.100.77"),
        ("198.51.100.77,10.0.0.1", "198.51.100.77"),
        (", 198.51.100.77", "198.51.100.77"),
        ("198.51.100.77:443, 10.0.0.1", "198.51.100.77"),
        ("2001:DB8::0:1", "2001:db8::1"),
        ("2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("[2001:db8::1]:443, 192.0.2.1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%eth0]:80", "fe80::1"),
        ("::ffff:198.51.100.77", "198.51.100.77"),
        ("[::ffff:198.51.100.77]:80", "198.51.100.77"),
        ("64:ff9b::c633:644d", "64:ff9b::c633:644d"),
        ("0.0.0.0", "0.0.0.0"),
    ],
)
def test_what_senders_and_proxies_write(sent: str, canonical: str) -> None:
    assert canonical_address(sent) == canonical


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "   ",
        "unknown",
        "[REDACTED]",
        "unknown, 198.51.100.77",
        "localhost",
        "198.51.100",
        "198.51.100.256",
        "198.51.100.077",
        "198.51.100.77/24",
        "198.51.100.77:",
        "198.51.100.77:http",
        "198.51.100.77:١٢",
        "[2001:db8::1",
        "[2001:db8::1]443",
        "2001:db8::1]",
        "2001:db8:::1",
        "3325256781",
        "١٩٨.51.100.77",
        "198.51.100.77\0",
        "\ud800",
        "1" * 100_000,
        "1," * 100_000,
    ],
)
def test_what_is_no_address(sent: str) -> None:
    assert canonical_address(sent) is None


@pytest.mark.parametrize(
    "sent",
    [
        "198.51.100.77, 10.0.0.1",
        "198.51.100.77,10.0.0.1",
        ", unknown,198.51.100.77",
        ",,,198.51.100.77",
        ",\t198.51.100.77",
        "1," * 1_000,
    ],
)
def test_what_is_a_list(sent: str) -> None:
    assert is_list(sent)


@pytest.mark.parametrize("sent", ["", "198.51.100.77", "[2001:db8::1]:443", "198.51.100.77, ", ", ,"])
def test_what_is_no_list(sent: str) -> None:
    assert not is_list(sent)


@given(text=st.text(max_size=300))
def test_no_text_raises(text: str) -> None:
    canonical_address(text)


@given(address=st.ip_addresses(), port=st.integers(0, 65535))
def test_the_answer_is_the_address_and_stays_the_same(address: ipaddress.IPv4Address, port: int) -> None:
    with_port = f"{address}:{port}" if address.version == 4 else f"[{address}]:{port}"
    once = canonical_address(with_port)
    assert once == canonical_address(str(address)) == canonical_address(address.exploded)
    assert once is not None
    assert canonical_address(once) == once
