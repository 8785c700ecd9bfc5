"""Values of settings as people write and read them at the command line."""

import json
from typing import Any

from litesoc_server.cli.durations import duration_ms, shown_duration


def read_value(name: str, text: str) -> Any:  # noqa: ANN401 # whatever JSON knows
    """Return the value of setting ``name`` as people write it: a span of time, JSON, or a list with commas.

    What is none of these is returned as it is, for the setting's own check to refuse; but a time raises DurationUnreadable,
    which says how one is written.
    """
    try:
        return json.loads(text)
    except ValueError:
        if name.endswith("_ms"):
            return duration_ms(text)
        return [entry.strip() for entry in text.split(",") if entry.strip()] if _is_list(name) else text


def _is_list(name: str) -> bool:
    return name.startswith(("allowed_", "muted_", "blocked_"))


def allowed_entry(entry: str, *, is_user_agent: bool) -> tuple[str, str | int]:
    """Return the list that somebody means who allows ``entry``, and the entry as it stands there."""
    if is_user_agent:
        return "allowed_user_agents", entry
    number = entry.upper().removeprefix("AS")
    return ("allowed_asns", int(number)) if number.isascii() and number.isdigit() else ("allowed_addresses", entry)


def shown_value(name: str, value: object) -> str:
    """Return a setting's value as people read it."""
    if name.endswith("_ms") and isinstance(value, int):
        return shown_duration(value)
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {one}" for key, one in value.items()) or "-"
    return f"{value:,}" if isinstance(value, int | float) else str(value)
