"""Channels, routes and alerts as tests of notifications need them."""

from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

from control_factories import NOW_MS, DetectionFactory, apply_detections, org_id_of
from litesoc_server.alerts.models import Alert
from litesoc_server.egress.policy import EgressPolicy
from litesoc_server.notify.channel_changes import add_channel
from litesoc_server.notify.models import Channel
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.principals import Who

WHO = Who(by="ops@shop.example", principal="operator")
NOW = datetime.fromtimestamp(NOW_MS / 1000, UTC)
LOOPBACK = EgressPolicy((ip_network("127.0.0.0/8"),))  # the operator allows what tests listen on
NOBODY = "http://127.0.0.1:9/hook"  # port 9 (discard): nobody listens there


def make_channel(org: Organization, *, name: str = "Hook", url: str = NOBODY) -> Channel:
    """Return a webhook of ``org``."""
    return add_channel(org, kind="webhook", name=name, settings={"url": url}, who=WHO)


def fire(org: Organization, **changes: Any) -> Alert:
    """Let a detection come, and return the alert that it made or changed."""
    detection = DetectionFactory(org_id=org_id_of(org), **changes)
    apply_detections([detection])
    return Alert.objects.get(detections__detection_id=detection.detection_id)
