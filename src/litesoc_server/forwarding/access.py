"""The only doors to forwarders: the organisation and the environment are always asked for."""

import uuid
from datetime import datetime, timedelta
from typing import Literal

from django.db.models import QuerySet

from litesoc_server.events.envelope import Environment
from litesoc_server.forwarding.models import Forwarder, RejectedRecord
from litesoc_server.orgs.models import Organization

State = Literal["working", "failing", "behind", "paused"]
BEHIND_AFTER = timedelta(minutes=15)  # without having caught up: something sends more than the other side takes


def visible_forwarders(org: Organization, environment: Environment) -> QuerySet[Forwarder]:
    """Return the forwarders of one environment by name."""
    return Forwarder.objects.filter(org=org, environment=environment.value).order_by("name", "id")


def get_forwarder(org: Organization, environment: Environment, forwarder_id: str | uuid.UUID) -> Forwarder:
    """Return one forwarder. Raises Forwarder.DoesNotExist, also for what is no id."""
    try:
        parsed = forwarder_id if isinstance(forwarder_id, uuid.UUID) else uuid.UUID(forwarder_id)
    except ValueError as error:
        raise Forwarder.DoesNotExist from error
    return visible_forwarders(org, environment).get(id=parsed)


def forwarder_by_name(org: Organization, environment: Environment, name_or_id: str) -> Forwarder:
    """Return a forwarder by its name or id, for the command line. Raises Forwarder.DoesNotExist."""
    found = visible_forwarders(org, environment).filter(name=name_or_id).first()
    return get_forwarder(org, environment, name_or_id) if found is None else found


def visible_rejected(forwarder: Forwarder) -> QuerySet[RejectedRecord]:
    """Return what the other side would not take, the newest first: forwarding.turn.REJECTED_KEPT_MAX at most."""
    return RejectedRecord.objects.filter(forwarder=forwarder)


def state_of(forwarder: Forwarder, now: datetime) -> State:
    """Return how a forwarder does."""
    if forwarder.is_paused:
        return "paused"
    if forwarder.failing_since is not None:
        return "failing"
    return "behind" if lag_of(forwarder, now) > BEHIND_AFTER else "working"


def lag_of(forwarder: Forwarder, now: datetime) -> timedelta:
    """Return for how long there has been more to send, or nothing been looked at."""
    return now - (forwarder.caught_up_at or forwarder.created_at)
