"""Bounds the shutdown: the process ends in time, whatever does not answer."""

import logging
import os
import threading

log = logging.getLogger(__name__)

CLOSE_MAX_S = 6.0  # after build_http.GRACE_S; supervisors kill after ten seconds (docker stop)


def end_in_time(exit_code: int, *, close_max_s: float = CLOSE_MAX_S) -> None:
    """Give the orderly shutdown, which begins now, ``close_max_s``; then end the process as it stands.

    A database that takes connections and answers nothing can hold a thread for as long as its driver waits, some for ever,
    and no thread can be interrupted. Nothing is lost: whatever is not acknowledged is delivered again, as after a crash.
    """
    timer = threading.Timer(close_max_s, _end, [exit_code])
    timer.daemon = True  # an orderly end does not wait for it
    timer.start()


def _end(exit_code: int) -> None:
    log.warning("a database or server does not answer, ending without it; what it has not confirmed is delivered again")
    os._exit(exit_code)
