"""The rows that addresses name, looked for in the member's own organisation only."""

import uuid

from django.http import Http404

from litesoc_server.notify.access import get_channel, get_delivery, get_route, get_rule
from litesoc_server.notify.models import Channel, Delivery, EscalationRule, Route
from litesoc_server.web.member import Member


def find_channel(member: Member, channel_id: uuid.UUID) -> Channel:
    """Return a channel. Raises Http404."""
    try:
        return get_channel(member.org, channel_id)
    except Channel.DoesNotExist as error:
        raise Http404 from error


def find_route(member: Member, route_id: uuid.UUID) -> Route:
    """Return a route. Raises Http404."""
    try:
        return get_route(member.org, route_id)
    except Route.DoesNotExist as error:
        raise Http404 from error


def find_rule(member: Member, rule_id: uuid.UUID) -> EscalationRule:
    """Return an escalation rule. Raises Http404."""
    try:
        return get_rule(member.org, rule_id)
    except EscalationRule.DoesNotExist as error:
        raise Http404 from error


def find_delivery(member: Member, delivery_id: uuid.UUID) -> Delivery:
    """Return a delivery. Raises Http404."""
    try:
        return get_delivery(member.org, delivery_id)
    except Delivery.DoesNotExist as error:
        raise Http404 from error
