"""What a kind of destination asks for, and the refusal of what was typed in."""

from collections.abc import Mapping
from dataclasses import dataclass

Settings = Mapping[str, str]  # the values of a kind's fields by name, secrets included: never logged
VALUE_LENGTH_MAX = 4_000  # characters of one setting; the longest address of a vendor (Teams) has some 300


@dataclass(frozen=True)
class Field:
    """One thing a kind asks for."""

    name: str
    label: str
    help: str = ""
    placeholder: str = ""
    is_secret: bool = False  # kept sealed and shown again only as "is set"
    is_place: bool = False  # says where the secrets go: those that are kept do not go along to another place
    is_required: bool = True
    choices: tuple[str, ...] = ()  # the only values there are; the first is the default
    length_max: int = VALUE_LENGTH_MAX  # characters


class SettingRefused(Exception):
    """A setting cannot be used. The text is for who typed it in: what is wrong and the fix, without secrets."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message
