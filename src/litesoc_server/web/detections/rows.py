"""Settings as a page lists them: the value in force, the default, and where it comes from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from litesoc_server.orgs.models import PolicyChange
from litesoc_server.orgs.policy_view import DetectorInForce, SettingInForce
from litesoc_server.web.detections.setting_words import label_of, value_in_words

ENTRIES_SHOWN_MAX = 12  # of a list; the form has them all


@dataclass(frozen=True, kw_only=True)
class Row:
    """One setting as it is in force."""

    name: str  # "" for what has no setting of its own to reset
    label: str
    description: str
    value: str
    default: str
    is_changed: bool
    change: PolicyChange | None = None  # that set it, when the history still has it
    entries: tuple[str, ...] = ()  # of a list: the first of them
    more_count: int = 0
    is_list: bool = False


def rows_of(found: Iterable[SettingInForce], origins: Mapping[str, PolicyChange]) -> list[Row]:
    """Return the rows of settings."""
    return [_row(one, origins) for one in found]


def severity_row(found: DetectorInForce, change: PolicyChange | None) -> Row:
    """Return the row of a detector's severity, which has no setting of its own; ``change`` set it last."""
    usual = found.detector.severity.value.capitalize()
    chosen = "As the detector says" if found.severity is None else f"Always {found.severity.value}"
    return Row(
        name="",
        label="Severity of its alerts",
        description=f"Usually {usual.lower()}; its description says when it is another.",
        value=chosen,
        default="As the detector says",
        is_changed=found.severity is not None,
        change=change,
    )


def _row(found: SettingInForce, origins: Mapping[str, PolicyChange]) -> Row:
    name, value = found.setting.name, found.value
    entries = [str(entry) for entry in value] if isinstance(value, list) else []
    return Row(
        name=name,
        label=label_of(name),
        description=found.setting.description,
        value=value_in_words(name, value),
        default=value_in_words(name, found.setting.default),
        is_changed=found.is_overridden,
        change=origins.get(name) if found.is_overridden else None,
        entries=tuple(entries[:ENTRIES_SHOWN_MAX]),
        more_count=max(0, len(entries) - ENTRIES_SHOWN_MAX),
        is_list=isinstance(value, list),
    )
