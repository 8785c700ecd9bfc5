"""Several threads that do something at the same moment."""

import threading
from collections.abc import Callable, Sequence

from django.db import connection


def race(work: Sequence[Callable[[], object]]) -> None:
    """Do all of ``work`` at the same time, and raise what one of them raised."""
    problems: list[BaseException] = []
    gate = threading.Barrier(len(work))

    def run(do: Callable[[], object]) -> None:
        try:
            gate.wait()
            do()
        except BaseException as problem:  # noqa: BLE001 # shown by the test
            problems.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(do,)) for do in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]
