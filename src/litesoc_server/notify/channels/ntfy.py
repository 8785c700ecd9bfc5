"""ntfy, on ntfy.sh or a server of one's own, published as JSON.

Sources: https://docs.ntfy.sh/publish/#publish-as-json (fields, priorities 1 to 5, tags),
https://docs.ntfy.sh/publish/#limitations (message 4,096 bytes), https://github.com/binwiederhier/ntfy/releases/tag/v2.28.0
(title 1 KB, tags 512 bytes), https://docs.ntfy.sh/publish/#access-tokens,
https://github.com/binwiederhier/ntfy/blob/main/server/mailer_emoji_map.json (which tags it shows as which emoji).
"""

import re
from collections.abc import Sequence
from typing import Any

from litesoc_server.destinations.fields import Field, Settings
from litesoc_server.egress.policy import EgressPolicy
from litesoc_server.notify.channels.base import Sent
from litesoc_server.notify.channels.cut import cut_bytes
from litesoc_server.notify.channels.given import refuse_unless_matches, refuse_unreachable, refuse_unusable
from litesoc_server.notify.channels.http_answer import judge
from litesoc_server.notify.channels.plain import plain_body
from litesoc_server.notify.channels.post import post_json
from litesoc_server.notify.channels.words import heading
from litesoc_server.notify.message import Message, Occasion

MESSAGE_BYTES_MAX = 4_096
TITLE_BYTES_MAX = 1_000
DEFAULT_SERVER = "https://ntfy.sh"
_SERVER = Field("server", "Server", help="Empty for ntfy.sh.", placeholder=DEFAULT_SERVER, is_place=True, is_required=False)
_TOPIC = Field(
    "topic",
    "Topic",
    help="Who knows the topic's name can read it unless it is protected: choose one that nobody guesses.",
    placeholder="security-alerts-x7Qd2k",
    is_secret=True,
)
_TOKEN = Field(
    "token", "Access token", help="Of a protected topic: in ntfy, Account, Access tokens.", is_secret=True, is_required=False
)
_TOPIC_SHAPE = re.compile(r"[-_A-Za-z0-9]{1,64}")
_TOKEN_SHAPE = re.compile(r"[\x21-\x7e]{0,200}")
_PRIORITIES = {"critical": 5, "high": 4, "medium": 3, "low": 2}
_TAGS = {"critical": "rotating_light", "high": "warning", "medium": "yellow_circle", "low": "large_blue_circle"}
_REFUSED = "ntfy does not let us publish there: enter an access token that may write to the topic"
_MEANINGS = {
    401: _REFUSED,
    403: _REFUSED,
    404: "there is no ntfy at this address: check the server",
    429: "ntfy's limit is reached",
}


class Ntfy:
    """Push messages to phones and desktops."""

    id = "ntfy"
    title = "ntfy"
    fields: Sequence[Field] = (_SERVER, _TOPIC, _TOKEN)

    def check(self, settings: Settings, policy: EgressPolicy) -> None:
        """Raise SettingRefused for what cannot work."""
        refuse_unusable(self.fields, settings)
        refuse_unless_matches(_TOPIC, settings, _TOPIC_SHAPE, "has to be 1 to 64 letters, digits, - and _")
        refuse_unless_matches(_TOKEN, settings, _TOKEN_SHAPE, "has to be letters, digits and signs without spaces")
        refuse_unreachable(_SERVER, _server(settings), policy)

    def send(self, message: Message, delivery_id: str, settings: Settings, policy: EgressPolicy) -> Sent:
        """Publish one message. ntfy knows no repetitions: one whose answer got lost appears twice."""
        token = settings.get("token", "")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        body = ntfy_message(message, settings["topic"])
        answer, sent = post_json(policy, _server(settings), body, headers=headers, secrets=[token, settings["topic"]])
        return judge(answer, sent, meaning=_MEANINGS.get(answer.status, ""))


def ntfy_message(message: Message, topic: str) -> dict[str, Any]:
    """Return what ntfy gets. It shows plain text, so nothing in it is markup."""
    severity = message.severity or ""
    is_closed = message.occasion is Occasion.ALERT_CLOSED
    published: dict[str, Any] = {
        "topic": topic,
        "title": cut_bytes(heading(message), TITLE_BYTES_MAX),
        "message": cut_bytes(plain_body(message), MESSAGE_BYTES_MAX),
        "priority": 2 if is_closed else _PRIORITIES.get(severity, 3),
        "tags": ["white_check_mark"] if is_closed else [_TAGS.get(severity, "information_source")],
    }
    if message.url:
        action = {"action": "view", "label": "Open in LiteSOC", "url": message.url}
        published |= {"click": message.url, "actions": [action]}
    return published


def _server(settings: Settings) -> str:
    return (settings.get("server") or DEFAULT_SERVER).rstrip("/")


NTFY = Ntfy()
