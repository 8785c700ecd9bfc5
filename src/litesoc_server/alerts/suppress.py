"""From an alert to a suppression: more of the same needs no alert until a day."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from litesoc_server.alerts.change import Change
from litesoc_server.alerts.lifecycle import carry_out
from litesoc_server.alerts.models import Action, Alert
from litesoc_server.alerts.storm import STORM
from litesoc_server.orgs.models import Suppression
from litesoc_server.orgs.principals import Who
from litesoc_server.orgs.suppressions import create_suppression

# How long people want it: to get through a test, a day, a trip or a project. Any other end can be given as well.
LASTS = (
    ("1h", timedelta(hours=1)),
    ("1d", timedelta(days=1)),
    ("7d", timedelta(days=7)),
    ("30d", timedelta(days=30)),
)


@dataclass(frozen=True, kw_only=True)
class Matchers:
    """What a suppression matches; what is set must match together."""

    detector: str | None = None
    actor: str | None = None
    address: str | None = None


def suggested_matchers(alert: Alert) -> Matchers:
    """Return what of ``alert`` a suppression can match. A storm is about many things, so nothing of it."""
    if alert.detector == STORM:
        return Matchers()
    return Matchers(detector=alert.detector, actor=alert.actor_id, address=alert.source_ip)


def suppress_from(alert: Alert, matchers: Matchers, *, reason: str, expires_at: datetime, who: Who) -> Suppression:
    """Suppress what ``matchers`` say, and note it in the history of ``alert``, which itself stays as it is.

    Raises PolicyInvalid naming every problem, TransitionContended.
    """
    with transaction.atomic():
        suppression = create_suppression(
            alert.org,
            owner=who.by,
            reason=reason,
            expires_at=expires_at,
            detector=matchers.detector,
            actor=matchers.actor,
            address=matchers.address,
            who=who,
        )
        change = Change(action=Action.SUPPRESS, who=who, note=suppression.reason, subject=str(suppression.id))
        carry_out(alert, change)
    return suppression
