"""The HTML part of a mail.

Mail programs know tables and inline styles; few know style sheets, none may load anything. Dark mode: those that know
``color-scheme`` get darker colours from the one style sheet, the others turn the light ones around by themselves.
"""

from pathlib import Path

from django.template import Context, Engine

from litesoc_server.notify.channels.cut import cut, one_line
from litesoc_server.notify.channels.plain import plain_body
from litesoc_server.notify.channels.words import (
    COLOURS,
    LINES_MAX,
    bar_line,
    change,
    colour,
    facts,
    heading,
    listed,
    summary,
)
from litesoc_server.notify.message import Bar, Message

PREHEADER_LENGTH_MAX = 140  # what lists of mails show beside the subject
BAR_HEIGHT_PX = 72
_ENGINE = Engine(dirs=[str(Path(__file__).parent)], autoescape=True)


def mail_html(message: Message) -> str:
    """Return the whole document. Every text of the message is escaped."""
    context = {
        "heading": heading(message),
        "preheader": cut(one_line(summary(message) or plain_body(message)), PREHEADER_LENGTH_MAX),
        "colour": colour(message),
        "summary": summary(message),
        "facts": facts(message),
        "figures": [(cut(one_line(one.label), 100), f"{one.value:,}", change(one), one.before) for one in message.figures],
        "bars": _heights(message.bars),
        "chart": bar_line(message.bars),
        "first": one_line(message.bars[0].label) if message.bars else "",
        "last": one_line(message.bars[-1].label) if message.bars else "",
        "lines": [
            (line.severity.value.capitalize(), COLOURS[line.severity], cut(one_line(line.title), 300), line.url)
            for line in message.lines[:LINES_MAX]
        ],
        "lists": [
            (label, listed(texts)) for label, texts in (("Why", message.why), ("What to do", message.actions)) if texts
        ],
        "url": message.url,
        "org_name": cut(one_line(message.org_name), 100),
    }
    return _ENGINE.get_template("mail.html").render(Context(context))


def _heights(bars: tuple[Bar, ...]) -> list[tuple[str, int, int, int]]:
    """Return label, value, height and what is above it, in pixels: a bar of 0 is a line."""
    highest = max((bar.value for bar in bars), default=0)
    heights = [max(1, round(max(bar.value, 0) * BAR_HEIGHT_PX / highest)) if highest > 0 else 1 for bar in bars]
    return [
        (one_line(bar.label), bar.value, height, BAR_HEIGHT_PX - height) for bar, height in zip(bars, heights, strict=True)
    ]
