"""Slack, through an app's bot, which can answer in threads: one alert is one thread.

Sources: https://docs.slack.dev/reference/methods/chat.postMessage (scope ``chat:write``; the answer's ``ts``, ``thread_ts``,
``reply_broadcast``; errors with status 200 and ``ok: false``), https://docs.slack.dev/apis/web-api/#responses,
https://docs.slack.dev/apis/web-api/rate-limits (429 with Retry-After in seconds, one message a second for a channel),
https://docs.slack.dev/authentication/tokens (``xoxb-``), https://docs.slack.dev/authentication/using-token-rotation
(``xoxe.xoxb-``: such a token ends after 12 hours). What a message looks like is the webhook's (slack.py).
"""

import re
from collections.abc import Sequence
from typing import Any

from litesoc_server.destinations.fields import Field, SettingRefused, Settings
from litesoc_server.egress.policy import EgressPolicy
from litesoc_server.notify.channels.base import DeliveryFailed, Sent
from litesoc_server.notify.channels.cut import one_line
from litesoc_server.notify.channels.given import refuse_unless_matches, refuse_unreachable, refuse_unusable
from litesoc_server.notify.channels.http_answer import judge
from litesoc_server.notify.channels.post import answered, post_json
from litesoc_server.notify.channels.slack import slack_message
from litesoc_server.notify.message import Message

API = "https://slack.com/api/chat.postMessage"
READ_BYTES_MAX = 64 * 1024  # the answer repeats the message, and an answer that is cut off cannot be read
_WITHIN_S = 7.0  # where a thread is gone two requests are made
_TOKEN = Field(
    "token",
    "Bot token",
    help="In api.slack.com/apps: your app, OAuth & Permissions, Bot Token Scopes, chat:write; install it, copy the token.",
    placeholder="xoxb-…",
    is_secret=True,
)
_CHANNEL = Field(
    "channel",
    "Channel ID",
    help="In Slack: the channel's name, About, at the end. Then write /invite @ and your app's name in the channel.",
    placeholder="C0123456789",
)
_ROTATED = "xoxe."
_TOKEN_SHAPE = re.compile(r"xoxb-[A-Za-z0-9-]{10,250}")
_CHANNEL_SHAPE = re.compile(r"[CGD][A-Z0-9]{7,30}")
_ENDED = "the bot's token is not right any more: install the app again and enter its new token"
_FORBIDDEN = "a rule of the workspace forbids the app to post there: ask its administrator"
_MEANINGS = {
    "invalid_auth": "Slack does not take the bot's token, or not from this server's address: copy the token again",
    "not_authed": "Slack does not take the bot's token: copy it again",
    "token_expired": _ENDED,
    "token_revoked": _ENDED,
    "account_inactive": "the app was removed from the workspace, or the workspace is gone",
    "missing_scope": "the app may not write: give its bot the scope chat:write and install it again",
    "channel_not_found": "there is no such channel, or the app is not in it: check the ID and invite the app",
    "not_in_channel": "the app is not in the channel: invite it",
    "is_archived": "the channel is archived: choose another one",
    "restricted_action": _FORBIDDEN,
    "restricted_action_read_only_channel": _FORBIDDEN,
    "restricted_action_thread_only_channel": "only threads may be written in this channel: choose another one",
    "ekm_access_denied": _FORBIDDEN,
    "team_access_not_granted": _FORBIDDEN,
    "ratelimited": "too many messages at once",
    "rate_limited": "too many messages at once",
    "message_limit_exceeded": "the workspace sends too many messages",
}
# Nothing will arrive any more, whoever waits: as the webhooks' 410. Everything else may be mended on either side.
_GONE = frozenset({"account_inactive", "token_revoked", "is_archived"})
# This message is not taken, now or later; others are.
_NOT_TAKEN = frozenset(
    {"msg_too_long", "msg_blocks_too_long", "no_text", "too_many_attachments"}
    | {"invalid_blocks", "invalid_blocks_format", "invalid_attachments", "invalid_arguments"}
)
# The thread cannot be answered in, the channel can be written to.
_NO_THREAD = frozenset(
    {"cannot_reply_to_message", "message_not_found", "thread_not_found"}
    | {"restricted_action_non_threadable_channel", "restricted_action_thread_locked"}
)


class SlackBot:
    """Messages of an app's bot in one channel of a workspace."""

    id = "slack_bot"
    title = "Slack app"
    fields: Sequence[Field] = (_TOKEN, _CHANNEL)

    def check(self, settings: Settings, policy: EgressPolicy) -> None:
        """Raise SettingRefused for what cannot work."""
        refuse_unusable(self.fields, settings)
        if settings["token"].startswith(_ROTATED):
            msg = (
                f"{_TOKEN.label} ends after 12 hours: switch token rotation off in the app, and copy the token xoxb-… again."
            )
            raise SettingRefused(_TOKEN.name, msg)
        refuse_unless_matches(_TOKEN, settings, _TOKEN_SHAPE, "has to begin with xoxb-, as Slack shows it for the bot")
        refuse_unless_matches(_CHANNEL, settings, _CHANNEL_SHAPE, "has to look like C0123456789: the ID, not the name")
        refuse_unreachable(_TOKEN, API, policy)

    def send(self, message: Message, delivery_id: str, settings: Settings, policy: EgressPolicy) -> Sent:
        """Post one message, in its thread where there is one; where that cannot be answered in, one that begins another.

        Slack knows no repetitions: one whose answer got lost appears twice.
        """
        body = bot_message(message, settings["channel"])
        sent, error = _post(policy, body, settings["token"])
        if error in _NO_THREAD and "thread_ts" in body:
            alone = {name: value for name, value in body.items() if name not in {"thread_ts", "reply_broadcast"}}
            again, error = _post(policy, alone, settings["token"])
            requests, answers = f"{sent.request}\n\n{again.request}", f"{sent.answer}\n{again.answer}"
            sent = Sent(requests, again.status, answers, again.message_id)
        if error:
            meaning = _MEANINGS.get(error, "")
            reason = f"Slack answered {one_line(error)[:100]}{f': {meaning}' if meaning else ''}"
            is_gone = error in _GONE
            raise DeliveryFailed(reason, sent=sent, is_permanent=is_gone or error in _NOT_TAKEN, is_gone=is_gone)
        return sent


def bot_message(message: Message, channel: str) -> dict[str, Any]:
    """Return what Slack gets: as through a webhook, with its channel and thread."""
    body = {"channel": channel, **slack_message(message)}
    if message.answering is not None:
        body |= {"thread_ts": message.answering.to, "reply_broadcast": message.answering.is_prominent}
    return body


def _post(policy: EgressPolicy, body: dict[str, Any], token: str) -> tuple[Sent, str]:
    """Return what was sent, and Slack's name of what went wrong, "" where nothing did. Raises DeliveryFailed."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json; charset=utf-8"}
    answer, sent = post_json(
        policy, API, body, headers=headers, secrets=[token], within_s=_WITHIN_S, read_bytes_max=READ_BYTES_MAX
    )
    told = answered(answer)
    error = str(told.get("error", ""))
    judge(answer, sent, meaning=_MEANINGS.get(error, ""))
    if told.get("ok") is not True:
        return sent, error or "something else than its API does"
    message_id = "" if "thread_ts" in body else str(told.get("ts", ""))[:64]
    return Sent(sent.request, sent.status, sent.answer, message_id), ""


SLACK_BOT = SlackBot()
