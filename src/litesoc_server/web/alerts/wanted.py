"""Which alerts the address of a list asks for."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from django.db.models import QuerySet
from django.http import QueryDict

from litesoc_server.alerts.access import visible_alerts
from litesoc_server.alerts.facets import FACETS, Chosen, narrowed
from litesoc_server.alerts.listing import Cursor, CursorInvalid, Sort, read_cursor
from litesoc_server.alerts.models import Alert, Status
from litesoc_server.alerts.search import search_alerts
from litesoc_server.pipeline.normalise.text import clean_text
from litesoc_server.search.alert_fields import ALERT_FIELDS
from litesoc_server.search.errors import QueryError
from litesoc_server.web.member import Member
from litesoc_server.web.query_text import QueryText, read_query

ALL = "all"  # stands where a status would: every tab together
DEFAULT_TAB = Status.OPEN.value
ME = "me"  # stands where an assignee's id would
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
VALUES_MAX = 100  # of one facet
_PAGING = ("after", "since")  # parameters that say where, not what


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A list of alerts: which, in which order, from where on."""

    tab: str  # a status, or ALL
    chosen: Chosen
    sort: Sort
    after: Cursor | None
    typed: QueryText  # in the query bar; with a mistake in it nothing matches
    matching: QuerySet[Alert]  # that the query finds, not narrowed to what is chosen

    @property
    def alerts(self) -> QuerySet[Alert]:
        """Return what is asked for."""
        return narrowed(self.matching, self.chosen)

    @property
    def is_narrowed(self) -> bool:
        """Whether more is asked than a tab."""
        return bool(self.typed.text) or any(self.chosen.values.values())


def wanted_by(query: QueryDict, member: Member) -> Wanted:
    """Return what the parameters of an address ask for. What they do not know is left out, a wrong query is noted."""
    tab = query.get("status", DEFAULT_TAB)
    if tab not in (*Status.values, ALL):
        tab = DEFAULT_TAB
    values = {facet: frozenset(map(clean_text, query.getlist(facet)[:VALUES_MAX])) for facet in FACETS}
    values["assignee"] = frozenset(str(member.user.id) if one == ME else one for one in values["assignee"])
    matching, typed = _matching(query.get("q", ""), member)
    return Wanted(
        tab=tab,
        chosen=Chosen(status=None if tab == ALL else Status(tab), values=values),
        sort=Sort.WORST if query.get("sort") == Sort.WORST else Sort.NEWEST,
        after=_place(query.get("after", "")),
        typed=typed,
        matching=matching,
    )


def filters_of(query: QueryDict) -> str:
    """Return the parameters that say which alerts, without the place in their list: "" or what follows the question mark."""
    kept = query.copy()
    for name in _PAGING:
        kept.pop(name, None)
    return kept.urlencode()


def microseconds_of(moment: datetime) -> int:
    """Return a moment as microseconds since 1970, exactly: databases keep as much, and a float does not."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(text: str) -> datetime | None:
    """Return the moment that an address names as microseconds since 1970, None when it is none."""
    try:
        return _EPOCH + int(text[:20]) * _MICROSECOND
    except (ValueError, OverflowError):
        return None


def _matching(text: str, member: Member) -> tuple[QuerySet[Alert], QueryText]:
    visible = visible_alerts(org_id=member.org_id, environment=member.environment, not_before=member.not_before)
    typed = read_query(text, ALERT_FIELDS, sees_places=member.sees_places)
    if typed.mistake is not None:
        return visible.none(), typed
    try:
        return search_alerts(visible, typed.query, me=member.user), typed
    except QueryError as mistake:
        return visible.none(), replace(typed, mistake=mistake)


def _place(text: str) -> Cursor | None:
    try:
        return read_cursor(text) if text else None
    except CursorInvalid:
        return None  # an address that was cut: the list begins at its top
