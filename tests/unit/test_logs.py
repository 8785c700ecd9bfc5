import json
import logging
import sys
from types import TracebackType
from typing import Any

import pytest

from litesoc_server.logs import logging_config


def shown(message: str, *args: object, logger: str = "test", **more: Any) -> dict[str, Any]:
    """Return the line that a record becomes when nobody watches."""
    record = logging.getLogger(logger).makeRecord(logger, logging.ERROR, "file.py", 1, message, args, **more)
    formatter = logging_config("INFO", is_watched=False)["formatters"]["line"]
    line: dict[str, Any] = json.loads(formatter.pop("()")(**formatter).format(record))
    return line


@pytest.fixture
def failure() -> tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]:
    try:
        int("mira@shop.example")
    except ValueError:
        return sys.exc_info()
    raise AssertionError("int() takes no letters")


def test_the_text_of_an_exception_is_never_shown(failure: Any) -> None:
    line = shown("event %s failed", "019e7043", exc_info=failure)
    assert line["event"] == "event 019e7043 failed"
    assert (line["level"], line["logger"]) == ("error", "test")
    assert line["exception"] == "builtins.ValueError"
    assert line["raised_at"].startswith("test_logs.py:")
    assert "mira" not in str(line)


def test_of_what_comes_beside_the_text_only_the_id_is_shown() -> None:
    line = shown("bad", exc_info=None, extra={"error_id": "e1", "request": "GET /events?actor_id=mira@shop.example"})
    assert line["error_id"] == "e1"
    assert "mira" not in str(line)


@pytest.mark.parametrize(
    ("logger", "message", "args", "text"),
    [
        (
            "django.security.DisallowedHost",
            "Invalid HTTP_HOST header: 'mira@x'.",
            (),
            "a request was refused: DisallowedHost",
        ),
        ("django.security.csrf", "Forbidden (%s): %s", ("Origin is mira", "/mira"), "a request was refused: csrf"),
        ("django.request", "%s: %s", ("Service Unavailable", "/actors/mira@shop.example"), "a request failed"),
    ],
)
def test_django_does_not_quote_requests(logger: str, message: str, args: tuple[str, ...], text: str) -> None:
    line = shown(message, *args, logger=logger, exc_info=None, extra={"status_code": 400, "request": "mira"})
    assert (line["event"], line["logger"], line["status_code"]) == (text, logger, 400)
    assert "mira" not in str(line)
