"""Texts of attackers stay texts in every markup, and no vendor's limit is exceeded."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

from litesoc_server.notify.channels.cut import cut, cut_bytes, cut_utf16, one_line
from litesoc_server.notify.channels.discord import discord_message
from litesoc_server.notify.channels.mail import built_mail
from litesoc_server.notify.channels.mail_html import mail_html
from litesoc_server.notify.channels.ntfy import ntfy_message
from litesoc_server.notify.channels.opsgenie import opsgenie_alert, opsgenie_note
from litesoc_server.notify.channels.pagerduty import alert_event
from litesoc_server.notify.channels.post import veiled
from litesoc_server.notify.channels.slack import slack_message
from litesoc_server.notify.channels.teams import teams_message
from litesoc_server.notify.channels.telegram import telegram_text
from litesoc_server.notify.channels.words import bar_line, change, listed
from litesoc_server.notify.message import Bar, Figure, Message
from notify_messages import DIGEST, HOSTILE, LONG, OPENED

HARD = pytest.mark.parametrize("message", [HOSTILE, LONG], ids=["hostile", "long"])


def texts_in(value: Any) -> Iterator[str]:
    """Give every text of nested JSON, keys left out."""
    match value:
        case str():
            yield value
        case dict():
            for one in value.values():
                yield from texts_in(one)
        case list():
            for one in value:
                yield from texts_in(one)


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


class Tags(HTMLParser):
    """What a document consists of, as browsers and mail programs read it."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@HARD
def test_slack_mentions_nobody_and_keeps_its_limits(message: Message) -> None:
    sent = slack_message(message)
    blocks = sent["attachments"][0]["blocks"]
    assert len(blocks) <= 50
    assert len(json.dumps(blocks + sent["blocks"], ensure_ascii=False)) <= 11_000
    (heading,) = sent["blocks"]
    assert (heading["type"], heading["text"]["type"]) == ("header", "plain_text")
    assert len(heading["text"]["text"]) <= 150
    for block in blocks:
        if block["type"] == "section":
            assert len(block["text"]["text"]) <= 3_000
            assert block["text"]["verbatim"] is True
            angles = re.findall(r"<[^>]*>", block["text"]["text"])
            assert all(one.startswith("<https://soc.example.com/") for one in angles)
            assert re.search(r"&(?!amp;|lt;|gt;)", block["text"]["text"]) is None
    assert "<" not in sent["text"]


@HARD
def test_discord_mentions_nobody_and_keeps_its_limits(message: Message) -> None:
    sent = discord_message(message)
    assert sent["allowed_mentions"] == {"parse": []}
    assert "content" not in sent
    (embed,) = sent["embeds"]
    assert utf16(embed["title"]) <= 256
    assert utf16(embed["description"]) <= 4_096
    assert len(embed["fields"]) <= 25
    assert all(utf16(one["name"]) <= 256 and utf16(one["value"]) <= 1_024 for one in embed["fields"])
    fields = "".join(one["name"] + one["value"] for one in embed["fields"])
    assert utf16(embed["title"] + embed["description"] + fields) <= 6_000
    for text in (embed["title"], embed["description"], fields):
        own = text.replace(OPENED.url, "").replace("**Why**", "").replace("**What to do**", "")
        assert re.search(r"(?<!\\)[<@\[*|`]", own.replace("\\\\", "")) is None


@HARD
def test_teams_has_no_markdown_no_mentions_and_keeps_its_limit(message: Message) -> None:
    sent = teams_message(message)
    text = json.dumps(sent, ensure_ascii=False)
    assert len(text.encode()) <= 28_000
    assert len(text.encode("utf-16-le")) <= 28_000
    card = sent["attachments"][0]["content"]
    assert "entities" not in card["msteams"]
    assert {'"TextBlock"', '"FactSet"'}.isdisjoint(re.findall(r'"\w+"', json.dumps(card)))


@HARD
def test_telegram_calls_nobody_and_keeps_its_limit(message: Message) -> None:
    text = telegram_text(message)
    assert utf16(text) <= 4_096
    read = Tags(text)
    assert {tag for tag, _ in read.tags} <= {"b", "a", "code"}
    assert [attributes.get("href") for tag, attributes in read.tags if tag == "a"] == [OPENED.url]
    assert re.search(r"(?<![\w/])[@#](?=\w)", read.text) is None
    assert text.count("<b>") == text.count("</b>")


@HARD
def test_pagerduty_keeps_its_limits(message: Message) -> None:
    event = alert_event(message, "R" * 32)
    assert len(event["payload"]["summary"]) <= 1_024
    assert len(event["dedup_key"]) <= 255
    assert len(json.dumps(event).encode()) <= 512_000
    assert not any(re.search(r"[\r\n\x00\x1b\u202e]", text) for text in texts_in(event))


@HARD
def test_opsgenie_keeps_its_limits(message: Message) -> None:
    alert = opsgenie_alert(message)
    assert len(alert["message"]) <= 130
    assert len(alert["description"]) <= 15_000
    assert len(alert["entity"]) <= 512
    assert len(alert["alias"]) <= 512
    assert len(opsgenie_note(message)["note"]) <= 25_000


@HARD
def test_ntfy_keeps_its_limits(message: Message) -> None:
    published = ntfy_message(message, "topic")
    assert len(published["message"].encode()) <= 4_096
    assert len(published["title"].encode()) <= 1_024


@HARD
def test_a_mail_has_only_our_headers_and_only_our_tags(message: Message) -> None:
    mail = built_mail(message, "d-1", to=["a@shop.example"], sender="LiteSOC <soc@example.com>")
    head = mail.as_bytes().partition(b"\r\n\r\n")[0]
    assert b"\nBcc:" not in head
    assert mail["To"] == "a@shop.example"
    assert len(mail["Subject"]) <= 200
    document = mail_html(message)
    read = Tags(document)
    assert "script" not in {tag for tag, _ in read.tags}
    assert {one["href"] for tag, one in read.tags if tag == "a"} == {OPENED.url}
    assert not any(name.startswith("on") or name == "src" for _, one in read.tags for name in one)
    assert "{{ 7|add:7 }}" in read.text or message is LONG  # texts are no templates
    assert len(document.encode()) < 102_000  # what comes after that Gmail hides


def test_lines_have_neither_breaks_nor_what_turns_the_writing() -> None:
    assert one_line("a\r\nb\x00c\u2028d \u202egnp.exe\u202c\x1b[31m") == "a b c d gnp.exe [31m"


@pytest.mark.parametrize("length_max", [1, 2, 5, 50])
def test_cutting_keeps_to_the_measure_and_shows_that_something_is_missing(length_max: int) -> None:
    text = "a\U0001d543ü" * 40
    assert len(cut(text, length_max)) <= length_max
    assert utf16(cut_utf16(text, length_max + 1)) <= length_max + 1
    assert len(cut_bytes(text, length_max + 3).encode()) <= length_max + 3
    assert all(short.endswith("…") for short in (cut(text, length_max), cut_utf16(text, 9), cut_bytes(text, 9)))
    assert cut("short", 5) == cut_utf16("short", 5) == cut_bytes("short", 5) == "short"


def test_what_is_left_out_is_counted() -> None:
    assert listed(["a", "b"]) == ["a", "b"]
    assert listed([str(number) for number in range(14)])[-2:] == ["9", "and 4 more"]


@pytest.mark.parametrize(("before", "words"), [(None, ""), (12, "the same"), (9, "+3"), (1_012, "-1,000")])
def test_figures_say_what_became_of_them(before: int | None, words: str) -> None:
    assert change(Figure("New alerts", 12, before)) == words


def test_bars_are_drawn_to_the_highest() -> None:
    assert bar_line(DIGEST.bars) == "▁▁▂▁▁▁▁▂▄▁▁▁▂▁█▁▁▁▂▁▂▁▁▂  00:00 to 23:00, at most 4 (14:00)"
    assert bar_line((Bar("Mon", 0), Bar("Tue", 0))) == "▁▁  Mon to Tue, at most 0 (Mon)"
    assert bar_line(()) == ""


def test_secrets_are_veiled_however_they_are_written() -> None:
    told = veiled('POST /x/a%2Fb"c {"key":"a/b\\"c"} a/b"c', ['a/b"c'])
    assert 'a/b"c' not in told
    assert told.count("[secret]") >= 2
