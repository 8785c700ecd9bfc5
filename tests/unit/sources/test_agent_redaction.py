"""What is redacted of actors, addresses and whole log lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litesoc_server.sources.agent_redaction import (
    LINE_LENGTH_MAX,
    REDACTED,
    looks_like_password,
    mask_line,
    redact_actor,
    redact_address,
)

AT = "Aug  9 07:12:40 web-3 sshd[811]:"


@pytest.mark.parametrize("name", ["P@ssw0rd", "hunter2!", "#1secret", "a!!b", "mira@shop.example", "x=y"])
def test_names_that_look_like_passwords_are_redacted(name: str) -> None:
    assert redact_actor(name) == REDACTED


@pytest.mark.parametrize("name", ["root", "web-data", "alice.smith", "svc_backup", "u1", "münchen", ""])
def test_names_of_accounts_stay(name: str) -> None:
    assert not looks_like_password(name)
    assert redact_actor(name) == name


@pytest.mark.parametrize(
    "address",
    [
        "10.4.0.12",
        "172.16.3.1",
        "192.168.1.1",
        "127.0.0.1",
        "169.254.1.1",
        "100.64.0.1",
        "::1",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:10.0.0.1",
    ],
)
def test_addresses_inside_a_network_are_redacted(address: str) -> None:
    assert redact_address(address) == REDACTED


@pytest.mark.parametrize("address", ["198.51.100.9", "2001:db8::7", "8.8.8.8", "shop.example", "UNKNOWN"])
def test_other_addresses_and_names_stay(address: str) -> None:
    assert redact_address(address) == address


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        (f"{AT} Failed password for root from 198.51.100.9 port 40022 ssh2",) * 2,
        (
            f"{AT} Failed password for invalid user P@ssw0rd! from 10.1.2.3 port 40022 ssh2",
            f"{AT} Failed password for invalid user [REDACTED] from [REDACTED] port 40022 ssh2",
        ),
        (
            f"{AT} Invalid user my secret from 192.0.2.1 port 1 from fe80::1 port 3",
            f"{AT} Invalid user [REDACTED] from [REDACTED] port 3",
        ),
        (
            f"{AT} Connection closed by invalid user hunter2! 198.51.100.9 port 22 [preauth]",
            f"{AT} Connection closed by invalid user [REDACTED] 198.51.100.9 port 22 [preauth]",
        ),
        (
            f"{AT} Failed password for mira@shop.example from 127.0.0.1 port 1 ssh2",
            f"{AT} Failed password for [REDACTED] from [REDACTED] port 1 ssh2",
        ),
        (
            "Aug  9 07:12:40 web-3 sudo: alice : TTY=pts/0 ; USER=root ; COMMAND=/usr/bin/mysql -uroot -phunter2",
            "Aug  9 07:12:40 web-3 sudo: alice : TTY=pts/0 ; USER=root ; COMMAND=/usr/bin/mysql [REDACTED]",
        ),
        (
            "app: password=hunter2 token: abc Authorization: Bearer abc.def x-api-key=lsoc_live_abcdefgh12345678",
            "app: password=[REDACTED] token: [REDACTED] Authorization: Bearer [REDACTED] x-api-key=[REDACTED]",
        ),
        ("app: key is lsoc_live_abcdefgh12345678 of mira@shop.example", "app: key is [REDACTED] of [REDACTED]"),
        ("pam_unix(su:auth): authentication failure; ruser=b!b rhost=  user=r@@t", None),
    ],
)
def test_lines_are_masked(line: str, masked: str | None) -> None:
    if masked is None:
        assert "b!b" not in mask_line(line)
        assert "r@@t" not in mask_line(line)
    else:
        assert mask_line(line) == masked


def test_control_characters_and_marks_of_direction_are_no_part_of_a_masked_line() -> None:
    assert mask_line("a\x1b[31mb\u202ec\nd") == "a [31mb c d"


@given(st.text(max_size=5000))
def test_a_masked_line_is_bounded_and_masking_it_again_changes_nothing_that_was_redacted(text: str) -> None:
    masked = mask_line(text)
    assert len(masked) <= LINE_LENGTH_MAX
    assert masked == masked.strip() or len(masked) == LINE_LENGTH_MAX
