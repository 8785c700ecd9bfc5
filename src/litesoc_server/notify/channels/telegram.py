"""Telegram, through a bot, in its HTML.

Sources: https://core.telegram.org/bots/api#sendmessage (4,096 characters after entities are read),
https://core.telegram.org/bots/api#html-style (what to escape), https://core.telegram.org/bots/api#responseparameters
(``retry_after`` in seconds, with 429), https://core.telegram.org/bots/api#replyparameters (replies, also where what they
reply to is gone), https://core.telegram.org/bots/api#message (``message_id``, ``reply_to_message``).
"""

import re
from collections.abc import Sequence
from typing import Any

from litesoc_server.destinations.fields import Field, Settings
from litesoc_server.egress.policy import EgressPolicy
from litesoc_server.notify.channels.base import Sent
from litesoc_server.notify.channels.cut import cut_utf16, one_line
from litesoc_server.notify.channels.given import refuse_unless_matches, refuse_unreachable, refuse_unusable
from litesoc_server.notify.channels.http_answer import judge, seconds_in
from litesoc_server.notify.channels.post import answered, post_json
from litesoc_server.notify.channels.words import (
    LINES_MAX,
    bar_line,
    facts,
    figure_text,
    listed,
    marked_heading,
    summary,
)
from litesoc_server.notify.message import Message

API = "https://api.telegram.org"
READ_BYTES_MAX = 64 * 1024  # the answer repeats the message, and an answer that is cut off cannot be read
TEXT_UNITS_MAX = 4_096  # of UTF-16, as entities are counted
PART_UNITS_MAX = 300  # of one reason, fact or title: so 40 lines of them are cut line by line and never inside a tag
_TOKEN = Field(
    "token",
    "Bot token",
    help="Write to @BotFather in Telegram, send /newbot, copy the token. Then add the bot to your group.",
    placeholder="123456:ABC-DEF…",
    is_secret=True,
)
_CHAT = Field(
    "chat",
    "Chat",
    help="The number of the group or person (send /start to @userinfobot to learn it), or @name of a public channel.",
    placeholder="-1001234567890",
)
_TOKEN_SHAPE = re.compile(r"\d{3,20}:[A-Za-z0-9_-]{20,100}")
_CHAT_SHAPE = re.compile(r"-?\d{1,20}|@[A-Za-z][A-Za-z0-9_]{3,31}")
# What Telegram makes a mention, a command or a hashtag of, where a word begins.
_CALLING = re.compile(r"(?<![\w/])([@/#])(?=\w)")
_JOINER = "\u2060"  # invisible, and ends the mention
_MEANINGS = {
    401: "the bot's token is not right any more: ask @BotFather for it and enter it again",
    404: "there is no such bot: copy the token from @BotFather again",
    403: "the bot was removed from the chat or blocked: add it again",
}


class Telegram:
    """Messages of a bot to one chat."""

    id = "telegram"
    title = "Telegram"
    fields: Sequence[Field] = (_TOKEN, _CHAT)

    def check(self, settings: Settings, policy: EgressPolicy) -> None:
        """Raise SettingRefused for what cannot work."""
        refuse_unusable(self.fields, settings)
        refuse_unless_matches(_TOKEN, settings, _TOKEN_SHAPE, "has to look like 123456:ABC-DEF…, as @BotFather gives it")
        refuse_unless_matches(
            _CHAT, settings, _CHAT_SHAPE, "has to be a number such as -1001234567890 or @name of a channel"
        )
        refuse_unreachable(_TOKEN, API, policy)

    def send(self, message: Message, delivery_id: str, settings: Settings, policy: EgressPolicy) -> Sent:
        """Send one message, as a reply to the first of its thread. Telegram knows no repetitions: one may appear twice."""
        url, token = f"{API}/bot{settings['token']}/sendMessage", settings["token"]
        body = telegram_message(message, settings["chat"])
        answer, sent = post_json(policy, url, body, secrets=[token], read_bytes_max=READ_BYTES_MAX)
        told = answered(answer)
        meaning = _MEANINGS.get(answer.status, "") or one_line(str(told.get("description", "")))[:200]
        parameters = told.get("parameters")
        wait_s = seconds_in(parameters.get("retry_after")) if isinstance(parameters, dict) else None
        # Its 400 are "chat not found", "not enough rights", "group chat was upgraded to a supergroup chat".
        judge(answer, sent, meaning=meaning, retry_after_s=wait_s, is_400_about_setup=True)
        return Sent(sent.request, sent.status, sent.answer, _begun_by(told.get("result")))


def telegram_message(message: Message, chat: str) -> dict[str, Any]:
    """Return what Telegram gets."""
    body: dict[str, Any] = {
        "chat_id": chat,
        "text": telegram_text(message),
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }
    if message.answering is not None:
        body["reply_parameters"] = {"message_id": int(message.answering.to), "allow_sending_without_reply": True}
    return body


def _begun_by(result: object) -> str:
    """Return the id of a message that replies to none, so that later ones reply to it: the one before may be deleted."""
    if not isinstance(result, dict) or "reply_to_message" in result or not isinstance(result.get("message_id"), int):
        return ""
    return str(result["message_id"])


def telegram_text(message: Message) -> str:
    """Return the message as Telegram's HTML: whole lines, as many as there is room for, and the link."""
    link = (
        f'<a href="{message.url.replace("&", "&amp;").replace(chr(34), "&quot;")}">Open in LiteSOC</a>'
        if message.url
        else ""
    )
    room = TEXT_UNITS_MAX - len(link) - 4
    lines: list[str] = []
    for line in _lines(message):
        room -= len(line.encode("utf-16-le")) // 2 + 1
        if room < 0:
            lines.append("…")
            break
        lines.append(line)
    return "\n".join([*lines, *(["", link] if link else [])])


def escaped(text: str) -> str:
    """Return ``text`` so that Telegram shows it as it is, and calls nobody."""
    quieted = _CALLING.sub(rf"\1{_JOINER}", cut_utf16(text, PART_UNITS_MAX))
    return quieted.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _lines(message: Message) -> list[str]:
    lines = [f"<b>{escaped(marked_heading(message))}</b>"]
    if message.summary:
        lines += [escaped(summary(message))]
    lines += [f"• {escaped(figure_text(figure))}" for figure in message.figures]
    if message.bars:
        lines += [f"<code>{escaped(bar_line(message.bars))}</code>"]
    lines += [f"• {line.severity.value.capitalize()}: {escaped(one_line(line.title))}" for line in message.lines[:LINES_MAX]]
    lines += ["", *(f"<b>{label}:</b> {escaped(value)}" for label, value in facts(message))]
    for label, texts in (("Why", message.why), ("What to do", message.actions)):
        if texts:
            lines += ["", f"<b>{label}</b>", *(f"• {escaped(text)}" for text in listed(texts))]
    return lines


TELEGRAM = Telegram()
