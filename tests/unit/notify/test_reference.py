"""The reference names every kind of channel and every service that Apprise reaches for us."""

from pathlib import Path

import pytest

from litesoc_server.notify.channels.apprise import SERVICES
from litesoc_server.notify.channels.registry import KINDS

REFERENCE = (Path(__file__).parents[3] / "docs" / "reference" / "notifications.md").read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_section(kind: str) -> None:
    assert f"\n## {KINDS[kind].title}\n" in REFERENCE


@pytest.mark.parametrize("scheme", SERVICES)
def test_every_service_is_named(scheme: str) -> None:
    assert f"`{scheme}://` | {SERVICES[scheme][0]} " in REFERENCE
