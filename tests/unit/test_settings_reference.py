"""The settings page in docs/reference is current and names every setting."""

import runpy
from pathlib import Path

from litesoc_server.config import Config

DOCS = Path(__file__).parents[2] / "docs"


def test_page_is_what_the_generator_prints() -> None:
    page = (DOCS / "reference" / "settings.md").read_text(encoding="utf-8")
    generated = runpy.run_path(str(DOCS / "generate_settings.py"))["render"]()
    assert page == generated, "run: python docs/generate_settings.py > docs/reference/settings.md"


def test_every_setting_says_what_it_means() -> None:
    assert [name for name, field in Config.model_fields.items() if not field.description] == []
