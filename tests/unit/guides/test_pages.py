"""The pages in docs/integrations/ say what the setup guide says, and each is in the list."""

import importlib.util
import re
from pathlib import Path

import pytest

from litesoc_server.guides.integrations import INTEGRATIONS, Integration
from litesoc_server.guides.snippet_files import filled

DOCS = Path(__file__).parents[3] / "docs"
PLACEHOLDERS = {"key": "YOUR_API_KEY", "url": "http://127.0.0.1:8000"}


@pytest.mark.parametrize("one", INTEGRATIONS, ids=lambda one: one.id)
def test_the_page_is_up_to_date(one: Integration) -> None:
    spec = importlib.util.spec_from_file_location("generate_integrations", DOCS / "generate_integrations.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = (DOCS / "integrations" / f"{one.id}.md").read_text(encoding="utf-8")

    assert page == module.render(one), "run .venv/bin/python docs/generate_integrations.py"


@pytest.mark.parametrize(
    ("page", "file"),
    [("curl.md", "curl.sh"), ("sdks.md", "python_sdk.py"), ("sdks.md", "node_sdk.mjs"), ("sdks.md", "php_sdk.php")],
)
def test_pages_written_by_hand_show_the_same_code(page: str, file: str) -> None:
    assert filled(file, **PLACEHOLDERS) in (DOCS / "integrations" / page).read_text(encoding="utf-8")


def test_the_list_has_every_framework_and_no_page_that_is_not_there() -> None:
    index = (DOCS / "integrations" / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"\(([a-z0-9-]+\.md)\)", index))

    assert {f"{one.id}.md" for one in INTEGRATIONS} <= listed
    assert listed <= {page.name for page in (DOCS / "integrations").glob("*.md")}


@pytest.mark.parametrize("one", INTEGRATIONS, ids=lambda one: one.id)
def test_keys_are_read_from_the_environment_and_sources_are_named(one: Integration) -> None:
    environment, *files = one.steps(key="lsoc_live_secret", url="https://soc.shop.example")

    assert "LITESOC_API_KEY='lsoc_live_secret'" in environment.code
    assert not any("lsoc_live_secret" in step.code or "soc.shop.example" in step.code for step in files)
    assert one.documentation
    assert all(url.startswith("https://") for url in one.documentation)
