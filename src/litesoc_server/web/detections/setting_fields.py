"""A form for settings: what its fields show, and what was typed into them, read back."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from django.http import QueryDict

from litesoc_server.orgs.policy_values import PolicyInvalid, Problem, Setting, checked
from litesoc_server.orgs.policy_view import SettingInForce
from litesoc_server.web.detections.setting_words import (
    UNITS_MS,
    Kind,
    bounds_in_words,
    exact,
    kind_of,
    label_of,
    plain,
    split_duration,
    value_in_words,
)

NUMBER_LENGTH_MAX = 30  # characters; the longest number that may be set has 11
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?", re.ASCII)
_SEPARATED_BY_COMMAS = frozenset({"allowed_addresses", "allowed_asns", "blocked_countries"})
_AS_NUMBER = re.compile(r"(?:AS)?(\d{1,15})", re.ASCII | re.IGNORECASE)


@dataclass(kw_only=True)
class SettingField:
    """One setting in a form."""

    setting: Setting
    kind: Kind
    label: str
    text: str  # what stands in the field
    unit: str  # of a length of time, else ""
    default: str  # in words
    must_be: str
    error: str = ""
    units: tuple[str, ...] = field(default=tuple(UNITS_MS), repr=False)

    @property
    def name(self) -> str:
        """Its name in the form."""
        return self.setting.name

    @property
    def is_list(self) -> bool:
        """Whether it takes one entry a line."""
        return self.kind is Kind.LIST

    @property
    def is_duration(self) -> bool:
        """Whether a unit is chosen beside it."""
        return self.kind is Kind.DURATION

    @property
    def rows(self) -> int:
        """How high a list's field is."""
        return min(max(self.text.count("\n") + 2, 4), 14)


class _Unreadable(ValueError):
    """What was typed is no value of its kind."""


def fields_of(found: Iterable[SettingInForce]) -> list[SettingField]:
    """Return the fields for settings, filled with what is in force."""
    return [_field(one) for one in found]


def read_fields(fields: Iterable[SettingField], sent: QueryDict) -> dict[str, object]:
    """Read what was typed into ``fields``: setting -> value, None for an empty field, which means the default.

    The fields keep what was typed and say what is wrong with it. Raises PolicyInvalid when something is.
    """
    values: dict[str, object] = {}
    problems: list[Problem] = []
    for one in fields:
        one.text = str(sent.get(one.name, "")).replace("\r\n", "\n")
        one.unit = str(sent.get(f"{one.name}_unit", one.unit))
        try:
            values[one.name] = _read(one)
            if values[one.name] is not None:
                checked({one.name: values[one.name]})
        except _Unreadable:
            problems.append(Problem(setting=one.name, text=f"Must be {one.must_be}."))
        except PolicyInvalid as error:
            problems += [_reworded(one, problem) for problem in error.problems]
    if problems:
        show_problems(fields, problems)
        raise PolicyInvalid(tuple(problems))
    return values


def show_problems(fields: Iterable[SettingField], problems: Iterable[Problem]) -> None:
    """Put each problem beside its field."""
    texts = {problem.setting: problem.text for problem in problems}
    for one in fields:
        one.error = texts.get(one.name, one.error)


def _field(found: SettingInForce) -> SettingField:
    kind = kind_of(found.setting)
    text, unit = _typed(kind, found.value)
    return SettingField(
        setting=found.setting,
        kind=kind,
        label=label_of(found.setting.name),
        text=text,
        unit=unit,
        default=value_in_words(found.setting.name, found.setting.default),
        must_be=bounds_in_words(found.setting),
    )


def _typed(kind: Kind, value: object) -> tuple[str, str]:
    """Return a value as people type it, and its unit."""
    if isinstance(value, list):
        return "\n".join(map(str, value)), ""
    assert isinstance(value, int | float)  # the only other kinds that a form shows
    if kind is Kind.DURATION:
        amount, unit = split_duration(int(value))
        return plain(amount), unit
    number = exact(value)
    return plain(number * 100 if kind is Kind.PERCENT else number), ""


def _read(one: SettingField) -> object:
    if one.is_list:
        return _entries(one)
    text = one.text.strip()
    if not text:
        return None
    number = _number(text)
    if one.kind is Kind.DURATION:
        if one.unit not in UNITS_MS:
            raise _Unreadable
        number *= UNITS_MS[one.unit]
    elif one.kind is Kind.PERCENT:
        number /= 100
    if one.setting.schema["type"] != "integer":
        return float(number)
    if number != number.to_integral_value():
        raise _Unreadable
    return int(number)


def _number(text: str) -> Decimal:
    compact = text.replace(" ", "").removesuffix("%")
    if len(compact) > NUMBER_LENGTH_MAX:
        raise _Unreadable
    try:
        number = Decimal(compact.replace(",", "") if _GROUPED.fullmatch(compact) else compact)
    except InvalidOperation:
        raise _Unreadable from None
    if not number.is_finite() or abs(number.adjusted()) > NUMBER_LENGTH_MAX:
        raise _Unreadable
    return number


def _entries(one: SettingField) -> list[object]:
    lines = re.split(r"[\n,;\s]+" if one.name in _SEPARATED_BY_COMMAS else r"\n", one.text)
    entries = [line for line in lines if line.strip()]
    return [_as_number(entry) for entry in entries] if one.name == "allowed_asns" else list(entries)


def _as_number(entry: str) -> object:
    """Return the number of a network as people write it, AS64500; what is none stays for the list's own check to refuse."""
    match = _AS_NUMBER.fullmatch(entry)
    return int(match[1]) if match else entry


def _reworded(one: SettingField, problem: Problem) -> Problem:
    """Return a problem in the words of the form: values in the units that people typed, without the setting's name."""
    if not one.is_list:
        return Problem(setting=problem.setting, text=f"Must be {one.must_be}.")
    text = problem.text.removeprefix(f"{one.name} ")
    return Problem(setting=problem.setting, text=f"{text[:1].upper()}{text[1:]}.")


def differing(values: Mapping[str, object], fields: Iterable[SettingInForce]) -> dict[str, object]:
    """Return those of ``values`` that are not in force already."""
    in_force = {one.setting.name: one.value if one.is_overridden else None for one in fields}
    return {name: value for name, value in values.items() if value != in_force[name]}
