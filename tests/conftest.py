"""What every test can ask for."""

import pytest

pytest_plugins = ["servers", "contract.stream_cases", "contract.store_cases"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regenerate-golden", action="store_true", help="write golden answers anew, to be reviewed like code")
