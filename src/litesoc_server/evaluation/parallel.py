"""Runs many seeds in processes of their own (spawned, never forked), each telling how far it is."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from ctypes import c_int
from multiprocessing.sharedctypes import Synchronized
from typing import TypeAlias, TypeVar

T = TypeVar("T")
P = TypeVar("P")
Work: TypeAlias = Callable[[P, Callable[[int], None]], T]
_POLL_S = 0.3
_progress: "list[Synchronized[int]]" = []  # of a worker process: one counter for all of them


def run_all(work: Work[P, T], plans: Sequence[P], *, jobs: int, advance: Callable[[int], None]) -> Iterator[T]:
    """Yield ``work(plan, tick)`` of every plan as they finish; ``advance`` hears how many ticks came since it last did.

    ``work`` calls ``tick(number of ticks)`` and is a function of a module. Raises BrokenProcessPool when a process dies.
    """
    if jobs == 1:
        for plan in plans:
            yield work(plan, advance)
        return
    context = multiprocessing.get_context("spawn")
    counter: Synchronized[int] = context.Value(c_int, 0)
    reported = 0
    pool = ProcessPoolExecutor(jobs, context, _keep, (counter,))
    try:
        waiting = {pool.submit(_run, work, plan) for plan in plans}
        while waiting:
            done, waiting = wait(waiting, _POLL_S, FIRST_COMPLETED)
            ticks = counter.value
            advance(ticks - reported)
            reported = ticks
            for future in done:
                yield future.result()
    except BaseException:  # Ctrl-C too: a run takes minutes, and nobody wants its result any more
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _keep(counter: "Synchronized[int]") -> None:
    _progress.append(counter)


def _run(work: Work[P, T], plan: P) -> T:
    def tick(count: int) -> None:
        counter = _progress[0]
        with counter.get_lock():
            counter.value += count

    return work(plan, tick)
