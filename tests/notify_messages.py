"""Messages of every occasion, and what attackers write into them."""

from datetime import UTC, datetime

import msgspec

from litesoc_server.events.detection import AlertSeverity
from litesoc_server.notify.message import Bar, Figure, Line, Message, Occasion

URL = "https://soc.example.com/o/shop/live/alerts/0198c1a2-0000-7000-8000-000000000001/"
OPENED = Message(
    occasion=Occasion.ALERT_CREATED,
    title="Brute force from 198.51.100.77",
    at=datetime(2026, 5, 28, 20, 26, 40, tzinfo=UTC),
    org_name="Shop",
    environment="live",
    severity=AlertSeverity.HIGH,
    summary="23 failed logins of 4 accounts from one address within 5 minutes.",
    who="usr_8841 (ada@shop.example)",
    where="198.51.100.77 · Bergen, NO · VPN · Mullvad",
    why=("23 failed logins from 198.51.100.77 in 5 minutes (threshold 5)", "The address is a VPN's"),
    actions=("Block the address.", "Ask ada@shop.example whether it was them."),
    url=URL,
    thread="alert-0198c1a2-0000-7000-8000-000000000001",
    alert_json=b'{"id":"0198c1a2-0000-7000-8000-000000000001","severity":"high"}',
)
UPDATED = msgspec.structs.replace(
    OPENED,
    occasion=Occasion.ALERT_UPDATED,
    severity=AlertSeverity.CRITICAL,
    summary="Somebody got in: a login succeeded after 23 failures.",
)
ESCALATED = msgspec.structs.replace(
    OPENED,
    occasion=Occasion.ALERT_ESCALATED,
    severity=AlertSeverity.CRITICAL,
    summary="Nobody acknowledged it within 15 minutes. 23 failed logins from one address.",
)
ACKNOWLEDGED = msgspec.structs.replace(
    OPENED,
    occasion=Occasion.ALERT_ACKNOWLEDGED,
    summary="Acknowledged by ops@shop.example. 23 failed logins from one address.",
)
CLOSED = msgspec.structs.replace(
    OPENED,
    occasion=Occasion.ALERT_CLOSED,
    summary="Resolved by ops@shop.example: blocked address. 23 failed logins from one address.",
    actions=(),
)
REOPENED = msgspec.structs.replace(
    OPENED,
    occasion=Occasion.ALERT_REOPENED,
    summary="Reopened by ops@shop.example. 23 failed logins from one address.",
)
DIGEST = Message(
    occasion=Occasion.DIGEST,
    title="Shop: 12 alerts on Thursday",
    at=datetime(2026, 5, 29, 6, 0, tzinfo=UTC),
    org_name="Shop",
    environment="live",
    summary="12 alerts, 3 more than the day before; 2 are still open.",
    figures=(
        Figure("New alerts", 12, 9),
        Figure("Still open", 2, 2),
        Figure("Events", 184_233, 190_871),
        Figure("Failed logins", 412),
    ),
    bars=tuple(
        Bar(f"{hour:02}:00", value)
        for hour, value in enumerate([0, 0, 1, 0, 0, 0, 0, 1, 2, 0, 0, 0, 1, 0, 4, 0, 0, 0, 1, 0, 1, 0, 0, 1])
    ),
    lines=(
        Line("Account takeover of usr_8841", AlertSeverity.CRITICAL, URL),
        Line("Brute force from 198.51.100.77", AlertSeverity.HIGH, URL),
        Line("New country for usr_17", AlertSeverity.LOW, ""),
    ),
    url="https://soc.example.com/o/shop/live/alerts/",
    thread="digest-shop",
)
TEST = Message(
    occasion=Occasion.TEST,
    title="LiteSOC can reach you here",
    at=datetime(2026, 5, 28, 20, 26, 40, tzinfo=UTC),
    org_name="Shop",
    environment="live",
    summary="Somebody tests the channel “On call”. Alerts will look like this; nothing has happened.",
    actions=("Nothing to do.",),
    url="https://soc.example.com/o/shop/live/",
)
DISABLED = Message(
    occasion=Occasion.CHANNEL_DISABLED,
    title="The channel “On call” is switched off",
    at=datetime(2026, 5, 28, 20, 26, 40, tzinfo=UTC),
    org_name="Shop",
    environment="",
    summary="It failed for 3 days; at last: the receiver answered with status 404.",
    url="https://soc.example.com/o/shop/live/notifications/",
)
# What calls people, makes links, ends tags and headers, turns the writing around, in each of the markups there are.
NASTY = (
    "<!channel> <@U123> @everyone @here <@&99> <at>all</at> @security_team /start #general "
    "<script>alert(1)</script> </b></a></code> [click](https://evil.example) <https://evil.example|bank> "
    "https://evil.example "
    "&lt; &amp; *bold* _it_ ~no~ `code` ||spoiler|| \\ \"quote\" 'x' {{ 7|add:7 }} %s \u202egnp.exe\u202c "
    "line\r\nBcc: everyone@shop.example\r\n\r\nbody\x00\x1b[31m"
)
HOSTILE = msgspec.structs.replace(
    OPENED,
    title=NASTY,
    summary=NASTY,
    who=NASTY,
    where=NASTY,
    why=(NASTY, "</ul>" + NASTY),
    actions=(NASTY,),
    org_name=f"Shop {NASTY}",
)
_LONG = '\U0001d543ong&<>"\\ ' * 2_000  # a letter beyond the first plane, and what markups escape
LONG = msgspec.structs.replace(
    HOSTILE,
    title=_LONG,
    summary=_LONG,
    who=_LONG,
    where=_LONG,
    org_name=_LONG,
    why=(_LONG,) * 300,
    actions=(_LONG,) * 300,
    figures=tuple(Figure(_LONG[:200], 10**12, 1) for _ in range(8)),
    bars=tuple(Bar(f"day {day}", day) for day in range(31)),
    lines=tuple(Line(_LONG, AlertSeverity.CRITICAL, URL) for _ in range(50)),
)
MESSAGES = {
    "opened": OPENED,
    "updated": UPDATED,
    "escalated": ESCALATED,
    "acknowledged": ACKNOWLEDGED,
    "closed": CLOSED,
    "reopened": REOPENED,
    "digest": DIGEST,
    "test": TEST,
    "channel_disabled": DISABLED,
    "hostile": HOSTILE,
}

# The same alert as machines get it: the fields of GET /alerts/{id} that the root of a webhook's body repeats, and some more.
ALERT = {
    "id": "0198c1a2-0000-7000-8000-000000000001",
    "alert_type": "brute_force_attack",
    "severity": "high",
    "status": "open",
    "title": "",
    "description": "6 failed logins from one address within 5 minutes.",
    "source_ip": "198.51.100.77",
    "actor_id": None,
    "created_at": "2026-05-29T20:26:41.201Z",
    "metadata": {"detectors": ["brute_force_address"], "event_count": 6},
}
