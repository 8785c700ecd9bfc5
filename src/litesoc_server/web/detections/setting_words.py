"""Settings in plain words: what one is called, what unit its value has, and how the value is read."""

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

from litesoc_server.orgs.policy_values import Setting, settings
from litesoc_server.orgs.policy_view import detector_of
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.pipeline.policy import DAY_MS, HOUR_MS, MINUTE_MS
from litesoc_server.web.detections.setting_labels import LABELS

SECOND_MS = 1_000
UNITS_MS: Mapping[str, int] = {"days": DAY_MS, "hours": HOUR_MS, "minutes": MINUTE_MS, "seconds": SECOND_MS}
TITLES: Mapping[str, str] = {detector.id: detector.title for detector in DETECTORS}
LIST_SHOWN_MAX = 5  # entries of a list in a sentence

_UNIT_SUFFIXES = ("_ms", "_count", "_ratio", "_kmh", "_km", "_factor", "_share", "_hours")


class Kind(Enum):
    """What a value is, which decides how it is written."""

    DURATION = ""
    PERCENT = "%"
    SPEED = "km/h"
    DISTANCE = "km"
    TIMES = "times"
    HOURS = "hours"
    NUMBER = " "
    LIST = "list"
    SEVERITIES = "severities"

    @property
    def suffix(self) -> str:
        """What stands behind a number of this kind, "" for nothing."""
        return "" if self in (Kind.LIST, Kind.SEVERITIES) else self.value.strip()


def kind_of(setting: Setting) -> Kind:
    """Return what the values of ``setting`` are, which its name and its bounds say."""
    name, schema = setting.name, setting.schema
    if schema["type"] in ("array", "object"):
        return Kind.LIST if schema["type"] == "array" else Kind.SEVERITIES
    by_suffix = {"_ms": Kind.DURATION, "_kmh": Kind.SPEED, "_km": Kind.DISTANCE, "_hours": Kind.HOURS}
    for suffix, kind in by_suffix.items():
        if name.endswith(suffix):
            return kind
    if name.endswith(("_ratio", "_share", "_factor")):
        return Kind.PERCENT if schema.get("maximum") == 1 else Kind.TIMES
    return Kind.NUMBER


def label_of(name: str) -> str:
    """Return what people call a setting, without the name of its detector: "Shared failures"."""
    if name in LABELS:
        return LABELS[name]
    detector = detector_of(name)
    own = name if detector is None else name.removeprefix(f"{detector}_")
    for suffix in _UNIT_SUFFIXES:
        own = own.removesuffix(suffix)
    words = own.replace("_", " ")
    return words.replace("window", "time window").capitalize()


def value_in_words(name: str, value: object) -> str:
    """Return a value as people read it: "5 minutes", "25 %", "1,000 km/h", "none" for an empty list."""
    setting = settings().get(name)
    if isinstance(value, list):
        return list_in_words([str(entry) for entry in value])
    if isinstance(value, dict):
        return list_in_words([f"{TITLES.get(key, key)}: {one}" for key, one in value.items()])
    if setting is None or isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return number_in_words(kind_of(setting), value)


def number_in_words(kind: Kind, value: float) -> str:
    """Return a number of a kind as people read it."""
    if kind is Kind.DURATION:
        amount, unit = split_duration(int(value))
        return f"{plain(amount, grouped=True)} {unit[:-1] if amount == 1 else unit}"
    if kind is Kind.PERCENT:
        return f"{plain(exact(value) * 100)} %"
    shown = plain(exact(value), grouped=True)
    return f"{shown} {kind.suffix}" if kind.suffix else shown


def list_in_words(entries: list[str]) -> str:
    """Return the beginning of a list and how many more there are; "none" for an empty one."""
    more = len(entries) - LIST_SHOWN_MAX
    return (", ".join(entries[:LIST_SHOWN_MAX]) + (f" and {more:,} more" if more > 0 else "")) or "none"


def split_duration(length_ms: int) -> tuple[Decimal, str]:
    """Return a length of time in the largest unit that holds it in a whole number, else in seconds."""
    for unit, unit_ms in UNITS_MS.items():
        if length_ms % unit_ms == 0:
            return Decimal(length_ms // unit_ms), unit
    return Decimal(length_ms) / SECOND_MS, "seconds"


def exact(value: float) -> Decimal:
    """Return a number in the digits that it is written with."""
    return Decimal(repr(value))


def plain(number: Decimal, *, grouped: bool = False) -> str:
    """Return a number without an exponent and without zeros at its end."""
    text = f"{number:,f}" if grouped else f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def bounds_in_words(setting: Setting) -> str:
    """Return what a value of ``setting`` must be, as the end of a sentence and in the unit that people write it in."""
    kind, schema = kind_of(setting), setting.schema
    if kind in (Kind.LIST, Kind.SEVERITIES):
        return setting.rule
    return f"{_noun(kind, schema)}{_range(kind, schema)}"


def _noun(kind: Kind, schema: Mapping[str, Any]) -> str:
    match kind:
        case Kind.DURATION:
            return "a length of time"
        case Kind.PERCENT:
            return "a share"
        case _:
            return "a whole number" if schema["type"] == "integer" else "a number"


def _range(kind: Kind, schema: Mapping[str, Any]) -> str:
    least, above, most = schema.get("minimum"), schema.get("exclusiveMinimum"), schema.get("maximum")
    if least is not None and most is not None:
        return f" from {_first_bound(kind, least)} to {number_in_words(kind, most)}"
    assert above is not None  # the only other shape of bounds in DetectionPolicy: above one number, at most another
    assert most is not None
    return f" above {_first_bound(kind, above)} and at most {number_in_words(kind, most)}"


def _first_bound(kind: Kind, value: float) -> str:
    """Return the first of two bounds: the unit stands behind the second, except for times, whose units differ."""
    return number_in_words(kind, value) if kind is Kind.DURATION else plain(exact(value), grouped=True)
