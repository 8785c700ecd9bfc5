import importlib.util
from pathlib import Path

SCRIPT = Path(__file__).parents[3] / "docs" / "generate_screenshots.py"


def test_every_address_is_in_the_table_of_pictures() -> None:
    spec = importlib.util.spec_from_file_location("generate_screenshots", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.missing_pages() == set(), "name it in PAGES or NO_PAGES of docs/generate_screenshots.py"
