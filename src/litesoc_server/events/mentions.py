"""Where a text names a person: what finds one actor's id, e-mail addresses and IP addresses, and takes them out."""

import re
from collections.abc import Collection

import msgspec

ERASED = "[erased]"  # stands where a name was

_SEARCHED_LENGTH_MIN = 3  # characters
_SEARCHED_DIGITS_MIN = 5  # of an id that is a number: shorter ones stand for anything

# "usr_1" is neither in "usr_12" nor in "usr_1-b", and "ada@x.example" not in "w.ada@x.example" or "ada@x.example.org"; the
# full stop of a sentence is no part of a name. An IPv6 address goes on after a colon, other names do not.
_BEFORE, _AFTER = r"(?<!\w)(?<!\w[.\-+@])", r"(?!\w)(?![.\-+@]\w)"
_AFTER_IPV6 = r"(?!:[0-9a-f:])"
# The same for RE2, which cannot look around: the first and the last group are kept.
_RE2_ESCAPE = r"(?:^|[^\\])(?:\\\\)*\\(?:[bfnrt]|u[0-9a-f]{4})[.\-+@]?"  # a line break is no letter, though JSON writes one
_RE2_BEFORE = rf"(^|[^\pL\pN_.\-+@]|(?:^|[^\pL\pN_])[.\-+@]|{_RE2_ESCAPE})"
_RE2_AFTER = r"($|[^\pL\pN_.\-+@]|[.\-+@](?:$|[^\pL\pN_]))"
_IPV6 = re.compile(r"[0-9a-fA-F:.]+")
_NUMBER = re.compile(r"[1-9][0-9]*")
_NEVER = "(?!)"


def is_searched_for(name: str) -> bool:
    """Return whether ``name`` is told apart from other words of a text; if not, only a whole value can be it."""
    return len(name) >= (_SEARCHED_DIGITS_MIN if name.isdecimal() else _SEARCHED_LENGTH_MIN)


class Mentions:
    """Finds names in texts. E-mail and IP addresses are the same in any case of letters, other names in one only.

    A name that is too short, or too small a number, to be told from other words counts only as a whole value, or as a whole
    part of a key such as ``account|actor:42``.
    """

    def __init__(self, names: Collection[str]) -> None:
        self._names = sorted({name for name in names if name}, key=lambda name: (-len(name), name))
        self._pattern = re.compile("|".join(map(_pattern_of, self._names)) or _NEVER)

    def __bool__(self) -> bool:
        """Return whether there is anything to find."""
        return bool(self._names)

    def is_in(self, text: str) -> bool:
        """Return whether ``text`` names the person."""
        return self._pattern.search(text) is not None

    def erase(self, text: str) -> str:
        """Return ``text`` with ERASED in place of each name."""
        return self._pattern.sub(ERASED, text)

    def is_within(self, value: object, *, with_keys: bool = False) -> bool:
        """Return whether any text in ``value``, what JSON decodes to, names the person.

        Keys are names of fields, which an actor may be called as well: they count where a sender chose them, ``with_keys``.
        """
        match value:
            case str():
                return self.is_in(value)
            case list() | tuple():
                return any(self.is_within(item, with_keys=with_keys) for item in value)
            case dict():
                keys = value if with_keys else ()
                return any(map(self.is_in, keys)) or any(
                    self.is_within(item, with_keys=with_keys) for item in value.values()
                )
            case _:
                return False

    def erase_within(self, value: object, *, fields: Collection[str] | None = None) -> object:
        """Return ``value``, what JSON decodes to, with ERASED in place of each name in any of its texts, but for keys.

        With ``fields`` only in what stands under one of these keys, at any depth: the rest are words of ours.
        """
        match value:
            case str():
                return self.erase(value) if fields is None else value
            case list() | tuple():
                return type(value)(self.erase_within(item, fields=fields) for item in value)
            case dict():
                return {
                    key: self.erase_within(item, fields=None if fields is None or key in fields else fields)
                    for key, item in value.items()
                }
            case _:
                return value

    @property
    def plain_names(self) -> tuple[str, ...] | None:
        """The names, if none is written in another way in JSON; else None."""
        is_plain = all(name.isascii() and name.isprintable() and not {'"', "\\"} & set(name) for name in self._names)
        return tuple(self._names) if is_plain else None

    def re2_in_json(self) -> tuple[str, ...]:
        r"""Return the patterns by which the event store finds the names in texts of JSON.

        What replaces a match is ``\\1…\\2``. Two names beside each other share what stands between: replace twice.
        """
        searched = "|".join(_re2(name) for name in self._names if is_searched_for(name))
        whole = "|".join(_re2(name) for name in self._names if not is_searched_for(name))
        patterns = ((searched, _RE2_BEFORE, _RE2_AFTER), (whole, '(")', '(")'))
        return tuple(f"{before}(?:{names}){after}" for names, before, after in patterns if names)

    @property
    def re2_numbers(self) -> str | None:
        r"""The pattern that finds ids that stand as numbers between the texts of compact JSON, for ``\\1…\\2`` as well."""
        numbers = "|".join(name for name in self._names if _NUMBER.fullmatch(name) and is_searched_for(name))
        return rf"([:,\[])(?:{numbers})($|[,\]}}])" if numbers else None


def _pattern_of(name: str) -> str:
    body = f"(?i:{re.escape(name)})" if _ignores_case(name) else re.escape(name)
    if not is_searched_for(name):
        return rf"(?:\A|(?<=\|)|(?<=actor:)){body}(?=\Z|\|)"
    return f"{_BEFORE}{body}{_AFTER}{_AFTER_IPV6 if _is_ipv6(name) else ''}"


def _re2(name: str) -> str:
    in_json = msgspec.json.encode(name).decode()[1:-1]
    escaped = "".join(char if char.isalnum() else f"\\x{{{ord(char):x}}}" for char in in_json)
    return f"(?i:{escaped})" if _ignores_case(name) else escaped


def _ignores_case(name: str) -> bool:
    return "@" in name or _is_ipv6(name)


def _is_ipv6(name: str) -> bool:
    return ":" in name and _IPV6.fullmatch(name) is not None


NOBODY = Mentions(())
