"""The page about roles is current."""

import runpy
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs"


def test_page_is_what_the_generator_prints() -> None:
    page = (DOCS / "reference" / "roles.md").read_text(encoding="utf-8")
    generated = runpy.run_path(str(DOCS / "generate_roles.py"))["render"]()
    assert page == generated, "run: python docs/generate_roles.py > docs/reference/roles.md"
