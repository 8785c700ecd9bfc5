"""Slack, through an incoming webhook, in Block Kit.

Sources: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks (addresses, answers),
https://docs.slack.dev/reference/block-kit/blocks (50 blocks; header 150, section 3,000 characters),
https://github.com/slackapi/bolt-js/issues/2509 and https://github.com/slackapi/bolt-js/issues/2867 (no page names the limit
of all blocks together, past which ``msg_blocks_too_long`` is answered: some 13,200 characters were too many, as were 11,341
of text), https://docs.slack.dev/messaging/formatting-message-text (what to escape; ``verbatim`` keeps texts from becoming
links and mentions), https://docs.slack.dev/reference/methods/chat.postMessage#text_usage (``text`` with and without
``blocks``), https://docs.slack.dev/apis/web-api/rate-limits (429 with Retry-After in seconds). A webhook cannot answer to a
message of its own: Slack tells no id of it. Updates stand alone and name the same alert.
"""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

from litesoc_server.destinations.fields import Field, Settings
from litesoc_server.egress.policy import EgressPolicy
from litesoc_server.notify.channels.base import Sent
from litesoc_server.notify.channels.cut import cut, one_line
from litesoc_server.notify.channels.given import refuse_other_webhooks
from litesoc_server.notify.channels.http_answer import judge
from litesoc_server.notify.channels.post import post_json
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
from litesoc_server.notify.message import Line, Message

HEADER_LENGTH_MAX = 150
TEXT_LENGTH_MAX = 3_000
BLOCKS_LENGTH_MAX = 10_000  # characters of all blocks as JSON
_SECTION_LENGTHS = (TEXT_LENGTH_MAX, 2_000, 1_200, 600)  # of each section: the first with which the whole fits
_URL = Field(
    "url",
    "Webhook address",
    help="In Slack: Apps, Incoming Webhooks (or your own app, Features, Incoming Webhooks), add one to a channel, copy it.",
    placeholder="https://hooks.slack.com/services/T000/B000/XXXX",
    is_secret=True,
)
_HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")
_SHAPE = re.compile(r"https://[^/?#\s]+/(services|workflows|triggers)/[A-Za-z0-9/_-]+")
_MEANINGS = {
    "invalid_payload": "Slack did not understand the message",
    "no_service": "the webhook was removed in Slack: make a new one and enter its address",
    "no_active_hooks": "the webhook was switched off in Slack",
    "invalid_token": "the webhook's address is not right any more: copy it from Slack again",
    "no_team": "the workspace is gone",
    "team_disabled": "the workspace is gone",
    "channel_not_found": "the channel is gone: make a webhook for another one",
    "channel_is_archived": "the channel is archived: make a webhook for another one",
    "action_prohibited": "a rule of the workspace forbids it: ask its administrator",
    "posting_to_general_channel_denied": "the workspace lets few people post there: choose another channel",
    "too_many_attachments": "Slack did not take so many parts",
    "rate_limited": "too many messages at once",
}


class Slack:
    """Messages in one channel of a workspace."""

    id = "slack"
    title = "Slack"
    fields: Sequence[Field] = (_URL,)

    def check(self, settings: Settings, policy: EgressPolicy) -> None:
        """Raise SettingRefused for what cannot work."""
        refuse_other_webhooks(_URL, settings, policy, hosts=_HOSTS, shape=_SHAPE)

    def send(self, message: Message, delivery_id: str, settings: Settings, policy: EgressPolicy) -> Sent:
        """Post one message. Slack knows no repetitions: one whose answer got lost appears twice."""
        url = settings["url"]
        answer, sent = post_json(policy, url, slack_message(message), secrets=[url, url.partition("/services/")[2]])
        return judge(answer, sent, meaning=_MEANINGS.get(answer.text.strip(), ""))


def slack_message(message: Message) -> dict[str, Any]:
    """Return what Slack gets: the heading, and below it blocks beside a bar in the severity's colour.

    ``text`` is for notifications on phones. Without ``blocks`` beside it Slack would show it above the attachment, too.
    """
    return {
        "text": cut(escaped(marked_heading(message)), TEXT_LENGTH_MAX),
        "blocks": [_header(message)],
        "unfurl_links": False,
        "unfurl_media": False,
        "attachments": [{"color": colour(message), "blocks": _blocks(message)}],
    }


def escaped(text: str) -> str:
    """Return ``text`` so that Slack shows it as it is: no mention (``<!channel>``) and no link can be made of it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _blocks(message: Message) -> list[dict[str, Any]]:
    """At most 8 blocks, so far from the 50 that there may be."""
    for length_max in _SECTION_LENGTHS:
        blocks = [_section(lines, length_max) for lines in _sections(message) if lines]
        if message.url:
            text = {"type": "plain_text", "text": "Open in LiteSOC"}
            blocks.append({"type": "actions", "elements": [{"type": "button", "text": text, "url": message.url}]})
        if len(json.dumps(blocks, ensure_ascii=False)) <= BLOCKS_LENGTH_MAX:
            break
    return blocks


def _header(message: Message) -> dict[str, Any]:
    text = cut(marked_heading(message), HEADER_LENGTH_MAX)
    return {"type": "header", "text": {"type": "plain_text", "text": text, "emoji": False}}


def _sections(message: Message) -> Iterator[list[str]]:
    """Give the lines of each section."""
    yield [escaped(summary(message))] if message.summary else []
    yield [f"• {escaped(figure_text(figure))}" for figure in message.figures]
    yield [f"`{escaped(bar_line(message.bars))}`"] if message.bars else []
    yield [_line(line) for line in message.lines[:LINES_MAX]]
    yield [f"*{label}:* {escaped(value)}" for label, value in facts(message)]
    for label, texts in (("Why", message.why), ("What to do", message.actions)):
        yield [f"*{label}*", *(f"• {escaped(text)}" for text in listed(texts))] if texts else []


def _line(line: Line) -> str:
    title = escaped(cut(one_line(line.title), 200)).replace("|", "¦")  # it would end the link's address
    return f"• {line.severity.value.capitalize()}: " + (f"<{line.url}|{title}>" if line.url else title)


def _section(lines: Sequence[str], length_max: int) -> dict[str, Any]:
    """Return as many whole lines as there is room for: one that is cut could end inside of "&amp;" or of a link."""
    text = "\n".join(lines)
    if len(text) > length_max:
        lengths = accumulate(len(line) + 1 for line in lines)
        text = "\n".join([*(line for line, length in zip(lines, lengths, strict=True) if length < length_max), "…"])
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


SLACK = Slack()
