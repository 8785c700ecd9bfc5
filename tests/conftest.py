"""What every test can ask for, and the order of the files."""

import pytest
from hypothesis import settings

import law_examples  # noqa: F401 # it registers the profiles
import made_once

pytest_plugins = ["servers", "contract.stream_cases", "contract.store_cases"]

made_once.begin()
settings.load_profile("some")  # unless --hypothesis-profile says otherwise


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regenerate-golden", action="store_true", help="write golden answers anew, to be reviewed like code")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that have minutes to run: at the end they would keep one worker busy and the others idle.

    A worker takes file by file (`--dist loadfile`), and the many short files of tests/unit come last by their name.
    """
    items.sort(key=lambda item: item.get_closest_marker("takes_minutes") is None)
