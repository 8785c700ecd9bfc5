"""The words of a message that all channels share: its heading, its facts, the numbers and the chart of a digest."""

from collections.abc import Sequence

from litesoc_server.events.detection import AlertSeverity
from litesoc_server.notify.channels.cut import cut, one_line
from litesoc_server.notify.message import Bar, Figure, Message, Occasion

LINES_MAX = 10  # reasons, actions and alerts of a digest that are shown; more of them nobody reads in a chat
TEXT_LENGTH_MAX = 500  # characters of one reason, action or fact; so a mail stays below 102 kB, where Gmail cuts it
_BLOCKS = "▁▂▃▄▅▆▇█"
_SIGNS = {
    AlertSeverity.CRITICAL: "🔴",
    AlertSeverity.HIGH: "🟠",
    AlertSeverity.MEDIUM: "🟡",
    AlertSeverity.LOW: "🔵",
}
# As in the dashboard's light theme (frontend/styles/tokens.css), where they are readable on white.
COLOURS = {
    AlertSeverity.CRITICAL: "#b3122f",
    AlertSeverity.HIGH: "#a8400a",
    AlertSeverity.MEDIUM: "#7a5a00",
    AlertSeverity.LOW: "#1f5aa8",
}
CLOSED_COLOUR = "#186a3b"
PLAIN_COLOUR = "#4b5563"


def sign(message: Message) -> str:
    """Return one coloured sign for how bad it is; "" where that says nothing."""
    if message.occasion is Occasion.ALERT_CLOSED:
        return "✅"
    return "" if message.severity is None else _SIGNS[message.severity]


def colour(message: Message) -> str:
    """Return the colour of the message, "#rrggbb"."""
    if message.occasion is Occasion.ALERT_CLOSED:
        return CLOSED_COLOUR
    return PLAIN_COLOUR if message.severity is None else COLOURS[message.severity]


def heading(message: Message) -> str:
    """Return the title with what happened to it and how severe it is, on one line: "Update, high: Brute force …"."""
    title = cut(one_line(message.title), TEXT_LENGTH_MAX)
    severity = "" if message.severity is None else message.severity.value
    match message.occasion:
        case Occasion.ALERT_CREATED:
            prefix = severity.capitalize()
        case Occasion.ALERT_UPDATED:
            prefix = f"Update, {severity}"
        case Occasion.ALERT_ESCALATED:
            prefix = f"Not acknowledged, {severity}"
        case Occasion.ALERT_ACKNOWLEDGED:
            prefix = "Acknowledged"
        case Occasion.ALERT_CLOSED:
            prefix = "Closed"
        case Occasion.ALERT_REOPENED:
            prefix = f"Reopened, {severity}"
        case Occasion.TEST:
            prefix = "Test"
        case Occasion.DIGEST | Occasion.CHANNEL_DISABLED:
            prefix = ""
    return f"{prefix}: {title}" if prefix else title


def marked_heading(message: Message) -> str:
    """Return the heading behind its sign."""
    return f"{sign(message)} {heading(message)}".strip()


def summary(message: Message) -> str:
    """Return the summary on one line."""
    return cut(one_line(message.summary), TEXT_LENGTH_MAX)


def facts(message: Message) -> Sequence[tuple[str, str]]:
    """Return who, where and when, each with its label; without what is not known."""
    when = f"{message.at:%Y-%m-%d %H:%M} UTC"
    where_it_is = f"{message.org_name} ({message.environment})" if message.environment else message.org_name
    found = [("Who", message.who), ("Where", message.where), ("When", when), ("Organisation", where_it_is)]
    return [(label, cut(one_line(value), TEXT_LENGTH_MAX)) for label, value in found if value]


def listed(texts: Sequence[str]) -> Sequence[str]:
    """Return the first of ``texts``, each on one line, and how many more there are."""
    shown = [cut(one_line(text), TEXT_LENGTH_MAX) for text in texts[:LINES_MAX]]
    return [*shown, f"and {len(texts) - LINES_MAX} more"] if len(texts) > LINES_MAX else shown


def figure_text(figure: Figure) -> str:
    """Return a number with what became of it: "New alerts: 12 (9 before, +3)"."""
    text = f"{cut(one_line(figure.label), 100)}: {figure.value:,}"
    return text if figure.before is None else f"{text} ({figure.before:,} before, {change(figure)})"


def change(figure: Figure) -> str:
    """Return by how much a number changed: "+3", "-2", "the same"; "" where nothing is known of before."""
    if figure.before is None:
        return ""
    by = figure.value - figure.before
    return "the same" if by == 0 else f"{'+' if by > 0 else '-'}{abs(by):,}"


def bar_line(bars: Sequence[Bar]) -> str:
    """Return a chart of one line, and what its ends and its highest bar are; "" without bars."""
    if not bars:
        return ""
    highest = max(bars, key=lambda bar: bar.value)
    line = "".join(_block(bar.value, highest.value) for bar in bars)
    ends = f"{one_line(bars[0].label)} to {one_line(bars[-1].label)}"
    return f"{line}  {ends}, at most {highest.value:,} ({one_line(highest.label)})"


def _block(value: int, highest: int) -> str:
    return _BLOCKS[0] if highest <= 0 else _BLOCKS[max(value, 0) * (len(_BLOCKS) - 1) // highest]
