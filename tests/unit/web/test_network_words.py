"""What pages call networks."""

import pytest

from litesoc_server.events.event import NetworkKind
from litesoc_server.events.network_words import network_name, network_word
from litesoc_server.web.network_words import further_marks, is_telling, network_colour


def test_every_kind_has_a_word_of_its_own_that_is_not_the_raw_one() -> None:
    words = [network_word(kind.value) for kind in NetworkKind]
    assert len(set(words)) == len(NetworkKind)
    assert "isp" not in words
    assert "hosting" not in words


def test_a_kind_that_is_not_known_any_more_is_shown_as_it_is() -> None:
    assert (network_word("cable"), network_colour("cable"), is_telling("cable")) == ("cable", "", False)


@pytest.mark.parametrize(
    ("kind", "provider", "name"),
    [
        ("tor", "Tor", "Tor"),
        ("vpn", "Mullvad", "VPN · Mullvad"),
        ("hosting", None, "data centre"),
        (None, "Example Net", "Example Net"),
        (None, None, ""),
    ],
)
def test_a_network_is_named_once(kind: str | None, provider: str | None, name: str) -> None:
    assert network_name(kind, provider) == name


def test_marks_say_what_the_kind_does_not() -> None:
    assert further_marks(["Tor", "data centre"], "tor") == ["data centre"]
    assert further_marks(["privacy relay"], "relay") == []
    assert further_marks(["VPN"], None) == ["VPN"]
