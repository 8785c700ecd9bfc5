"""The only doors to channels, routes, rules and deliveries: the organisation is always asked for."""

import uuid
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from litesoc_server.notify.models import Channel, Delivery, DeliveryStatus, EscalationRule, Route
from litesoc_server.orgs.models import Membership, Organization

RESTORED_WITHIN = timedelta(hours=1)  # after its removal: a slip is noticed soon


def visible_channels(org: Organization) -> QuerySet[Channel]:
    """Return an organisation's channels by name, without those of single members."""
    return Channel.objects.filter(org=org, membership__isnull=True, removed_at__isnull=True).order_by("name", "id")


def get_channel(org: Organization, channel_id: str | uuid.UUID) -> Channel:
    """Return one of the organisation's channels. Raises Channel.DoesNotExist, also for what is no id."""
    return visible_channels(org).get(id=_parsed(channel_id, Channel.DoesNotExist))


def channel_by_name(org: Organization, name_or_id: str) -> Channel:
    """Return a channel by its name or id, for the command line. Raises Channel.DoesNotExist."""
    found = visible_channels(org).filter(name=name_or_id).first()
    return get_channel(org, name_or_id) if found is None else found


def removed_channel(org: Organization, name_or_id: str | uuid.UUID) -> Channel:
    """Return the channel of that id, or the last of that name, that was removed and can be brought back.

    Raises Channel.DoesNotExist.
    """
    removed = Channel.objects.filter(org=org, removed_at__gte=timezone.now() - RESTORED_WITHIN).order_by("-removed_at")
    by_name = removed.filter(name=str(name_or_id)).first()
    return removed.get(id=_parsed(name_or_id, Channel.DoesNotExist)) if by_name is None else by_name


def own_channel(membership: Membership) -> Channel | None:
    """Return the channel to a member's own e-mail address; None while there is none."""
    return Channel.objects.filter(membership=membership).first()


def visible_routes(org: Organization) -> QuerySet[Route]:
    """Return the routes of an organisation's channels, oldest first, without those of single members."""
    of_org = Route.objects.filter(org=org, channel__membership__isnull=True, channel__removed_at__isnull=True)
    return of_org.select_related("channel").order_by("channel__name", "created_at", "id")


def get_route(org: Organization, route_id: str | uuid.UUID) -> Route:
    """Return one route of an organisation's channel. Raises Route.DoesNotExist."""
    return visible_routes(org).get(id=_parsed(route_id, Route.DoesNotExist))


def own_routes(membership: Membership) -> QuerySet[Route]:
    """Return the routes to a member's own e-mail address."""
    return Route.objects.filter(org=membership.org, channel__membership=membership).select_related("channel")


def visible_rules(org: Organization) -> QuerySet[EscalationRule]:
    """Return an organisation's escalation rules, the quickest first."""
    return EscalationRule.objects.filter(org=org, channel__removed_at__isnull=True).select_related("channel")


def get_rule(org: Organization, rule_id: str | uuid.UUID) -> EscalationRule:
    """Return one rule. Raises EscalationRule.DoesNotExist."""
    return visible_rules(org).get(id=_parsed(rule_id, EscalationRule.DoesNotExist))


def visible_deliveries(
    org: Organization,
    *,
    channel: Channel | None = None,
    status: DeliveryStatus | None = None,
    since: datetime | None = None,
) -> QuerySet[Delivery]:
    """Return what was, or is to be, delivered through an organisation's channels, newest first."""
    found = Delivery.objects.filter(org=org, channel__membership__isnull=True, channel__removed_at__isnull=True)
    if channel is not None:
        found = found.filter(channel=channel)
    if status is not None:
        found = found.filter(status=status)
    if since is not None:
        found = found.filter(created_at__gte=since)
    return found.select_related("channel", "notification").order_by("-created_at", "-id")


def get_delivery(org: Organization, delivery_id: str | uuid.UUID) -> Delivery:
    """Return one delivery; its tries are ``delivery.attempts.all()``, newest first. Raises Delivery.DoesNotExist."""
    return visible_deliveries(org).get(id=_parsed(delivery_id, Delivery.DoesNotExist))


def pending_counts(org: Organization) -> dict[uuid.UUID, int]:
    """Return how many deliveries wait, by channel; channels without any are left out."""
    pending = Count("deliveries", filter=Q(deliveries__status=DeliveryStatus.PENDING))
    return dict(Channel.objects.filter(org=org).annotate(n=pending).filter(n__gt=0).values_list("id", "n"))


def _parsed(text: str | uuid.UUID, missing: type[Exception]) -> uuid.UUID:
    try:
        return text if isinstance(text, uuid.UUID) else uuid.UUID(text)
    except ValueError as error:
        raise missing("not an id") from error
