"""Logging: one line per record on stderr, JSON unless a person watches, and never the text of an exception."""

import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog

# Further members of a record that are shown; others of Django's hold whole requests.
_EXTRAS = frozenset({"error_id", "status_code"})
FRAMES_MAX = 12  # innermost frames shown of an exception


def describe_exception(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the exception of a log record by its type and where it was raised.

    The text of an exception can quote what somebody sent (a database's "Key (email)=(…) already exists"), so it is left out.
    """
    exc_info = event.pop("exc_info", None)
    if exc_info:
        kind, _, trace = sys.exc_info() if exc_info is True else exc_info
        if kind is not None:
            event["exception"] = f"{kind.__module__}.{kind.__qualname__}"
            event["raised_at"] = _frames(trace)
    return event


def leave_out_request(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace what Django says of a request by words without its text: it quotes the path and the client's headers."""
    logger = event["logger"]
    if logger.startswith("django.security."):
        event["event"] = f"a request was refused: {logger.rpartition('.')[2]}"
    elif logger == "django.request":
        event["event"] = "a request failed"
    return event


def _frames(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)[-FRAMES_MAX:]
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)


def logging_config(level: str, *, is_watched: bool) -> dict[str, Any]:
    """Return a configuration for ``logging.config.dictConfig`` that shows records from ``level`` upwards.

    ``is_watched`` says that a person reads along: lines for eyes instead of JSON.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [
                    structlog.stdlib.add_log_level,
                    structlog.stdlib.add_logger_name,
                    leave_out_request,
                    structlog.stdlib.ExtraAdder(allow=_EXTRAS),
                    structlog.processors.TimeStamper(fmt="iso", utc=True),
                    describe_exception,
                ],
                "processor": structlog.dev.ConsoleRenderer() if is_watched else structlog.processors.JSONRenderer(),
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django has handlers of its own here, for its development server and for mailing errors.
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            # Both tell each step of theirs at INFO.
            "alembic": {"level": "WARNING"},
            "httpx": {"level": "WARNING"},
            # It tells each try again to reach a store that is away; that the store is away is told once, by the writer.
            "urllib3": {"level": "ERROR"},
            # Every 4xx would be a line; they are answered, and counted where it matters.
            "django.request": {"level": "ERROR"},
        },
    }
