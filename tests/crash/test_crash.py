"""The short version of `make crash`: one kill of the embedded server; more, and those with NATS, are part of `make soak`."""

from pathlib import Path

import pytest

from crash.harness import run


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("variant", "rounds"),
    [
        ("embedded", 1),
        pytest.param("embedded", 3, marks=pytest.mark.soak),
        pytest.param("nats", 3, marks=pytest.mark.soak),
    ],
)
def test_kill_nine_loses_and_doubles_nothing(variant: str, rounds: int, tmp_path: Path) -> None:
    verdict = run(tmp_path, rounds=rounds, variant=variant, seed=20261122, say=print)

    assert verdict.acknowledged > 500
    assert verdict.is_clean, verdict.summary()
