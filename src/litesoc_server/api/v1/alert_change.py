"""What somebody wants done to an alert: today's bodies and those of older SDKs, read into one decision (contract 1.8)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, TypeVar

from ninja import Schema
from pydantic import Field

from litesoc_server.alerts.models import Action, Resolution
from litesoc_server.ingest.responses import ErrorCode, Refused
from litesoc_server.pipeline.normalise.text import clean_text

NOTES_LENGTH_MAX = 2_000  # characters (contract 1.5)
NAME_LENGTH_MAX = 255

T = TypeVar("T")
Notes = Annotated[str | None, Field(max_length=NOTES_LENGTH_MAX)]

_ACTIONS = {"resolve": Action.RESOLVE, "mark_safe": Action.MARK_SAFE, "acknowledge": Action.ACKNOWLEDGE}
_ACTION_OF_STATUS = {
    "resolved": Action.RESOLVE,
    "dismissed": Action.MARK_SAFE,
    "safe": Action.MARK_SAFE,
    "acknowledged": Action.ACKNOWLEDGE,
}


class AlertChange(Schema):
    """The body of a change, as any client version writes it. The rules between the fields are in `decision_from`."""

    action: str | None = None
    status: str | None = None
    resolution_type: str | None = None
    internal_notes: Notes = None
    resolution_notes: Notes = None
    notes: Notes = None
    resolved_by: Annotated[str | None, Field(max_length=NAME_LENGTH_MAX)] = None


class AlertChangeById(AlertChange):
    """The same with the alert's id in the body."""

    alert_id: str


@dataclass(frozen=True)
class Decision:
    """What is to be done."""

    action: Action
    resolution: Resolution | None  # set if and only if the action is RESOLVE
    note: str | None
    by: str | None  # None: the caller did not say


def decision_from(change: AlertChange, *, action: Action | None = None) -> Decision:
    """Return the decision in ``change``; ``action`` is what the path says already. Raises Refused naming the field."""
    is_legacy = action is not None or change.action is None
    action = action or _action(change)
    note = change.internal_notes or change.resolution_notes or change.notes
    return Decision(
        action=action,
        resolution=_resolution(change.resolution_type, is_legacy=is_legacy) if action is Action.RESOLVE else None,
        note=None if not note else clean_text(note),
        by=None if not change.resolved_by or not change.resolved_by.strip() else clean_text(change.resolved_by.strip()),
    )


def _action(change: AlertChange) -> Action:
    if change.action is not None:
        return _known(_ACTIONS, "action", change.action)
    if change.status is not None:
        return _known(_ACTION_OF_STATUS, "status", change.status)
    raise Refused(ErrorCode.VALIDATION_FAILED, f"action is missing; it must be one of {_listed(_ACTIONS)}")


def _resolution(text: str | None, *, is_legacy: bool) -> Resolution:
    """Return the resolution; bodies of SDKs before 2.2 carry free text, which becomes "other"."""
    by_name = {resolution.value: resolution for resolution in Resolution}
    if is_legacy:
        return by_name.get((text or "").strip().lower(), Resolution.OTHER)
    if text is None:
        message = f"resolution_type is missing; to resolve it must be one of {_listed(by_name)}"
        raise Refused(ErrorCode.VALIDATION_FAILED, message)
    return _known(by_name, "resolution_type", text)


def _known(choices: Mapping[str, T], field: str, text: str) -> T:
    found = choices.get(text.strip().lower())
    if found is None:
        raise Refused(ErrorCode.VALIDATION_FAILED, f"{field} must be one of {_listed(choices)}")
    return found


def _listed(choices: Mapping[str, object]) -> str:
    return ", ".join(choices)
