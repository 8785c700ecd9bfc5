"""Reading JSON that somebody may have tampered with."""

import json
from typing import Any, NoReturn


class NotJson(ValueError):
    """The text is no JSON that the audit log writes."""


def read_json(text: str) -> Any:  # noqa: ANN401 # whatever JSON can hold
    """Return what ``text`` says. Raises NotJson, also for a name that occurs twice: readers would differ on which holds."""
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise NotJson("not JSON") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
