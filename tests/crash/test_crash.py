"""The short version of `make crash`: a few kills of the embedded server; with NATS they are part of `make soak`."""

from pathlib import Path

import pytest

from crash.harness import run


@pytest.mark.timeout(300)
@pytest.mark.parametrize("variant", ["embedded", pytest.param("nats", marks=pytest.mark.soak)])
def test_kill_nine_loses_and_doubles_nothing(variant: str, tmp_path: Path) -> None:
    verdict = run(tmp_path, rounds=3, variant=variant, seed=20261122, say=print)

    assert verdict.acknowledged > 500
    assert verdict.is_clean, verdict.summary()
