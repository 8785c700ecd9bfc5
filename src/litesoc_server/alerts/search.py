"""A parsed query of alerts (search.alert_fields) as conditions of the database."""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Left
from django.db.models.lookups import Exact

from litesoc_server.accounts.models import User
from litesoc_server.alerts.models import Alert, AlertDetection
from litesoc_server.search.alert_fields import ME, NOBODY
from litesoc_server.search.errors import QueryError
from litesoc_server.search.query import Between, Compared, Exactly, InNetwork, Query, StartsWith, Term
from litesoc_server.search.query import Value as QueryValue

ADDRESSES_MAX = 20_000  # of alerts, in one network
_COLUMNS: Mapping[str, str] = {
    "status": "status",
    "severity": "severity",
    "type": "alert_type",
    "actor": "actor_id",
    "ip": "source_ip",
}
_ANYWHERE = ("title", "actor_id", "source_ip")  # where text without a field is looked for


def search_alerts(alerts: QuerySet[Alert], query: Query, *, me: User | None = None) -> QuerySet[Alert]:
    """Return those of ``alerts`` that match every term; ``me`` is who asks, where that is a person.

    Raises QueryError for a network with too many of them, and for `assignee:me` where nobody asks.
    """
    visible = alerts
    for term in query.terms:
        condition = Q()
        for one in _matches(term, visible, me):
            condition |= one
        # exclude() and not filter(~Q): what has no value matches no term, so the negation finds it.
        alerts = alerts.exclude(condition) if term.is_negated else alerts.filter(condition)
    return alerts


def _matches(term: Term, visible: QuerySet[Alert], me: User | None) -> Iterator[Q]:
    for value in term.values:
        if term.field is None:
            yield _anywhere(value)
        elif term.field == "detector":
            yield Q(Exists(AlertDetection.objects.filter(_text("detector", value), alert=OuterRef("pk"))))
        elif term.field == "assignee":
            yield _assigned_to(value, me)
        elif isinstance(value, InNetwork):
            yield Q(source_ip__in=_addresses_in(value.cidr, visible))
        else:
            yield _text(_COLUMNS[term.field], value)


def _anywhere(value: QueryValue) -> Q:
    assert isinstance(value, Exactly), "text without a field is always a whole text"
    condition = Q()
    for column in _ANYWHERE:
        condition |= Q(**{f"{column}__icontains": value.text})
    return condition


def _assigned_to(value: QueryValue, me: User | None) -> Q:
    match value:
        case Exactly(text=text) if text.lower() == NOBODY:
            return Q(assignee=None)
        case Exactly(text=text) if text.lower() == ME:
            if me is None:
                raise QueryError("an API key is nobody: name an e-mail address", position=0, length=1)
            return Q(assignee=me)
        case Exactly(text=text):
            return Q(assignee__email__iexact=text)
        case StartsWith(text=text):
            return Q(assignee__email__istartswith=text)
        case InNetwork() | Compared() | Between():
            raise AssertionError("people are found by their e-mail address")


def _text(column: str, value: QueryValue) -> Q:
    match value:
        case Exactly(text=text):
            return Q(**{column: text})
        case StartsWith(text=text):  # `startswith` would ignore case on SQLite
            return Q(Exact(Left(F(column), len(text)), Value(text)))
        case InNetwork() | Compared() | Between():
            raise AssertionError("alerts have no numbers, and networks only as addresses")


def _addresses_in(cidr: str, visible: QuerySet[Alert]) -> list[str]:
    """Return the addresses of alerts that are in a network. The databases have no arithmetic of addresses in common."""
    network = ip_network(cidr)
    known = visible.filter(source_ip__isnull=False).order_by().values_list("source_ip", flat=True).distinct()
    found = [text for text in known.iterator() if text and _is_in(text, network)]
    if len(found) > ADDRESSES_MAX:
        message = f"alerts are about more than {ADDRESSES_MAX:,} addresses of {cidr}: name a smaller network"
        raise QueryError(message, position=0, length=1)
    return found


def _is_in(text: str, network: IPv4Network | IPv6Network) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return address.version == network.version and address in network
