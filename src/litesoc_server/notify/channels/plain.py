"""A message as plain text: the text part of mails, and all there is where a service knows no markup."""

from collections.abc import Iterator

from litesoc_server.notify.channels.cut import cut, one_line
from litesoc_server.notify.channels.words import (
    LINES_MAX,
    TEXT_LENGTH_MAX,
    bar_line,
    facts,
    figure_text,
    listed,
    summary,
)
from litesoc_server.notify.message import Message


def plain_body(message: Message) -> str:
    """Return everything but the heading."""
    return "\n\n".join("\n".join(part) for part in _parts(message) if part)


def _parts(message: Message) -> Iterator[list[str]]:
    yield [summary(message)] if message.summary else []
    yield [figure_text(figure) for figure in message.figures]
    yield [bar_line(message.bars)] if message.bars else []
    yield [
        f"{line.severity.value.capitalize()}: {cut(one_line(line.title), TEXT_LENGTH_MAX)}"
        + (f"\n  {line.url}" if line.url else "")
        for line in message.lines[:LINES_MAX]
    ]
    yield [f"{label}: {value}" for label, value in facts(message)]
    yield ["Why:", *(f"- {reason}" for reason in listed(message.why))] if message.why else []
    yield ["What to do:", *(f"- {action}" for action in listed(message.actions))] if message.actions else []
    yield [message.url] if message.url else []
