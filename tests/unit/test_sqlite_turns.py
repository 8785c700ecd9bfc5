"""Turns are handed on in the order of asking, and none is lost."""

import threading

from http_client import wait_until
from litesoc_server.sqlite_turns.turns import Turns

LONG_S = 60


def test_whoever_waits_longest_is_next() -> None:
    turns, order = Turns(), list[int]()

    def have_a_turn(number: int) -> None:
        assert turns.take(LONG_S)
        order.append(number)
        turns.give()

    assert turns.take(0)
    threads = [threading.Thread(target=have_a_turn, args=(number,)) for number in range(5)]
    for waiting_count, thread in enumerate(threads, 1):
        thread.start()
        wait_until(
            lambda: turns.waiting_count, lambda count, wanted=waiting_count: count == wanted, what="a thread that waits"
        )
    turns.give()
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, 3, 4]


def test_whoever_gives_up_is_passed_over() -> None:
    turns = Turns()
    assert turns.take(0)
    assert not turns.take(0.01)
    assert turns.waiting_count == 0
    turns.give()
    assert turns.take(0)


def test_two_never_have_a_turn_at_once_and_none_is_lost() -> None:
    turns, inside, had = Turns(), list[int](), list[int]()

    def have_turns(number: int) -> None:
        for _ in range(100):
            if turns.take(0.001 if number % 2 else LONG_S):
                inside.append(number)
                assert inside == [number]
                inside.remove(number)
                had.append(number)
                turns.give()

    threads = [threading.Thread(target=have_turns, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert inside == []
    assert {number: had.count(number) for number in (0, 2, 4)} == {0: 100, 2: 100, 4: 100}
    assert turns.take(0)
