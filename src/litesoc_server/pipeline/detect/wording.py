"""How numbers, times, places and names are written in what people read. Never holds a raw user agent."""

from datetime import datetime, timedelta
from math import exp, log

from litesoc_server.events.event import Device, Geo, Network, NetworkKind
from litesoc_server.pipeline.state.windows import OBSERVATIONS_MAX

_NAME_LENGTH_MAX = 80  # characters shown of an id that a sender chose
_LIKELIHOOD_SHOWN_MAX = 1e9  # a model's figures are not that good
_TENTHS_BELOW = 9.95  # a factor that rounds to less than ten has one decimal
_KINDS = {
    NetworkKind.TOR: "Tor",
    NetworkKind.RELAY: "a privacy relay",
    NetworkKind.VPN: "a VPN",
    NetworkKind.PROXY: "a proxy",
    NetworkKind.GATEWAY: "a company's gateway",
    NetworkKind.SATELLITE: "a satellite link",
    NetworkKind.MOBILE: "a mobile network",
    NetworkKind.ISP: "an access network",
    NetworkKind.HOSTING: "a data centre",
}
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - UTC without saying so: "Z" is shorter to read than "+00:00"


def utc(at_ms: int) -> str:
    """Return Unix milliseconds as ISO 8601 in UTC, to the second."""
    return (_EPOCH + timedelta(milliseconds=at_ms)).isoformat(timespec="seconds") + "Z"


def duration(length_ms: float) -> str:
    """Return a length of time in words: "45 s", "7 min 31 s", "5 min", "1 h", "2 h 5 min", "3 d"."""
    seconds = max(0, round(length_ms / 1000))
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, seconds = divmod(rest, 60)
    if days and hours:  # this and the next are by far most: the risk score says one of every login
        return f"{days} d {hours} h"
    if hours and minutes and not days:
        return f"{hours} h {minutes} min"
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s")]
    shown = [f"{number} {unit}" for number, unit in parts if number][:2]
    return " ".join(shown) or "less than 1 s"


def span(first_ms: int, last_ms: int) -> str:
    """Return how long something took: "within 7 min 31 s"."""
    return f"within {duration(last_ms - first_ms)}"


def number(count: int) -> str:
    """Return a count in digits; one that has reached the state's ceiling is only a lower bound."""
    return f"at least {count:,}" if count >= OBSERVATIONS_MAX else f"{count:,}"


def times_as_likely(log_ratio: float) -> str:
    """Return the likelihood ratio of a natural logarithm, to two digits: "1,300", "more than 1,000,000,000"."""
    if log_ratio >= log(_LIKELIHOOD_SHOWN_MAX):
        return f"more than {_LIKELIHOOD_SHOWN_MAX:,.0f}"
    return f"{float(f'{exp(log_ratio):.1e}'):,.0f}"


def times(log_ratio: float) -> str:
    """Return how much one sign changes the odds, whichever way, to two digits: "1.3 times", "36 times", "1,300 times"."""
    factor = exp(abs(log_ratio))
    return f"{f'{factor:.1f}' if factor < _TENTHS_BELOW else times_as_likely(abs(log_ratio))} times"


def several(count: int, noun: str) -> str:
    """Return a count with its noun: "1 failed login", "147 failed logins", "2 addresses"."""
    return f"{number(count)} {_plural(noun)}" if count != 1 else f"1 {noun}"


def exactly(amount: int, noun: str) -> str:
    """Return an amount that a sender stated with its noun, however large: "48,000 rows"."""
    return f"{amount:,} {_plural(noun)}" if amount != 1 else f"1 {noun}"


def _plural(noun: str) -> str:
    return f"{noun}es" if noun.endswith("s") else f"{noun}s"


def name(text: str) -> str:
    """Return a sender's text fit to be read: on one line, without control characters, cut to 80 characters."""
    clean = text
    if not text.isprintable():
        clean = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return clean if len(clean) <= _NAME_LENGTH_MAX else clean[: _NAME_LENGTH_MAX - 1] + "…"


def place(geo: Geo | None) -> str:
    """Return a place in words: "Oslo, NO", "NO" or "an unknown place"."""
    if geo is None or geo.country_code is None:
        return "an unknown place"
    return f"{name(geo.city)}, {geo.country_code}" if geo.city else geo.country_code


def where(geo: Geo | None, net: Network | None) -> str:
    """Return place and network in words, without saying "unknown" twice."""
    if net is not None and net.special is not None:
        return network(net)
    is_place_known = geo is not None and geo.country_code is not None
    if not is_place_known and (net is None or net.asn is None):
        return "place and network unknown"
    return f"{place(geo)}, {network(net)}"


def network(net: Network | None) -> str:
    """Return a network in words: "AS224 (UNINETT)", "a private address" or "an unknown network"."""
    if net is not None and net.special is not None:
        return f"a {net.special.replace('_', '-')} address"
    if net is None or net.asn is None:
        return "an unknown network"
    return f"AS{net.asn} ({name(net.as_org)})" if net.as_org else f"AS{net.asn}"


def kind(of: NetworkKind) -> str:
    """Return a kind of network in words: "a VPN", "a data centre"."""
    return _KINDS[of]


def device(seen: Device | None) -> str:
    """Return a device in words: "Firefox on Linux" or "an unknown device"."""
    if seen is None or (seen.browser is None and seen.os is None):
        return "an unknown device"
    return f"{name(seen.browser or 'an unknown browser')} on {name(seen.os or 'an unknown system')}"
