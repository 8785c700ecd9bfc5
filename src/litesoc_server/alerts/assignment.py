"""Whose an alert is. Who leaves the organisation stays named on their alerts, as a former member."""

from django.db.models import Exists, OuterRef, Q

from litesoc_server.accounts.models import User
from litesoc_server.accounts.selectors import name_of
from litesoc_server.alerts.change import Change
from litesoc_server.alerts.lifecycle import carry_out
from litesoc_server.alerts.models import Action, Alert
from litesoc_server.orgs.members import members_who_may
from litesoc_server.orgs.models import Membership, Organization
from litesoc_server.orgs.principals import Who
from litesoc_server.orgs.roles import Permission

# Of an alert in a query: whether whoever looks after it is no member any more.
HAS_FORMER_ASSIGNEE = Q(assignee__isnull=False) & ~Exists(
    Membership.objects.filter(org=OuterRef("org"), user=OuterRef("assignee"))
)


class AssigneeRefused(Exception):
    """Nobody who may look after alerts of this organisation; the text is for people."""


def assignable(org: Organization, user_id: str | None) -> User | None:
    """Return the member with this id, and nobody for None. Raises AssigneeRefused."""
    if user_id is None:
        return None
    for user in members_who_may(org, Permission.TRIAGE):
        if str(user.id) == user_id:
            return user
    raise AssigneeRefused("this person cannot look after alerts here: choose a member who may triage")


def has_former_assignee(alert: Alert) -> bool:
    """Return whether whoever looks after ``alert`` is no member any more."""
    return Alert.objects.filter(HAS_FORMER_ASSIGNEE, pk=alert.pk).exists()


def assign(alert: Alert, assignee: User | None, *, who: Who) -> Alert:
    """Give ``alert`` to somebody, as `assignable` returned them, or to nobody. Raises TransitionContended."""
    return carry_out(alert, assignment(assignee, who=who))


def assignment(assignee: User | None, *, who: Who) -> Change:
    """Return what giving an alert to somebody changes; the history keeps their name."""
    return Change(
        action=Action.ASSIGN,
        who=who,
        fields={"assignee_id": None if assignee is None else assignee.pk},
        subject=None if assignee is None else name_of(assignee),
    )
