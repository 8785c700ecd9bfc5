from pathlib import Path

from litesoc_server.pipeline.normalise.reference import render

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "events.md"


def test_the_page_is_current() -> None:
    command = "python -m litesoc_server.pipeline.normalise.reference > docs/reference/events.md"
    assert PAGE.read_text(encoding="utf-8") == render(), f"run: {command}"
