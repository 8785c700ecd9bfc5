"""Reading a struct type for the first time must run no Python code, for that is where threads change places."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import msgspec

from litesoc_server.events.detection import AlertSeverity
from litesoc_server.events.structs import converter


class Prepared(msgspec.Struct):
    severity: AlertSeverity


class Unprepared(msgspec.Struct):
    severity: AlertSeverity


def _python_calls_during(act: Callable[[], object]) -> list[str]:
    calls: list[str] = []

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            calls.append(frame.f_code.co_name)

    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(None)
    return calls[1:]  # the first is the call of `act` itself


def test_a_converter_has_its_type_ready_before_anybody_calls_it() -> None:
    convert = converter(Prepared)
    assert _python_calls_during(lambda: convert({"severity": "high"})) == ["convert"]
    assert convert({"severity": "high"}) == Prepared(AlertSeverity.HIGH)


def test_without_it_the_first_use_builds_the_type_in_the_middle_of_the_call() -> None:
    assert len(_python_calls_during(lambda: msgspec.convert({"severity": "high"}, Unprepared))) > 1
