"""Opsgenie, through its Alert API: an alert is created, noted on, acknowledged and closed under one alias.

Sources: https://docs.opsgenie.com/docs/alerts-and-alert-fields (message 130, alias 512, description 15,000 characters; 20
tags of 50), https://docs.opsgenie.com/docs/alert-api (calls; 202; note 25,000, entity 512, source 100 characters),
https://github.com/opsgenie/opsgenie-python-sdk/blob/master/docs/AlertApi.md (PUT of a priority),
https://docs.opsgenie.com/docs/api-rate-limiting (429), https://docs.opsgenie.com/docs/response (401, 403, 422),
https://support.atlassian.com/opsgenie/docs/what-happens-when-opsgenie-is-turned-off (the API works until 5 April 2027). The
lengths of notes, entities and sources were seen in other people's clients only.
"""

import re
from collections.abc import Sequence
from typing import Any

from litesoc_server.destinations.fields import Field, Settings
from litesoc_server.egress.policy import EgressPolicy
from litesoc_server.notify.channels.base import Sent
from litesoc_server.notify.channels.cut import cut, one_line
from litesoc_server.notify.channels.given import refuse_unless_matches, refuse_unreachable, refuse_unusable
from litesoc_server.notify.channels.http_answer import judge
from litesoc_server.notify.channels.plain import plain_body
from litesoc_server.notify.channels.post import post_json
from litesoc_server.notify.channels.words import heading, summary
from litesoc_server.notify.message import Message, Occasion

MESSAGE_LENGTH_MAX = 130
DESCRIPTION_LENGTH_MAX = 15_000
NOTE_LENGTH_MAX = 25_000
_WITHIN_S = 7.0  # updates and tests send two requests
_KEY = Field(
    "key",
    "API key",
    help="In Opsgenie: the team, Integrations, Add integration, API; it needs the right to create and update.",
    placeholder="xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
    is_secret=True,
)
_REGION = Field(
    "region", "Service region", help="EU if your address is app.eu.opsgenie.com.", is_required=False, choices=("US", "EU")
)
_HOSTS = {"US": "https://api.opsgenie.com", "EU": "https://api.eu.opsgenie.com"}
_SHAPE = re.compile(r"[A-Za-z0-9-]{20,80}")
_PRIORITIES = {"critical": "P1", "high": "P2", "medium": "P3", "low": "P4"}
_REFUSED = "Opsgenie does not take the key: check the key, the region and that the integration may create and update alerts"
_MEANINGS = {401: _REFUSED, 403: _REFUSED, 422: "Opsgenie did not understand the message"}


class Opsgenie:
    """Alerts of one Opsgenie team."""

    id = "opsgenie"
    title = "Opsgenie"
    fields: Sequence[Field] = (_KEY, _REGION)

    def check(self, settings: Settings, policy: EgressPolicy) -> None:
        """Raise SettingRefused for what cannot work."""
        refuse_unusable(self.fields, settings)
        refuse_unless_matches(_KEY, settings, _SHAPE, "has to be the key of an API integration, such as xxxxxxxx-xxxx-…")
        refuse_unreachable(_KEY, _host(settings), policy)

    def send(self, message: Message, delivery_id: str, settings: Settings, policy: EgressPolicy) -> Sent:
        """Create, note on, acknowledge or close: by the thread, so a repetition is the same alert.

        An update sets the priority and says why in a note. A test closes itself.
        """
        alerts = f"{_host(settings)}/v2/alerts"
        this_one = f"{alerts}/{_alias(message)}"
        match message.occasion:
            case Occasion.ALERT_CLOSED:
                return _call(policy, f"{this_one}/close?identifierType=alias", opsgenie_note(message), settings["key"])
            case Occasion.ALERT_ACKNOWLEDGED:
                url = f"{this_one}/acknowledge?identifierType=alias"
                return _call(policy, url, opsgenie_note(message), settings["key"])
            case Occasion.ALERT_UPDATED:
                url, priority = f"{this_one}/priority?identifierType=alias", {"priority": _priority(message)}
                raised = _call(policy, url, priority, settings["key"], method="PUT")
                noted = _call(policy, f"{this_one}/notes?identifierType=alias", opsgenie_note(message), settings["key"])
                return _both(raised, noted)
            case Occasion.TEST:
                made = _call(policy, alerts, opsgenie_alert(message), settings["key"])
                closed = _call(policy, f"{this_one}/close?identifierType=alias", opsgenie_note(message), settings["key"])
                return _both(made, closed)
            case _:
                return _call(policy, alerts, opsgenie_alert(message), settings["key"])


def opsgenie_alert(message: Message) -> dict[str, Any]:
    """Return what creates an alert, or counts one more of the same alias."""
    tags = ["litesoc", *([message.environment] if message.environment else [])]
    return {
        "message": cut(heading(message), MESSAGE_LENGTH_MAX),
        "alias": _alias(message),
        "description": cut(plain_body(message), DESCRIPTION_LENGTH_MAX),
        "priority": _priority(message),
        "source": "LiteSOC",
        "entity": cut(one_line(message.who), 512),
        "tags": tags,
        "details": {"url": message.url} if message.url else {},
    }


def opsgenie_note(message: Message) -> dict[str, Any]:
    """Return what is written on an alert that exists."""
    note = "\n".join(filter(None, (heading(message), summary(message), message.url)))
    return {"note": cut(note, NOTE_LENGTH_MAX), "source": "LiteSOC"}


def _priority(message: Message) -> str:
    return _PRIORITIES.get(message.severity or "", "P5")


def _both(first: Sent, second: Sent) -> Sent:
    return Sent(f"{first.request}\n\n{second.request}", second.status, f"{first.answer}\n{second.answer}")


def _alias(message: Message) -> str:
    return message.thread or f"litesoc-{message.occasion.value.replace('.', '-')}"


def _host(settings: Settings) -> str:
    return _HOSTS[settings.get("region") or "US"]


def _call(policy: EgressPolicy, url: str, body: dict[str, Any], key: str, *, method: str = "POST") -> Sent:
    headers = {"Authorization": f"GenieKey {key}"}
    answer, sent = post_json(policy, url, body, method=method, headers=headers, secrets=[key], within_s=_WITHIN_S)
    return judge(answer, sent, meaning=_MEANINGS.get(answer.status, ""))


OPSGENIE = Opsgenie()
