from datetime import timedelta

import pytest
from django.utils import timezone

from control_factories import WHO, OrganizationFactory, make_suppression
from litesoc_server.orgs import suppressions
from litesoc_server.orgs.models import Suppression
from litesoc_server.orgs.policy_values import PolicyInvalid
from litesoc_server.orgs.suppression_changes import (
    UNDO_FOR,
    SuppressionChanged,
    can_take_end_back,
    set_expiry,
    take_end_back,
)
from litesoc_server.orgs.suppressions import end_suppression

pytestmark = pytest.mark.django_db


@pytest.fixture
def suppression() -> Suppression:
    return make_suppression(OrganizationFactory())


def test_the_expiry_is_changed_from_what_was_seen(suppression: Suppression) -> None:
    seen, wanted = suppression.expires_at, timezone.now() + timedelta(days=3)
    changed = set_expiry(suppression, wanted, was=seen, who=WHO)
    assert (changed.expires_at, changed.changed_by) == (wanted, WHO.principal)
    with pytest.raises(SuppressionChanged):
        set_expiry(suppression, wanted + timedelta(days=1), was=seen, who=WHO)


def test_an_expiry_that_cannot_be_is_refused(suppression: Suppression) -> None:
    for days in (-1, 400):
        with pytest.raises(PolicyInvalid):
            set_expiry(suppression, timezone.now() + timedelta(days=days), was=suppression.expires_at, who=WHO)


def test_one_that_has_ended_gets_no_other_expiry(suppression: Suppression) -> None:
    end_suppression(suppression, who=WHO)
    with pytest.raises(SuppressionChanged):
        set_expiry(suppression, timezone.now() + timedelta(days=1), was=suppression.expires_at, who=WHO)


def test_an_end_is_taken_back_for_a_while(suppression: Suppression) -> None:
    end_suppression(suppression, who=WHO)
    assert can_take_end_back(suppression)
    assert take_end_back(suppression, who=WHO).state == "active"
    assert take_end_back(suppression, who=WHO).state == "active"
    assert not can_take_end_back(suppression)


def test_an_old_end_stays(suppression: Suppression) -> None:
    end_suppression(suppression, who=WHO)
    Suppression.objects.update(ended_at=timezone.now() - UNDO_FOR)
    with pytest.raises(SuppressionChanged, match="too late"):
        take_end_back(suppression, who=WHO)
    assert not can_take_end_back(suppression)


def test_an_end_is_not_taken_back_over_the_limit(suppression: Suppression, monkeypatch: pytest.MonkeyPatch) -> None:
    end_suppression(suppression, who=WHO)
    make_suppression(suppression.org)
    monkeypatch.setattr(suppressions, "ACTIVE_MAX", 1)
    with pytest.raises(PolicyInvalid, match="1 suppressions in force"):
        take_end_back(suppression, who=WHO)
