import msgspec
import pytest

from contract.store_cases import make_event, new_org
from litesoc_server.events.event import Event
from litesoc_server.pipeline.privacy import PrivacyRules, redact, truncate, truncated_address


def event(metadata: str = "{}", **changes: object) -> Event:
    return make_event(new_org(), metadata=msgspec.Raw(metadata.encode()), **changes)


def metadata_of(found: Event) -> object:
    return msgspec.json.Decoder().decode(found.metadata)


def test_values_of_named_keys_are_replaced_at_any_depth_whatever_their_case() -> None:
    rules = PrivacyRules(redacted_keys=frozenset({"iban", "card"}))
    found = redact(event('{"IBAN":"DE1","a":[{"card":{"no":1}},2],"ibans":"kept","n":1.5}'), rules)
    assert metadata_of(found) == {"IBAN": "[REDACTED]", "a": [{"card": "[REDACTED]"}, 2], "ibans": "kept", "n": 1.5}


def test_without_rules_an_event_stays_the_very_same() -> None:
    sent = event('{"a": 1}')
    assert redact(sent, PrivacyRules()) is sent
    assert truncate(sent, PrivacyRules()) is sent


@pytest.mark.parametrize(
    ("address", "cut"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("2001:db8:1234:5678::1", "2001:db8:1234::"),
        ("fe80::1%eth0", "fe80::"),
        ("unknown", "unknown"),
        (None, None),
    ],
)
def test_addresses_are_cut_to_their_network(address: str | None, cut: str | None) -> None:
    assert truncated_address(address) == cut
    assert truncated_address(cut) == cut


def test_addresses_are_cut_in_the_metadata_too_and_lists_of_them_are_redacted() -> None:
    sent = event(
        '{"ip_address":"203.0.113.77","proxies":["198.51.100.9"],"user_ip_raw":"203.0.113.77, 10.0.0.1","port":77}',
        user_ip="203.0.113.77",
        server_ip="203.0.113.77",
    )
    found = truncate(sent, PrivacyRules(truncates_addresses=True))
    assert (found.user_ip, found.server_ip) == ("203.0.113.0", "203.0.113.0")
    assert metadata_of(found) == {
        "ip_address": "203.0.113.0",
        "proxies": ["198.51.100.0"],
        "user_ip_raw": "[REDACTED]",
        "port": 77,
    }
