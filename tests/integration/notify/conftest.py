from typing import Any

import pytest
from django.utils import timezone

from control_factories import OrganizationFactory
from litesoc_server.clock import ManualClock
from litesoc_server.orgs.models import Organization
from notify_factories import LOOPBACK


@pytest.fixture(autouse=True)
def loopback_is_allowed(settings: Any) -> None:
    """Let channels reach receivers of the tests; what refuses them has tests of its own."""
    settings.EGRESS_POLICY = LOOPBACK


@pytest.fixture
def org(db: None) -> Organization:
    organization: Organization = OrganizationFactory()
    return organization


@pytest.fixture
def clock() -> ManualClock:
    """Begin after what the test puts into the outbox, which is due at its real time."""
    return ManualClock(round(timezone.now().timestamp() * 1_000) + 60_000)
