"""What each kind makes of each message stands in tests/golden/notify/<kind>/<case>.*

`pytest tests/unit/notify/test_golden.py --regenerate-golden` writes it anew; review it like code.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from litesoc_server.notify.channels.discord import discord_message
from litesoc_server.notify.channels.mail import built_mail
from litesoc_server.notify.channels.mail_html import mail_html
from litesoc_server.notify.channels.ntfy import ntfy_message
from litesoc_server.notify.channels.opsgenie import opsgenie_alert, opsgenie_note
from litesoc_server.notify.channels.pagerduty import alert_event, change_event
from litesoc_server.notify.channels.plain import plain_body
from litesoc_server.notify.channels.slack import slack_message
from litesoc_server.notify.channels.slack_bot import bot_message
from litesoc_server.notify.channels.teams import teams_message
from litesoc_server.notify.channels.telegram import telegram_message, telegram_text
from litesoc_server.notify.channels.webhook import body_of
from litesoc_server.notify.channels.words import heading
from litesoc_server.notify.message import Answering, Message, Occasion
from notify_messages import ALERT, MESSAGES

GOLDEN = Path(__file__).parents[2] / "golden" / "notify"


def _json(rendered: Any) -> str:
    return json.dumps(rendered, indent=1, ensure_ascii=False) + "\n"


def _mail_head(message: Message) -> str:
    mail = built_mail(message, "d-1", to=["a@shop.example"], sender="LiteSOC <soc@example.com>")
    return "".join(f"{name}: {value}\n" for name, value in mail.items() if name != "Content-Type")


def _webhook(message: Message) -> str:
    alert = json.dumps({**ALERT, "title": message.title}).encode() if message.alert_json else b""
    return _json(json.loads(body_of(msgspec.structs.replace(message, alert_json=alert))))


def _in_thread(message: Message, first: str) -> Message:
    """Return it as what it is of a thread: the first message, or an answer to that."""
    is_prominent = message.occasion is not Occasion.ALERT_ACKNOWLEDGED
    follows = message.severity is not None and message.occasion is not Occasion.ALERT_CREATED
    return msgspec.structs.replace(message, answering=Answering(first, is_prominent) if follows else None)


RENDERED: Mapping[str, Callable[[Message], str]] = {
    "slack/{}.json": lambda message: _json(slack_message(message)),
    "slack_bot/{}.json": lambda message: _json(bot_message(_in_thread(message, "1503435956.000247"), "C012AB3CD")),
    "discord/{}.json": lambda message: _json(discord_message(message)),
    "teams/{}.json": lambda message: _json(teams_message(message)),
    "telegram/{}.html": lambda message: telegram_text(message) + "\n",
    "telegram/{}.json": lambda message: _json({**telegram_message(_in_thread(message, "7"), "-1001"), "text": "(the HTML)"}),
    "pagerduty/{}.json": lambda message: _json(
        {"event": alert_event(message, "KEY")}
        if message.severity or message.title.startswith("Lite")
        else {"change": change_event(message, "KEY")}
    ),
    "opsgenie/{}.json": lambda message: _json({"alert": opsgenie_alert(message), "note": opsgenie_note(message)}),
    "ntfy/{}.json": lambda message: _json(ntfy_message(message, "topic")),
    "webhook/{}.json": _webhook,
    "email/{}.head.txt": _mail_head,
    "email/{}.html": mail_html,
    "plain/{}.txt": lambda message: f"{heading(message)}\n\n{plain_body(message)}\n",  # of mails, ntfy and Apprise
}


@pytest.mark.parametrize("case", MESSAGES)
@pytest.mark.parametrize("place", RENDERED)
def test_golden_case(place: str, case: str, pytestconfig: pytest.Config) -> None:
    rendered = RENDERED[place](MESSAGES[case])
    golden = GOLDEN / place.format(case)
    if pytestconfig.getoption("--regenerate-golden"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(rendered)
    assert rendered == golden.read_text()


def test_no_golden_file_is_left_over() -> None:
    expected = {GOLDEN / place.format(case) for place in RENDERED for case in MESSAGES}
    assert {file for file in GOLDEN.rglob("*") if file.is_file()} == expected
