"""The pages on sources are current: the reference, and one page for each source with the steps that the dashboard shows."""

import runpy
from pathlib import Path

import pytest

from litesoc_server.sources import otlp
from litesoc_server.sources.auth0 import EVENT_OF_TYPE
from litesoc_server.sources.base import WebhookSource
from litesoc_server.sources.registry import WEBHOOK_SOURCES

DOCS = Path(__file__).parents[2] / "docs"


def test_page_is_what_the_generator_prints() -> None:
    page = (DOCS / "reference" / "sources.md").read_text(encoding="utf-8")
    generated = runpy.run_path(str(DOCS / "generate_sources.py"))["render"]()
    assert page == generated, "run: python docs/generate_sources.py > docs/reference/sources.md"


@pytest.mark.parametrize("source", WEBHOOK_SOURCES.values(), ids=list(WEBHOOK_SOURCES))
def test_every_source_has_a_page_with_its_steps(source: WebhookSource) -> None:
    page = (DOCS / "integrations" / f"{source.id}.md").read_text(encoding="utf-8")
    for step in source.setup:
        assert step in page


def test_the_page_on_opentelemetry_has_what_is_copied() -> None:
    page = (DOCS / "integrations" / "opentelemetry.md").read_text(encoding="utf-8")
    for snippet in otlp.SOURCE.snippets:
        assert snippet.text.replace("{address}", "https://YOUR-SERVER/v1/logs").replace("{key}", "lsoc_live_...") in page


def test_the_page_on_auth0_lists_every_type() -> None:
    page = (DOCS / "integrations" / "auth0.md").read_text(encoding="utf-8")
    assert [
        f"| `{log_type}` | `{name}` |"
        for log_type, name in EVENT_OF_TYPE.items()
        if f"| `{log_type}` | `{name}` |" not in page
    ] == []
