"""One value as typed, read as its field's kind of value."""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from ipaddress import IPv6Address, ip_address, ip_network

from litesoc_server.search.errors import QueryError
from litesoc_server.search.fields import Field, Kind
from litesoc_server.search.query import Between, Compared, Exactly, InNetwork, Operator, StartsWith, Value
from litesoc_server.search.scan import ScannedValue

NUMBER_MAX = 2**32 - 1  # an AS number; nothing that can be asked about is larger
_NUMBER = re.compile(r"(?P<operator>>=|<=|>|<|=)?(?P<number>[0-9]{1,10})")
_RANGE = re.compile(r"(?P<low>[0-9]{1,10})\.\.(?P<high>[0-9]{1,10})")
_AS_PREFIX = re.compile(r"(?i)\bAS(?=[0-9])")
_COUNTRY = re.compile(r"[A-Za-z]{2}")


def read_value(field: Field, typed: ScannedValue) -> Value:
    """Return what ``typed`` means for ``field``. Raises QueryError."""
    if typed.is_prefix:
        return _prefix(field, typed)
    if not typed.text and not typed.is_quoted:
        raise _wrong(typed, f"`{field.name}:` needs a value, for example `{field.example}`")
    return _READERS[field.kind](field, typed)


def read_address(text: str) -> Exactly | InNetwork | None:
    """Return the address or network in ``text`` in canonical form, None when there is none.

    IPv4 in IPv6 becomes IPv4 and zones are dropped, as with the addresses of events; bits behind a network's mask, too.
    """
    try:
        if "/" in text:
            return InNetwork(str(ip_network(text, strict=False)))
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return Exactly(str(address))


def _prefix(field: Field, typed: ScannedValue) -> StartsWith:
    if not field.takes_prefix:
        raise _wrong(typed, f"`{field.name}` takes no `*`; write a whole value, for example `{field.example}`")
    if not typed.text:
        raise _wrong(typed, f"write what `{field.name}` begins with before the `*`")
    return StartsWith(typed.text if field.kind in {Kind.ID, Kind.LABEL} else typed.text.lower())


def _text(_: Field, typed: ScannedValue) -> Exactly:
    return Exactly(typed.text)


def _name(_: Field, typed: ScannedValue) -> Exactly:
    return Exactly(typed.text.lower())


def _choice(field: Field, typed: ScannedValue) -> Exactly:
    wanted, known = typed.text.lower(), [value.text for value in field.values]
    if wanted in known:
        return Exactly(wanted)
    close = get_close_matches(wanted, known, n=1)
    if close:
        raise _wrong(typed, f"`{field.name}` is never `{typed.text}`; did you mean `{close[0]}`?", close[0])
    raise _wrong(typed, f"`{field.name}` is never `{typed.text}`; it is one of {', '.join(known)}")


def _number(field: Field, typed: ScannedValue) -> Compared | Between:
    text = _AS_PREFIX.sub("", typed.text) if field.name == "asn" else typed.text
    if (match := _NUMBER.fullmatch(text)) is not None:
        return Compared(Operator(match["operator"] or "="), _in_bounds(field, typed, match["number"]))
    if (match := _RANGE.fullmatch(text)) is not None:
        low, high = _in_bounds(field, typed, match["low"]), _in_bounds(field, typed, match["high"])
        if low > high:
            raise _wrong(typed, f"this range is empty; did you mean `{high}..{low}`?", f"{high}..{low}")
        return Between(low, high)
    name = field.name
    raise _wrong(typed, f"`{name}` is a whole number: `{name}:70`, `{name}:>70`, `{name}:<=70` or `{name}:10..20`")


def _in_bounds(field: Field, typed: ScannedValue, digits: str) -> int:
    if int(digits) > NUMBER_MAX:
        raise _wrong(typed, f"`{field.name}` is never larger than {NUMBER_MAX}")
    return int(digits)


def _address(field: Field, typed: ScannedValue) -> Exactly | InNetwork:
    value = read_address(typed.text)
    if value is None:
        hint = f"`{field.name}:203.0.113.9`, `{field.name}:203.0.113.0/24` or `{field.name}:203.0.*`"
        raise _wrong(typed, f"`{typed.text}` is no address: write {hint}")
    return value


def _country(field: Field, typed: ScannedValue) -> Exactly:
    if _COUNTRY.fullmatch(typed.text) is None:
        raise _wrong(typed, f"a country is written as its two letters, for example `{field.example}`")
    return Exactly(typed.text.upper())


def _wrong(typed: ScannedValue, message: str, suggestion: str | None = None) -> QueryError:
    return QueryError(message, position=typed.start, length=typed.length, suggestion=suggestion)


_READERS: Mapping[Kind, Callable[[Field, ScannedValue], Value]] = {
    Kind.ID: _text,
    Kind.LABEL: _text,
    Kind.NAME: _name,
    Kind.CHOICE: _choice,
    Kind.NUMBER: _number,
    Kind.ADDRESS: _address,
    Kind.COUNTRY: _country,
}
