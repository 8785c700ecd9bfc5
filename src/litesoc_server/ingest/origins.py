"""From which web pages an organisation's keys may be used (contract 8.4): exact origins, and wildcards for subdomains."""

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

ORIGINS_MAX = 200  # whatever the plan says: everything has a ceiling
ORIGIN_LENGTH_MAX = 255  # characters
ALWAYS_ALLOWED = frozenset({"http://localhost:3000", "https://127.0.0.1:3000"})  # contract 8.4: for development
_COMPILED_MAX = 1_024  # different lists
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_LABELS_BEHIND_WILDCARD_MIN = 2  # "*.com" would be half of the web
_WILDCARD = "*."


class OriginInvalid(Exception):
    """A text is no origin; the exception's own is a sentence that says why."""


class Origins:
    """The pages that one organisation authorised."""

    __slots__ = ("_exact", "_suffixes")

    def __init__(self, entries: Iterable[str]) -> None:
        """Take ``entries`` as ``canonical_origin`` returns them."""
        exact = set(ALWAYS_ALLOWED)
        suffixes: set[tuple[str, str]] = set()
        for entry in entries:
            scheme, _, rest = entry.partition("://")
            if rest.startswith(_WILDCARD):
                suffixes.add((scheme, rest[1:]))  # with its dot, so that whole labels are compared
            else:
                exact.add(entry)
        self._exact = frozenset(exact)
        self._suffixes = frozenset(suffixes)

    def include(self, origin: str) -> bool:
        """Return whether a page of ``origin``, as its browser sends it, may use the keys."""
        asked = origin.lower()
        if asked in self._exact:
            return True
        scheme, _, host = asked.partition("://")
        # Each name above: of https://a.b.example.com those are .b.example.com, .example.com and .com.
        position = host.find(".")
        while position > 0:
            if (scheme, host[position:]) in self._suffixes:
                return True
            position = host.find(".", position + 1)
        return False


NO_ORIGINS = Origins(())


@lru_cache(maxsize=_COMPILED_MAX)
def compiled_origins(entries: tuple[str, ...]) -> Origins:
    """Return stored origins ready to be asked; the same object for the same entries."""
    return Origins(entries)


def is_wildcard(entry: str) -> bool:
    """Return whether a canonical origin stands for subdomains."""
    return f"://{_WILDCARD}" in entry


def canonical_origin(text: str) -> str:
    """Return an origin as browsers send it: lower case, names in ASCII, without a port that the scheme implies.

    ``text`` is https://app.example.com, with a port if need be, or https://*.example.com for all subdomains. Raises
    OriginInvalid.
    """
    typed = text.strip()
    if len(typed) > ORIGIN_LENGTH_MAX:
        msg = f"It is longer than {ORIGIN_LENGTH_MAX} characters."
        raise OriginInvalid(msg)
    try:
        parts = urlsplit(typed)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise OriginInvalid("This is no address of a web page: write it as https://app.example.com.") from None
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS:
        raise OriginInvalid("It begins with https:// or http://.")
    if parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise OriginInvalid("Only scheme, host name and port belong here, such as https://app.example.com.")
    shown = f"[{host}]" if ":" in host else _ascii_name(host)
    suffix = "" if port is None or port == _DEFAULT_PORTS[scheme] else f":{port}"
    return f"{scheme}://{shown}{suffix}"


def _ascii_name(host: str) -> str:
    wildcard, name = (_WILDCARD, host[len(_WILDCARD) :]) if host.startswith(_WILDCARD) else ("", host)
    if "*" in name:
        raise OriginInvalid("A * stands only for whole names in front: https://*.example.com.")
    try:
        labels = (name if name.isascii() else name.encode("idna").decode("ascii")).split(".")
    except UnicodeError:
        labels = [""]
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise OriginInvalid("The host name is not valid.")
    if wildcard and (len(labels) < _LABELS_BEHIND_WILDCARD_MIN or labels[-1].isdigit()):
        raise OriginInvalid("A * needs a whole domain behind it: https://*.example.com.")
    return wildcard + ".".join(labels)
