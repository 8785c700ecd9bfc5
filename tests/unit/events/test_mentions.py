"""Names of one actor in texts: found whole, and taken out."""

import pytest

from litesoc_server.events.mentions import Mentions

ADA = Mentions(["usr_1", "ada@x.example", "198.51.100.7", "2001:db8::1", "42", "Åse Lund"])


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("usr_1", "[erased]"),
        ("account|actor:usr_1", "account|actor:[erased]"),
        ("Say it to usr_1. (usr_1)", "Say it to [erased]. ([erased])"),
        ("usr_12 usr_1-b xusr_1 USR_1", "usr_12 usr_1-b xusr_1 USR_1"),
        ("ADA@x.example,ada@X.example", "[erased],[erased]"),
        ("w.ada@x.example ada@x.example.org", "w.ada@x.example ada@x.example.org"),
        ("198.51.100.7:80", "[erased]:80"),
        ("198.51.100.71 1198.51.100.7", "198.51.100.71 1198.51.100.7"),
        ("ip:2001:DB8::1", "ip:[erased]"),
        ("2001:db8::1:2 2001:db8::12", "2001:db8::1:2 2001:db8::12"),
        ("account|actor:42", "account|actor:[erased]"),
        ("42", "[erased]"),
        ("42 events of 42", "42 events of 42"),
        ("Seen: Åse Lund!", "Seen: [erased]!"),
    ],
)
def test_a_name_is_found_where_it_stands_alone(text: str, left: str) -> None:
    assert ADA.erase(text) == left
    assert ADA.is_in(text) == (left != text)


def test_names_are_found_at_any_depth() -> None:
    value = {"by": ["usr_1", 42, None], "42": {"note": "usr_2"}, "kind": "usr_1"}
    left = {"by": ["[erased]", 42, None], "42": {"note": "usr_2"}, "kind": "[erased]"}
    assert ADA.is_within(value)
    assert ADA.erase_within(value) == left
    assert ADA.erase_within([value], fields={"by"}) == [{**left, "kind": "usr_1"}]
    assert not ADA.is_within({"by": ["usr_2", 42]})


def test_keys_count_only_where_a_sender_chose_them() -> None:
    value = {"by": [{"usr_1": "admin"}]}
    assert (ADA.is_within(value), ADA.is_within(value, with_keys=True)) == (False, True)


def test_nobody_is_found_nowhere() -> None:
    nobody = Mentions([])
    assert not nobody
    assert not nobody.is_in("")
    assert nobody.erase("usr_1") == "usr_1"
    assert nobody.re2_in_json() == ()
