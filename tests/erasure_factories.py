"""Rows in which an erased actor is named, or after whose words an actor is called: where things come from and go to."""

from typing import Any

from django.utils import timezone

from litesoc_server.alerts.models import Alert
from litesoc_server.forwarding.models import Forwarder, RejectedRecord
from litesoc_server.inbound.models import SourceConnection, SourceCount
from litesoc_server.notify.message import Occasion
from litesoc_server.notify.models import Channel, Delivery, DeliveryAttempt, Notification, ThreadStart
from litesoc_server.notify.outbox import Addressed, notification_of, put
from litesoc_server.orgs.models import Organization
from litesoc_server.servers.models import Server

ADA, MAIL, NAME, ADDRESS = "usr_ada", "ada@x.example", "Ada Byron", "198.51.100.8"
ROY = "usr_ada2"


def pass_on(org: Organization, alert: Alert) -> None:
    """Write of Ada where things come from and go to: notifications, their log, lines of a server, errors of a forwarder."""
    channel = Channel.objects.create(org=org, kind="webhook", name="Hook", sealed_settings="")
    said = notification_of(alert, Occasion.ALERT_CREATED, "1")
    (delivery,) = put(said, [Addressed(channel=channel, due_at=timezone.now())])
    told = {"title": f"Attack on {ADA} and {ROY}", "summary": f"{NAME} was entered"}
    Notification.objects.filter(pk=said.pk).update(message=told, alert_body={"actor_email": MAIL})
    Delivery.objects.filter(pk=delivery.pk).update(reason=f"550 no such user {MAIL}")
    DeliveryAttempt.objects.create(
        delivery=delivery, duration_ms=1, is_success=False, request=f"To: {NAME}", answer=MAIL, error=f"550 {MAIL}"
    )
    Server.objects.create(org=org, environment="live", hostname="web-1", recent_lines=[f"sshd: Accepted {ADA}", ROY])
    forwarder = Forwarder.objects.create(
        org=org, environment="live", kind="http", name="SIEM", event_taken_s=1, last_error=f"cannot index {ADA}"
    )
    RejectedRecord.objects.create(forwarder=forwarder, record_id="r1", is_alert=False, reason=f"cannot index {MAIL}")


PASSED_ON = (
    (Notification, "org"),
    (Delivery, "org"),
    (DeliveryAttempt, "delivery__org"),
    (Server, "org"),
    (Forwarder, "org"),
    (RejectedRecord, "forwarder__org"),
)


def passed_on(org: Organization) -> str:
    return str([row for model, path in PASSED_ON for row in model.objects.filter(**{path: org}).values()])


def connect(org: Organization) -> None:
    """Set up what events come from and go to, with words of ours in every column that such words stand in."""
    end = '{"taken_s":1,"event_id":"auth","detection_row":0,"transition_row":0}'
    forwarder = Forwarder.objects.create(
        org=org,
        environment="live",
        kind="http",
        name="http",
        severities=["critical"],
        categories=["auth"],
        sealed_settings="auth-http",
        event_taken_s=1,
        event_id="auth",
        pending_end=end,
        pending_after="auth",
    )
    RejectedRecord.objects.create(forwarder=forwarder, record_id="auth", is_alert=False, reason="")
    source = SourceConnection.objects.create(
        org=org, environment="live", source="auth0", sealed_secret="auth-http", sealed_previous="http-auth"
    )
    SourceCount.objects.create(connection=source, day=timezone.now(), outcome="accepted", count=1)
    channel = Channel.objects.create(org=org, kind="http", name="http", sealed_settings="auth-http")
    ThreadStart.objects.create(
        channel=channel, thread="auth", message_id="auth", severity="critical", told_at=timezone.now()
    )


def connected(org: Organization) -> list[dict[str, Any]]:
    tables: tuple[tuple[Any, str], ...] = (
        *((Forwarder, "org"), (RejectedRecord, "forwarder__org"), (SourceConnection, "org")),
        *((SourceCount, "connection__org"), (Channel, "org"), (ThreadStart, "channel__org")),
    )
    return [row for model, path in tables for row in model.objects.filter(**{path: org}).values()]
