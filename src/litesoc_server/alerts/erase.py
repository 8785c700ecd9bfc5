"""What becomes of alerts when a person is erased: those about them alone are deleted, others name them no more."""

import secrets
import uuid
from typing import Any

from django.db.models import Q, QuerySet

from litesoc_server.alerts.models import Alert
from litesoc_server.events.detection import NAMING_FIELDS
from litesoc_server.events.mentions import Mentions
from litesoc_server.pipeline.detect.subjects import actor_key, actor_subject, address_of, address_subject
from litesoc_server.store.actors import ActorNames

_OF_PERSON = ("geo", "network", "device", "risk_score")  # what a finding says of the actor's last event


def alerts_about(org_id: uuid.UUID, names: ActorNames) -> QuerySet[Alert]:
    """Return the alerts whose incident is the actor's alone, or an attack from an address that only the actor uses."""
    wanted = Q(pk__in=[])
    for one in names.ids:
        wanted |= Q(incident_key__endswith=f"|{actor_subject(actor_key(one))}")
    if names.addresses:
        keys = [f"|{address_subject(address_of(one))}" for one in names.addresses]
        of_address = Alert.objects.filter(org_id=org_id, source_ip__in=names.addresses).values_list("pk", "incident_key")
        wanted |= Q(pk__in=[pk for pk, key in of_address if key.endswith(tuple(keys))])
    return Alert.objects.filter(wanted, org_id=org_id)


def erase_from_alert(alert: Alert, names: ActorNames, mentions: Mentions) -> None:
    """Take the person out of an alert that is about others, too: names everywhere, and what is known of the actor.

    In a transaction that locks the alert. Its numbers stay, and the ids of events that are gone.
    """
    data: dict[str, Any] = alert.incident_data
    theirs = {*names.ids, *names.emails, *map(actor_key, names.ids)}
    for finding in data["findings"]:
        if _is_one_of(finding.get("actor_id"), theirs) or _is_one_of(finding.get("actor_email"), theirs):
            finding.update(dict.fromkeys(("actor_id", "actor_email", *_OF_PERSON)))
        if finding.get("source_ip") in names.addresses:
            finding.update(dict.fromkeys(("source_ip", *_OF_PERSON)))
    data["entered"] = [one for one in data.get("entered", ()) if not _is_one_of(one, theirs)]
    alert.incident_data = mentions.erase_within(data, fields=NAMING_FIELDS)
    alert.actor_id, alert.source_ip = alert.incident.actor_id, alert.incident.source_ip
    for field in ("title", "description", "resolved_by", "internal_notes"):
        setattr(alert, field, mentions.erase_within(getattr(alert, field)))
    if mentions.is_in(alert.incident_key):  # two that were told apart by the name are so still
        alert.incident_key = f"{mentions.erase(alert.incident_key)}|{secrets.token_hex(8)}"
    alert.save()


def _is_one_of(name: object, theirs: set[str]) -> bool:
    return isinstance(name, str) and (name in theirs or ("@" in name and name.lower() in theirs))
