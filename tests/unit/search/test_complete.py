"""Completion: what is offered at the cursor, and what it replaces. A bar marks the cursor."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litesoc_server.search.complete import Completion, complete, value_suggestion
from litesoc_server.search.event_fields import EVENT_FIELDS


def at_bar(marked: str) -> tuple[str, Completion]:
    text = marked.replace("|", "")
    return text, complete(text, marked.index("|"), EVENT_FIELDS)


@pytest.mark.parametrize(
    ("marked", "offered", "result"),
    [
        ("co|", "country:", "country:"),
        ("-co|", "country:", "-country:"),
        ("vpn  co| tor", "country:", "vpn  country: tor"),
        ("co|ntry:NO", "country:", "country:NO"),
        ("user|", "actor:", "actor:"),
        ("v|", "vpn", "vpn"),
        ("me|", "meta.", "meta."),
        ("event:log|", "auth.login_failed", "event:auth.login_failed"),
        ("event:auth.login_success,log|", "auth.login_failed", "event:auth.login_success,auth.login_failed"),
        ("severity:cr|itical vpn", "critical", "severity:critical vpn"),
        ('severity:"cr|', "critical", "severity:critical"),
        ('severity:"cr|it" vpn', "critical", "severity:critical vpn"),
        ('actor:"a b" sev|', "severity:", 'actor:"a b" severity:'),
        ("-network:|", "vpn", "-network:vpn"),
        ("risk:|", ">=80", "risk:>=80"),
    ],
)
def test_what_is_offered_fits_where_it_is_put(marked: str, offered: str, result: str) -> None:
    text, completion = at_bar(marked)
    assert offered in [suggestion.text for suggestion in completion.suggestions]
    assert text[: completion.start] + offered + text[completion.end :] == result


def test_an_empty_bar_offers_every_field_and_flag() -> None:
    offered = {suggestion.text for suggestion in complete("", 0, EVENT_FIELDS).suggestions}
    assert {f"{field.name}:" for field in EVENT_FIELDS.fields} | set(EVENT_FIELDS.flags) <= offered
    assert all(suggestion.help for suggestion in complete("", 0, EVENT_FIELDS).suggestions)


def test_open_fields_say_what_to_look_up() -> None:
    _, completion = at_bar('vpn user:"Mira So|')
    assert (completion.field, completion.typed, completion.is_open) == ("actor", "Mira So", True)
    _, completion = at_bar("severity:|")
    assert (completion.field, completion.is_open) == ("severity", False)


def test_nothing_is_offered_for_an_unknown_field() -> None:
    _, completion = at_bar("nothing:x|")
    assert completion.suggestions == ()
    assert completion.field is None


@pytest.mark.parametrize(("value", "text"), [("mira", "mira"), ("a b", '"a b"'), ("a,b", '"a,b"'), ('"', '"\\""')])
def test_values_that_occur_are_quoted_where_they_need_it(value: str, text: str) -> None:
    assert value_suggestion(value).text == text


@given(st.text(max_size=30) | st.text(alphabet='ab:-"\\*, event', max_size=30), st.integers(-1, 31))
def test_any_text_can_be_completed(text: str, cursor: int) -> None:
    completion = complete(text, cursor, EVENT_FIELDS)
    assert 0 <= completion.start <= completion.end <= len(text)
    if 0 <= cursor <= len(text):
        assert completion.start <= cursor <= completion.end
