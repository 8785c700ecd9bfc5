"""Many alerts at once: copies of one that was made as production does, each of an incident of its own."""

import uuid
from datetime import timedelta
from typing import Any

from control_factories import make_alert
from litesoc_server.alerts.models import Alert
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.orgs.models import Organization

_GENERATED = {"severity_rank", "id", "incident_key", "created_at", "severity"}
_SEVERITIES = [severity.value for severity in AlertSeverity]


def make_alerts(org: Organization, count: int, **changes: Any) -> list[Alert]:
    """Make ``count`` alerts, a second between each and the next, the newest first, with severities in turn."""
    model = make_alert(org)
    fields = {field.attname: getattr(model, field.attname) for field in Alert._meta.concrete_fields}
    same = {**{name: value for name, value in fields.items() if name not in _GENERATED}, **changes}
    alerts = [
        Alert(
            **{
                **same,
                "id": uuid.uuid4(),
                "incident_key": f"credential_attack|ip:{index}",
                "severity": changes.get("severity", _SEVERITIES[index % len(_SEVERITIES)]),
                "created_at": model.created_at - timedelta(seconds=index),
            }
        )
        for index in range(count)
    ]
    model.delete()
    return Alert.objects.bulk_create(alerts, batch_size=500)
