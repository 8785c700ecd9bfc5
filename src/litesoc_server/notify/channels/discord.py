"""Discord, through a webhook, as an embed.

Sources: https://discord.com/developers/docs/resources/webhook#execute-webhook (address, 204 without a body),
https://discord.com/developers/docs/resources/message#embed-object-embed-limits (title 256, description 4,096, 25 fields of
256 and 1,024; 6,000 characters in all: of titles, descriptions, fields' names and values; how they are counted is not said),
https://discord.com/developers/docs/resources/message#allowed-mentions-object,
https://discord.com/developers/docs/topics/rate-limits (429 with ``retry_after`` in seconds, also as a header).
"""

import re
from collections.abc import Sequence
from typing import Any

from litesoc_server.destinations.fields import Field, Settings
from litesoc_server.egress.policy import EgressPolicy
from litesoc_server.notify.channels.base import Sent
from litesoc_server.notify.channels.cut import cut_utf16, one_line
from litesoc_server.notify.channels.given import refuse_other_webhooks
from litesoc_server.notify.channels.http_answer import judge, seconds_in
from litesoc_server.notify.channels.post import answered, post_json
from litesoc_server.notify.channels.words import (
    LINES_MAX,
    bar_line,
    colour,
    facts,
    figure_text,
    listed,
    marked_heading,
    summary,
)
from litesoc_server.notify.message import Message

TITLE_LENGTH_MAX = 256
# 256 of the title, 4 facts of at most 400 with their labels, and this: below the 6,000 of a whole message.
DESCRIPTION_LENGTH_MAX = 3_800
FACT_LENGTH_MAX = 400
_URL = Field(
    "url",
    "Webhook address",
    help="In Discord: the channel's settings, Integrations, Webhooks, New Webhook, Copy Webhook URL.",
    placeholder="https://discord.com/api/webhooks/123/XXXX",
    is_secret=True,
)
_HOSTS = ("discord.com", "discordapp.com", "ptb.discord.com", "canary.discord.com")
_SHAPE = re.compile(r"https://[^/?#\s]+/api/(v\d+/)?webhooks/\d+/[A-Za-z0-9_-]+")
_MARKUP = re.compile(r"([\\*_~`|>#\-+\[\]()<@:/])")
_MEANINGS = {
    10015: "the webhook was deleted in Discord: make a new one and enter its address",  # Unknown Webhook
    50027: "the webhook's address is not right: copy it from Discord again",  # Invalid Webhook Token
    50035: "Discord did not understand the message",  # Invalid Form Body
}  # https://discord.com/developers/docs/topics/opcodes-and-status-codes#json


class Discord:
    """Messages in one channel of a Discord server."""

    id = "discord"
    title = "Discord"
    fields: Sequence[Field] = (_URL,)

    def check(self, settings: Settings, policy: EgressPolicy) -> None:
        """Raise SettingRefused for what cannot work."""
        refuse_other_webhooks(_URL, settings, policy, hosts=_HOSTS, shape=_SHAPE)

    def send(self, message: Message, delivery_id: str, settings: Settings, policy: EgressPolicy) -> Sent:
        """Post one message. A webhook knows no repetitions: one whose answer got lost appears twice."""
        url = settings["url"]
        answer, sent = post_json(policy, url, discord_message(message), secrets=[url, url.rpartition("/")[2]])
        body = answered(answer)
        code = body.get("code")
        meaning = _MEANINGS.get(code, "") if isinstance(code, int) else ""
        return judge(answer, sent, meaning=meaning, retry_after_s=seconds_in(body.get("retry_after")))


def discord_message(message: Message) -> dict[str, Any]:
    """Return what Discord gets. Nobody is mentioned, whatever the texts say."""
    embed: dict[str, Any] = {
        "title": cut_utf16(escaped(marked_heading(message)), TITLE_LENGTH_MAX),
        "description": cut_utf16("\n\n".join(filter(None, _paragraphs(message))), DESCRIPTION_LENGTH_MAX),
        "color": int(colour(message)[1:], 16),
        "timestamp": message.at.isoformat(),
        "fields": [
            {"name": label, "value": cut_utf16(escaped(value), FACT_LENGTH_MAX), "inline": True}
            for label, value in facts(message)
        ],
    }
    if message.url:
        embed["url"] = message.url
    return {"embeds": [embed], "allowed_mentions": {"parse": []}}


def escaped(text: str) -> str:
    """Return ``text`` so that Discord shows it as it is: no markup, links, mentions or emoji can be made of it."""
    return _MARKUP.sub(r"\\\1", text)


def _paragraphs(message: Message) -> Sequence[str]:
    lines = [
        f"• {line.severity.value.capitalize()}: {escaped(cut_utf16(one_line(line.title), 200))}"
        + (f"\n  {line.url}" if line.url else "")
        for line in message.lines[:LINES_MAX]
    ]
    return (
        escaped(summary(message)),
        "\n".join(f"• {escaped(figure_text(figure))}" for figure in message.figures),
        escaped(bar_line(message.bars)),
        "\n".join(lines),
        _list("Why", message.why),
        _list("What to do", message.actions),
    )


def _list(label: str, texts: Sequence[str]) -> str:
    return "\n".join([f"**{label}**", *(f"• {escaped(text)}" for text in listed(texts))]) if texts else ""


DISCORD = Discord()
