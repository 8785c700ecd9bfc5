from pathlib import Path

from litesoc_server.pipeline.detect.reference import render

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "detectors.md"


def test_the_page_is_what_the_detector_files_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run: python -m litesoc_server.pipeline.detect.reference > the page"
