"""PagerDuty, through its Events API v2: an alert is triggered, acknowledged and resolved under one dedup_key.

Sources, below https://github.com/PagerDuty/developer-docs/blob/main/docs/events-API-v2/ and as pages below
https://developer.pagerduty.com/docs/: 02-Trigger-Events.md (key of 32 characters, summary 1,024, dedup_key 255; four
severities, three actions), 01-Overview.md (202, 400, 429; 512 KB in all; keys of rulesets, which begin with R, take no
change events), 03-Change-Events.md (digests: they page nobody), 05-Rate-Limits.md (some 120 calls a minute for each key);
https://support.pagerduty.com/main/docs/service-regions (the address for Europe). No page says how long a source may be.
"""

import re
from collections.abc import Sequence
from typing import Any

from litesoc_server.destinations.fields import Field, Settings
from litesoc_server.egress.policy import EgressPolicy
from litesoc_server.notify.channels.base import DeliveryFailed, Sent
from litesoc_server.notify.channels.cut import cut, one_line
from litesoc_server.notify.channels.given import refuse_unless_matches, refuse_unreachable, refuse_unusable
from litesoc_server.notify.channels.http_answer import judge
from litesoc_server.notify.channels.post import answered, post_json
from litesoc_server.notify.channels.words import bar_line, facts, figure_text, heading, listed, summary
from litesoc_server.notify.message import Message, Occasion

SUMMARY_LENGTH_MAX = 1_024
_WITHIN_S = 7.0  # a test sends two requests
_KEY = Field(
    "key",
    "Integration key",
    help="In PagerDuty: the service, Integrations, Add an integration, Events API V2, copy the key.",
    placeholder="32 letters and digits",
    is_secret=True,
)
_REGION = Field(
    "region", "Service region", help="EU if you sign in at eu.pagerduty.com.", is_required=False, choices=("US", "EU")
)
_HOSTS = {"US": "https://events.pagerduty.com", "EU": "https://events.eu.pagerduty.com"}
_SHAPE = re.compile(r"[A-Za-z0-9]{32}")
_SEVERITIES = {"critical": "critical", "high": "error", "medium": "warning", "low": "info"}
_ACTIONS = {Occasion.ALERT_ACKNOWLEDGED: "acknowledge", Occasion.ALERT_CLOSED: "resolve"}
_INFORMING = (Occasion.DIGEST, Occasion.CHANNEL_DISABLED)


class PagerDuty:
    """Incidents of one PagerDuty service."""

    id = "pagerduty"
    title = "PagerDuty"
    fields: Sequence[Field] = (_KEY, _REGION)

    def check(self, settings: Settings, policy: EgressPolicy) -> None:
        """Raise SettingRefused for what cannot work."""
        refuse_unusable(self.fields, settings)
        refuse_unless_matches(_KEY, settings, _SHAPE, "has to be 32 letters and digits")
        refuse_unreachable(_KEY, _host(settings), policy)

    def send(self, message: Message, delivery_id: str, settings: Settings, policy: EgressPolicy) -> Sent:
        """Trigger, acknowledge or resolve: by the thread, so a repetition is the same incident. A test resolves itself."""
        key = settings["key"]
        if message.occasion in _INFORMING:
            return _post(policy, f"{_host(settings)}/v2/change/enqueue", change_event(message, key), key)
        url = f"{_host(settings)}/v2/enqueue"
        sent = _post(policy, url, alert_event(message, key), key)
        if message.occasion is Occasion.TEST:
            resolved = _post(policy, url, {**alert_event(message, key), "event_action": "resolve"}, key)
            sent = Sent(f"{sent.request}\n\n{resolved.request}", resolved.status, f"{sent.answer}\n{resolved.answer}")
        return sent


def alert_event(message: Message, key: str) -> dict[str, Any]:
    """Return what opens, updates or resolves an incident."""
    event: dict[str, Any] = {
        "routing_key": key,
        "event_action": _ACTIONS.get(message.occasion, "trigger"),
        "dedup_key": message.thread or "litesoc-test",
        "client": "LiteSOC",
        "payload": {
            "summary": cut(heading(message), SUMMARY_LENGTH_MAX),
            "source": cut(one_line(message.org_name) or "LiteSOC", 255),
            "severity": _SEVERITIES.get(message.severity or "", "info"),
            "timestamp": message.at.isoformat(),
            "custom_details": _details(message),
        },
    }
    if message.url:
        event |= {"client_url": message.url, "links": [{"href": message.url, "text": "Open in LiteSOC"}]}
    return event


def change_event(message: Message, key: str) -> dict[str, Any]:
    """Return what informs and pages nobody."""
    event: dict[str, Any] = {
        "routing_key": key,
        "payload": {
            "summary": cut(heading(message), SUMMARY_LENGTH_MAX),
            "source": "LiteSOC",
            "timestamp": message.at.isoformat(),
            "custom_details": _details(message),
        },
    }
    return event | ({"links": [{"href": message.url, "text": "Open in LiteSOC"}]} if message.url else {})


def _details(message: Message) -> dict[str, Any]:
    details: dict[str, Any] = {"Summary": summary(message)} if message.summary else {}
    details |= dict(facts(message))
    lists = {
        "Figures": [figure_text(figure) for figure in message.figures],
        "Chart": [bar_line(message.bars)] if message.bars else [],
        "Alerts": listed([f"{line.severity.value.capitalize()}: {line.title}" for line in message.lines]),
        "Why": listed(message.why),
        "What to do": listed(message.actions),
    }
    return details | {label: list(texts) for label, texts in lists.items() if texts}


def _host(settings: Settings) -> str:
    return _HOSTS[settings.get("region") or "US"]


def _post(policy: EgressPolicy, url: str, body: dict[str, Any], key: str) -> Sent:
    answer, sent = post_json(policy, url, body, secrets=[key], within_s=_WITHIN_S)
    errors = answered(answer).get("errors")
    meaning = one_line("; ".join(map(str, errors)))[:200] if isinstance(errors, list) else ""
    try:
        return judge(answer, sent, meaning=meaning)
    except DeliveryFailed as failed:
        if "routing_key" in meaning:
            reason = (
                "PagerDuty does not know the integration key: copy it from the service's Events API V2 integration again"
            )
            raise DeliveryFailed(reason, sent=sent) from failed
        raise


PAGERDUTY = PagerDuty()
