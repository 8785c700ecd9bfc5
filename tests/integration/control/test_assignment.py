import pytest

from control_factories import MembershipFactory, OrganizationFactory, UserFactory, make_alert
from litesoc_server.alerts.assignment import AssigneeRefused, assign, assignable
from litesoc_server.alerts.models import Alert, AlertTransition
from litesoc_server.orgs.models import Role
from litesoc_server.orgs.principals import Who

MIRA = Who(by="Mira", principal="user:1")


@pytest.fixture
def alert(db: None) -> Alert:
    return make_alert(OrganizationFactory())


def test_the_history_keeps_who_had_an_alert_when_they_are_gone(alert: Alert) -> None:
    jo = UserFactory(name="Jo")
    MembershipFactory(org=alert.org, user=jo)
    assign(alert, jo, who=MIRA)
    assign(alert, jo, who=MIRA)  # changes nothing
    jo.delete()
    alert.refresh_from_db()
    assert alert.assignee is None
    (line,) = AlertTransition.objects.filter(alert=alert)
    assert (line.action, line.subject, line.by, line.from_status, line.to_status) == ("assign", "Jo", "Mira", "open", "open")


def test_an_alert_can_be_given_back(alert: Alert) -> None:
    jo = MembershipFactory(org=alert.org).user
    assign(alert, jo, who=MIRA)
    assert assign(alert, None, who=MIRA).assignee is None
    assert list(AlertTransition.objects.values_list("subject", flat=True)) == [jo.email, None]


@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN, Role.ANALYST])
def test_members_who_may_triage_can_have_alerts(alert: Alert, role: Role) -> None:
    user = MembershipFactory(org=alert.org, role=role).user
    assert assignable(alert.org, str(user.id)) == user
    assert assignable(alert.org, None) is None


def test_nobody_else_can(alert: Alert) -> None:
    viewer = MembershipFactory(org=alert.org, role=Role.VIEWER).user
    stranger = MembershipFactory().user
    gone = MembershipFactory(org=alert.org, user=UserFactory(is_active=False)).user
    for user_id in (str(viewer.id), str(stranger.id), str(gone.id), "nonsense"):
        with pytest.raises(AssigneeRefused):
            assignable(alert.org, user_id)
