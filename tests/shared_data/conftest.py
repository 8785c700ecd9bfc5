"""Where the data sets are that are not part of the repository."""

import os
from pathlib import Path

import pytest

_BESIDE_THE_REPOSITORY = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of the data sets: $LITESOC_TEST_SHARED_DATA, else ../shared/data."""
    folder = Path(os.environ.get("LITESOC_TEST_SHARED_DATA", _BESIDE_THE_REPOSITORY))
    assert folder.is_dir(), f"no data sets in {folder}: set LITESOC_TEST_SHARED_DATA to their folder"
    return folder
