"""Slack, through an incoming webhook, in Block Kit.

Sources: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks (addresses, answers),
https://docs.slack.dev/reference/block-kit/blocks (50 blocks; header 150, section 3,000 characters),
https://docs.slack.dev/messaging/formatting-message-text (what to escape; ``verbatim`` keeps texts from becoming links and
mentions), https://docs.slack.dev/apis/web-api/rate-limits (429 with Retry-After in seconds).
A webhook cannot answer to a message of its own: Slack tells no id of it. Updates stand alone and name the same alert.
"""

import re
from collections.abc import Sequence
from typing import Any

from litesoc_server.egress.policy import EgressPolicy
from litesoc_server.notify.channels.base import Field, Sent, Settings
from litesoc_server.notify.channels.cut import cut, one_line
from litesoc_server.notify.channels.given import (
    refuse_other_hosts,
    refuse_unless_matches,
    refuse_unreachable,
    refuse_unusable,
)
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
        refuse_unusable(self.fields, settings)
        refuse_other_hosts(_URL, settings, _HOSTS, _URL.placeholder)
        refuse_unless_matches(_URL, settings, _SHAPE, f"has to look like {_URL.placeholder}")
        refuse_unreachable(_URL, settings["url"], policy)

    def send(self, message: Message, delivery_id: str, settings: Settings, policy: EgressPolicy) -> Sent:
        """Post one message. Slack knows no repetitions: one whose answer got lost appears twice."""
        url = settings["url"]
        answer, sent = post_json(policy, url, slack_message(message), secrets=[url, url.partition("/services/")[2]])
        return judge(answer, sent, meaning=_MEANINGS.get(answer.text.strip(), ""))


def slack_message(message: Message) -> dict[str, Any]:
    """Return what Slack gets: blocks beside a bar in the severity's colour; ``text`` is for notifications on phones."""
    return {
        "text": cut(escaped(marked_heading(message)), TEXT_LENGTH_MAX),
        "unfurl_links": False,
        "unfurl_media": False,
        "attachments": [{"color": colour(message), "blocks": _blocks(message)}],
    }


def escaped(text: str) -> str:
    """Return ``text`` so that Slack shows it as it is: no mention (``<!channel>``) and no link can be made of it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _blocks(message: Message) -> list[dict[str, Any]]:
    """At most 9 blocks, so far from the 50 that there may be."""
    blocks: list[dict[str, Any]] = [
        {
            "type": "header",
            "text": {"type": "plain_text", "text": cut(marked_heading(message), HEADER_LENGTH_MAX), "emoji": False},
        }
    ]
    if message.summary:
        blocks.append(_section(escaped(summary(message))))
    if message.figures:
        blocks.append(_section("\n".join(f"• {escaped(figure_text(figure))}" for figure in message.figures)))
    if message.bars:
        blocks.append(_section(f"`{escaped(bar_line(message.bars))}`"))
    if message.lines:
        blocks.append(_section(_lines(message.lines)))
    blocks.append(_section("\n".join(f"*{label}:* {escaped(value)}" for label, value in facts(message))))
    for label, texts in (("Why", message.why), ("What to do", message.actions)):
        if texts:
            blocks.append(_section("\n".join([f"*{label}*", *(f"• {escaped(text)}" for text in listed(texts))])))
    if message.url:
        text = {"type": "plain_text", "text": "Open in LiteSOC"}
        blocks.append({"type": "actions", "elements": [{"type": "button", "text": text, "url": message.url}]})
    return blocks


def _lines(lines: Sequence[Line]) -> str:
    shown: list[str] = []
    for line in lines[:LINES_MAX]:
        title = escaped(cut(one_line(line.title), 200)).replace("|", "¦")  # it would end the link's address
        shown.append(f"• {line.severity.value.capitalize()}: " + (f"<{line.url}|{title}>" if line.url else title))
    return "\n".join(shown)


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": _cut_escaped(text), "verbatim": True}}


def _cut_escaped(text: str) -> str:
    """Cut between characters, not inside of "&amp;": what is left of it would show."""
    short = cut(text, TEXT_LENGTH_MAX)
    return short if short is text else re.sub(r"&[a-z]{0,3}…$", "…", short)


SLACK = Slack()
