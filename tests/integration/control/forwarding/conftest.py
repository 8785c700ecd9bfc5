from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from control_factories import OrganizationFactory
from forward_receivers import Authority, HttpReceiver, SyslogReceiver
from litesoc_server.forwarding import batches
from litesoc_server.orgs.models import Organization
from notify_factories import LOOPBACK


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def receiver(authority: Authority) -> Iterator[HttpReceiver]:
    opened = HttpReceiver(authority)
    yield opened
    opened.close()


@pytest.fixture
def syslog(authority: Authority) -> Iterator[SyslogReceiver]:
    opened = SyslogReceiver(authority)
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def nothing_has_to_settle(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Let what was stored this second be sent; that younger events wait has a test of its own."""
    monkeypatch.setattr(batches, "EVENTS_SETTLE_S", -2)
    monkeypatch.setattr(batches, "CHANGES_SETTLE", timedelta(days=-10_000))
    settings.EGRESS_POLICY = LOOPBACK


@pytest.fixture
def org() -> Organization:
    organization: Organization = OrganizationFactory()
    return organization
