"""What every test can ask for."""

import pytest
from hypothesis import settings

pytest_plugins = ["servers", "contract.stream_cases", "contract.store_cases"]

settings.register_profile("no deadline", deadline=None)  # a machine that is busy otherwise is not an error
settings.load_profile("no deadline")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regenerate-golden", action="store_true", help="write golden answers anew, to be reviewed like code")
