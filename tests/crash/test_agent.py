"""The short version of `make agent-crash`: a few kills of agent and server while a log grows and rotates."""

from pathlib import Path

import pytest

from crash.agent_harness import run


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_kill_nine_of_agent_and_server_loses_and_doubles_no_line(tmp_path: Path) -> None:
    verdict = run(tmp_path, agent_kills=2, server_kills=1, lines_per_s=1_000, rotate_every_s=1.5, seed=20261126, say=print)

    assert verdict.written > 1_000
    assert verdict.rotations > 2
    assert verdict.is_clean, verdict.summary()
