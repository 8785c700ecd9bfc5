"""Packed histories: what is put comes back once, and a file that cannot be written costs what it holds and no more."""

import logging
import resource
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from litesoc_server.pipeline.state.packed_histories import PackedHistories

MEGABYTE = 1_000_000


def test_histories_come_back_once_and_only_to_their_scope() -> None:
    packed = PackedHistories(MEGABYTE)
    packed.put("shop", "mira", b"of the shop")
    packed.put("shop|test", "mira", b"of its tests")
    packed.put("shop", "\udcff", b"of a name that is no text")
    assert packed.take("bank", "mira") is None
    assert packed.take("shop", "mira") == b"of the shop"
    assert packed.take("shop", "mira") is None
    assert packed.take("shop", "\udcff") == b"of a name that is no text"
    assert packed.take("shop|test", "mira") == b"of its tests"
    assert packed.bytes_used == 0


@contextmanager
def files_of_at_most(size: int) -> Generator[None]:
    """Let this process write no file beyond ``size`` bytes: what a full disk does to it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_costs_what_was_packed_and_is_said(caplog: pytest.LogCaptureFixture) -> None:
    packed = PackedHistories(100 * MEGABYTE)
    with caplog.at_level(logging.ERROR), files_of_at_most(MEGABYTE):
        for number in range(200):
            packed.put("shop", f"actor {number}", bytes(MEGABYTE // 10))
    assert "is lost, its temporary file failed" in caplog.text
    assert packed.bytes_used < 20 * MEGABYTE
    packed.put("shop", "mira", b"known again")
    assert packed.take("shop", "mira") == b"known again"
