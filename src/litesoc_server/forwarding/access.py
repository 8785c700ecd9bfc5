"""The only doors to forwarders: the organisation and the environment are always asked for."""

import uuid
from datetime import datetime, timedelta
from typing import Literal

from django.db.models import QuerySet
from django.utils import timezone

from litesoc_server.events.envelope import Environment
from litesoc_server.forwarding.models import Forwarder, RejectedRecord
from litesoc_server.orgs.models import Organization

State = Literal["working", "failing", "behind", "paused"]
RESTORED_WITHIN = timedelta(hours=1)  # after its removal: a slip is noticed soon
BEHIND_AFTER = timedelta(minutes=15)  # without having caught up: something sends more than the other side takes


def visible_forwarders(org: Organization, environment: Environment) -> QuerySet[Forwarder]:
    """Return the forwarders of one environment by name."""
    return _of(org, environment).filter(removed_at__isnull=True)


def get_forwarder(org: Organization, environment: Environment, forwarder_id: str | uuid.UUID) -> Forwarder:
    """Return one forwarder. Raises Forwarder.DoesNotExist, also for what is no id."""
    return visible_forwarders(org, environment).get(id=_parsed(forwarder_id))


def forwarder_by_name(org: Organization, environment: Environment, name_or_id: str) -> Forwarder:
    """Return a forwarder by its name or id, for the command line. Raises Forwarder.DoesNotExist."""
    found = visible_forwarders(org, environment).filter(name=name_or_id).first()
    return get_forwarder(org, environment, name_or_id) if found is None else found


def removed_forwarder(org: Organization, environment: Environment, name_or_id: str | uuid.UUID) -> Forwarder:
    """Return the forwarder of that id, or the last of that name, that was removed and can be brought back.

    Raises Forwarder.DoesNotExist.
    """
    removed = _of(org, environment).filter(removed_at__gte=timezone.now() - RESTORED_WITHIN).order_by("-removed_at")
    by_name = removed.filter(name=str(name_or_id)).first()
    return removed.get(id=_parsed(name_or_id)) if by_name is None else by_name


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


def _of(org: Organization, environment: Environment) -> QuerySet[Forwarder]:
    return Forwarder.objects.filter(org=org, environment=environment.value).order_by("name", "id")


def _parsed(forwarder_id: str | uuid.UUID) -> uuid.UUID:
    try:
        return forwarder_id if isinstance(forwarder_id, uuid.UUID) else uuid.UUID(forwarder_id)
    except ValueError as error:
        raise Forwarder.DoesNotExist from error
