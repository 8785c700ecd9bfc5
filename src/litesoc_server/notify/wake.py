"""Waking the deliverer of this process as soon as there is something to deliver; others look by themselves."""

import threading

from django.db import transaction

_woken = threading.Event()


def wake() -> None:
    """Let it look now."""
    _woken.set()


def wake_after_commit() -> None:
    """Let it look once the transaction is committed, at once outside of one."""
    transaction.on_commit(wake)


def wait_to_be_woken(within_s: float) -> None:
    """Return when something was committed since the last time, or after ``within_s``."""
    _woken.wait(within_s)
    _woken.clear()
