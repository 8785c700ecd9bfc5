"""What may stand in a stored policy: every setting with its bounds, and what is wrong with a value, said for people."""

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, get_type_hints

import msgspec

from litesoc_server.events.structs import converter
from litesoc_server.orgs.policy_lists import LISTS, ListRule, ValueRefused, shown
from litesoc_server.pipeline.policy import DetectionPolicy, setting_descriptions

NOT_SETTINGS = frozenset({"version", "retention_days", "privacy", "suppressions"})  # fields that come from elsewhere
NAMES_SHOWN_MAX = 3


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting of a policy."""

    name: str
    default: object  # as JSON has it
    rule: str  # what it must be, as the end of a sentence: "a whole number from 1 to 100,000"
    schema: Mapping[str, Any]  # the same as JSON Schema
    description: str


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Why a value cannot be taken."""

    setting: str
    text: str  # names the setting, what was sent and the fix


class PolicyInvalid(Exception):
    """Values that cannot be taken. Its text is for the one who sent them, never for a log: it quotes them."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(problem.text for problem in problems))
        self.problems = problems


_HINTS = {
    name: hint
    for name, hint in get_type_hints(DetectionPolicy, include_extras=True).items()
    if name in DetectionPolicy.__struct_fields__ and name not in NOT_SETTINGS
}
_READERS = {name: converter(hint) for name, hint in _HINTS.items()}
_DEFAULT = DetectionPolicy()


@cache
def settings() -> Mapping[str, Setting]:
    """Return every setting by its name, in the order of DetectionPolicy."""
    descriptions = setting_descriptions()
    found = {}
    for name, hint in _HINTS.items():
        schema = msgspec.json.schema(hint)
        rule = LISTS.get(name)
        if rule is not None:
            schema["maxProperties" if schema["type"] == "object" else "maxItems"] = rule.length_max
        found[name] = Setting(
            name=name,
            default=as_json(getattr(_DEFAULT, name)),
            rule=rule.what if rule is not None else _bounds_in_words(schema),
            schema=schema,
            description=rule.description if rule is not None else descriptions.get(name, ""),
        )
    return found


def as_json(value: object) -> object:
    """Return a field's value as JSON has it; sets in order, so that equal values look equal."""
    if isinstance(value, frozenset | tuple):
        return msgspec.to_builtins(sorted(value) if isinstance(value, frozenset) else list(value))
    return msgspec.to_builtins(value)


def checked(values: Mapping[str, object]) -> dict[str, object]:
    """Return ``values`` (setting -> value as JSON has it) in canonical form. Raises PolicyInvalid naming every problem."""
    canonical: dict[str, object] = {}
    problems = []
    for name, value in values.items():
        try:
            canonical[name] = as_json(_read(name, value))
        except ValueRefused as refused:
            problems.append(Problem(setting=name, text=refused.text))
    if problems:
        raise PolicyInvalid(tuple(problems))
    return canonical


def require_settings(names: Iterable[str]) -> None:
    """Return if each of ``names`` is a setting. Raises PolicyInvalid with the nearest ones."""
    problems = tuple(Problem(setting=name, text=_unknown(name)) for name in sorted(names) if name not in _READERS)
    if problems:
        raise PolicyInvalid(problems)


def require_few(names: Collection[str]) -> None:
    """Return if there are no more ``names`` than settings: each that is none costs milliseconds. Raises PolicyInvalid."""
    if len(names) > len(_READERS):
        text = f"{len(names):,} settings were sent, and there are {len(_READERS)}: send those that are to change"
        raise PolicyInvalid((Problem(setting="settings", text=text),))


def usable(stored: Mapping[str, object]) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """Return what of a stored document still holds, as field values of DetectionPolicy, and what no longer does.

    A release can drop a setting, a detector or narrow a bound: that setting then has its default again, or a list lacks the
    entry, and everything else stays in force.
    """
    fields: dict[str, Any] = {}
    problems = []
    for name, value in stored.items():
        try:
            fields[name] = _read(name, value)
        except ValueRefused as refused:
            problems.append(Problem(setting=name, text=refused.text))
            rule = LISTS.get(name)
            kept = None if rule is None else _readable_part(name, rule, value)
            if kept is not None:
                fields[name] = kept
    return fields, tuple(problems)


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, list(_READERS), n=NAMES_SHOWN_MAX, cutoff=0.5)
    fix = f"did you mean {' or '.join(near)}?" if near else "`litesoc policy show` and GET /detection/policy list them all"
    return f"there is no setting {shown(name)}: {fix}"


def _read(name: str, value: object) -> Any:  # noqa: ANN401 # the field's own type
    reader = _READERS.get(name)
    if reader is None:
        raise ValueRefused(_unknown(name))
    rule = LISTS.get(name)
    try:
        if rule is not None:
            value = rule.canonical(value)
        return reader(value)
    except ValueRefused as refused:
        msg = f"{name} {refused.text}"
        raise ValueRefused(msg) from None
    except msgspec.ValidationError:
        msg = f"{name} must be {settings()[name].rule}; {shown(value)} was sent"
        raise ValueRefused(msg) from None


def _readable_part(name: str, rule: ListRule, value: object) -> Any:  # noqa: ANN401 # the field's own type
    """Return the entries of a list that still hold; None when it is no list at all any more."""
    try:
        return _READERS[name](rule.canonical_part(value))
    except (msgspec.ValidationError, ValueRefused):
        return None


def _bounds_in_words(schema: Mapping[str, Any]) -> str:
    match schema.get("type"):
        case "integer":
            return f"a whole number{_range_in_words(schema)}"
        case "number":
            return f"a number{_range_in_words(schema)}"
        case "boolean":
            return "true or false"
        case "array":
            return "a list"
        case "object":
            return "an object"
        case _:
            return f"one of {', '.join(map(str, schema['enum']))}" if "enum" in schema else "as its schema says"


def _range_in_words(schema: Mapping[str, Any]) -> str:
    least, above, most = schema.get("minimum"), schema.get("exclusiveMinimum"), schema.get("maximum")
    if least is not None and most is not None:
        return f" from {least:,} to {most:,}"
    limits = (("above", above), ("at least", least), ("at most", most))
    words = " and ".join(f"{word} {limit:,}" for word, limit in limits if limit is not None)
    return f" {words}" if words else ""
