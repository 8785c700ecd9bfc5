"""Microsoft Teams, through a webhook of its Workflows app, as an Adaptive Card.

Sources: https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using (the envelope,
429), https://learn.microsoft.com/connectors/teams/ (some 28 KB in all, also of cards that a workflow posts: a workflow that
fails for it has answered 202 before),
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/format-your-bot-messages (bots' messages are measured in
UTF-16; for webhooks no page says it, but 413 came at some 14,000 characters:
https://techqa.club/v/q/ms-teams-webhook-returns-error-413-on-small-messages-78034694),
https://adaptivecards.io/explorer/RichTextBlock.html (its texts know no Markdown; those of TextBlock and FactSet do). People
are mentioned only by ``msteams.entities``, which the card does not have. The template's name and the addresses of workflows
are as people use them; what the addresses of other clouds and of deleted workflows look like is on no page that could be
opened.
"""

import json
import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from litesoc_server.destinations.fields import Field, Settings
from litesoc_server.egress.policy import EgressPolicy
from litesoc_server.notify.channels.base import Sent
from litesoc_server.notify.channels.cut import cut, cut_bytes, one_line
from litesoc_server.notify.channels.given import refuse_other_webhooks
from litesoc_server.notify.channels.http_answer import judge
from litesoc_server.notify.channels.post import post_json
from litesoc_server.notify.channels.words import (
    LINES_MAX,
    bar_line,
    facts,
    figure_text,
    listed,
    marked_heading,
    summary,
)
from litesoc_server.notify.message import Message, Occasion

CARD_BYTES_MAX = 27_000  # in UTF-8 and in UTF-16, of the 28 KB, which may be 28,000
_TEXT_BYTES = (1_000, 400, 200, 100)  # of each text: the first with which the whole fits
_URL = Field(
    "url",
    "Workflow address",
    help='In Teams: Workflows, "Send webhook alerts to a channel" (for anyone who has the address), copy the address.',
    placeholder="https://….environment.api.powerplatform.com/…",
    is_secret=True,
)
_HOSTS = (
    ".logic.azure.com",
    ".logic.azure.us",
    ".api.powerplatform.com",
    ".api.powerplatform.us",
    ".api.flow.microsoft.com",
)
_SHAPE = re.compile(r"https://[^/?#\s]+/\S*workflows/\S+")
_STYLES = {"critical": "attention", "high": "warning", "medium": "warning", "low": "accent"}
_MEANINGS = {
    401: "the workflow is not open to everyone who has its address, or the address is incomplete",
    403: "the workflow is not open to everyone who has its address, or the address is incomplete",
    404: "the workflow was deleted or switched off in Teams: make a new one and enter its address",
}


class Teams:
    """Messages in one channel or chat of Microsoft Teams."""

    id = "teams"
    title = "Microsoft Teams"
    fields: Sequence[Field] = (_URL,)

    def check(self, settings: Settings, policy: EgressPolicy) -> None:
        """Raise SettingRefused for what cannot work."""
        refuse_other_webhooks(_URL, settings, policy, hosts=_HOSTS, shape=_SHAPE)

    def send(self, message: Message, delivery_id: str, settings: Settings, policy: EgressPolicy) -> Sent:
        """Post one card. A workflow knows no repetitions: one whose answer got lost appears twice."""
        url = settings["url"]
        answer, sent = post_json(policy, url, teams_message(message), secrets=[url])
        # What is wrong with a card shows in the workflow's runs, after it has answered with 202.
        return judge(answer, sent, meaning=_MEANINGS.get(answer.status, ""), is_400_about_setup=True)


def teams_message(message: Message) -> dict[str, Any]:
    """Return what the workflow gets: one card, in words that are no Markdown."""
    for text_bytes_max in _TEXT_BYTES:
        envelope = _envelope(message, text_bytes_max)
        text = json.dumps(envelope, ensure_ascii=False)
        if max(len(text.encode(encoding, "replace")) for encoding in ("utf-8", "utf-16-le")) <= CARD_BYTES_MAX:
            break
    return envelope


def _envelope(message: Message, text_bytes_max: int) -> dict[str, Any]:
    card: dict[str, Any] = {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": _body(message, text_bytes_max),
    }
    if message.url:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Open in LiteSOC", "url": message.url}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _body(message: Message, text_bytes_max: int) -> list[dict[str, Any]]:
    run = partial(_run, text_bytes_max=text_bytes_max)
    style = "good" if message.occasion is Occasion.ALERT_CLOSED else _STYLES.get(message.severity or "", "default")
    heading = _rich([run(marked_heading(message), size="Medium", weight="Bolder")])
    body: list[dict[str, Any]] = [{"type": "Container", "style": style, "bleed": True, "items": [heading]}]
    if message.summary:
        body.append(_rich([run(summary(message))]))
    body.extend(_rich([run(figure_text(figure))]) for figure in message.figures[:LINES_MAX])
    if message.bars:
        body.append(_rich([run(bar_line(message.bars), fontType="Monospace")]))
    body.extend(
        _rich([run(f"{line.severity.value.capitalize()}: {cut(one_line(line.title), 200)}")])
        for line in message.lines[:LINES_MAX]
    )
    body.extend(_rich([run(f"{label}: ", weight="Bolder"), run(value)]) for label, value in facts(message))
    for label, texts in (("Why", message.why), ("What to do", message.actions)):
        if texts:
            body.append(_rich([run(label, weight="Bolder")]))
            body.extend(_rich([run(f"• {text}")]) for text in listed(texts))
    return body


def _rich(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": list(runs)}


def _run(text: str, *, text_bytes_max: int, **look: str) -> dict[str, Any]:
    return {"type": "TextRun", "text": cut_bytes(text, text_bytes_max), **look}


TEAMS = Teams()
