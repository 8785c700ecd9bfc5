"""One request to an address that somebody typed in: guarded, not redirected, bounded in time and in what is read of it."""

import email.utils
import socket
import ssl
import time
from collections.abc import Mapping
from functools import cache
from urllib.parse import urlsplit

import httpx
import msgspec

from litesoc_server import __version__
from litesoc_server.egress.guard import EgressRefused, NameUnknown, check_destination, guarded, is_proxied
from litesoc_server.egress.policy import EgressPolicy

WITHIN_S = 15.0  # for the whole request
READ_BYTES_MAX = 4_096  # of an answer's body, unless who asks needs more; the rest is not looked at
RETRY_AFTER_S_MAX = 24 * 3600.0
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Unreachable(Exception):
    """No answer came. The text says why; it may be another time."""


class Answer(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    headers: Mapping[str, str]  # names in small letters
    text: str  # the beginning of the body

    @property
    def retry_after_s(self) -> float | None:
        """How long it asks us to wait, RETRY_AFTER_S_MAX at most: seconds or a date (RFC 9110 section 10.2.3)."""
        value = self.headers.get("retry-after")
        if value is None:
            return None
        try:
            is_number = value.strip().isdecimal()
            seconds = float(value) if is_number else email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, OverflowError):  # nonsense; the second for years beyond the calendar
            return None
        return min(max(seconds, 0.0), RETRY_AFTER_S_MAX)


def check_url(policy: EgressPolicy, url: str, *, schemes: frozenset[str] = frozenset({"https", "http"})) -> None:
    """Raise EgressRefused if nothing may be sent to ``url``, NameUnknown if it leads nowhere; for who typed it in."""
    parts = urlsplit(url)
    try:
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise EgressRefused("the port is none: use 1 to 65535") from error
    if parts.scheme not in schemes:
        msg = f"the address must begin with {' or '.join(f'{one}://' for one in sorted(schemes))}"
        raise EgressRefused(msg)
    if not parts.hostname:
        raise EgressRefused("the address has no host name")
    if parts.username is not None or parts.password is not None:
        raise EgressRefused("leave user name and password out of the address")
    check_destination(policy, parts.hostname, port, by_proxy=is_proxied(url))


def send(
    policy: EgressPolicy,
    method: str,
    url: str,
    *,
    body: bytes,
    headers: Mapping[str, str],
    within_s: float = WITHIN_S,
    ca_pem: str = "",
    read_bytes_max: int = READ_BYTES_MAX,
) -> Answer:
    """Send one request and return the answer, whatever its status; redirects are answers too.

    ``ca_pem`` are certificates of authorities that are trusted in place of the public ones.
    Raises EgressRefused (nothing was sent, and never will be) and Unreachable. Blocking; not for an event loop. How long
    names are looked up is beyond ``within_s``.
    """
    if is_proxied(url):  # the proxy looks the name up: what can be judged here is what it leads to for us
        try:
            check_url(policy, url)
        except NameUnknown as unknown:
            raise Unreachable(str(unknown)) from unknown
    with guarded(policy, within_s=within_s) as scope:
        try:
            with (
                httpx.Client(
                    timeout=within_s,
                    follow_redirects=False,
                    headers=_HEADERS,
                    verify=tls_context(ca_pem) if ca_pem else _public_authorities(),
                ) as client,
                client.stream(method, url, content=body, headers=headers) as response,
            ):
                return Answer(response.status_code, dict(response.headers), _read(response, read_bytes_max))
        except httpx.InvalidURL as error:
            msg = f"the address cannot be used: {error}"
            raise EgressRefused(msg) from error
        except (httpx.LocalProtocolError, UnicodeError):  # their own texts quote the header, which may be a secret
            msg = "the address, a token or another setting holds characters that no request can carry: enter it again"
            raise EgressRefused(msg) from None
        except (httpx.HTTPError, OSError) as error:
            if scope.refusal is not None:
                raise scope.refusal from error
            if scope.is_out_of_time or isinstance(error, httpx.TimeoutException):
                msg = f"no answer within {within_s:g} seconds"
                raise Unreachable(msg) from error
            raise Unreachable(_why(error)) from error


@cache
def _public_authorities() -> ssl.SSLContext:
    """Return one context for all requests: to read the certificates of the public authorities takes 30 ms each time."""
    return httpx.create_ssl_context()


def tls_context(ca_pem: str) -> ssl.SSLContext | bool:
    """Return how the other side's certificate is verified: by ``ca_pem``, or by the public authorities where it is empty.

    Raises EgressRefused when ``ca_pem`` holds no certificate.
    """
    if not ca_pem:
        return True
    try:
        return ssl.create_default_context(cadata=ca_pem)
    except (ssl.SSLError, ValueError) as error:
        raise EgressRefused("the CA certificate cannot be read: paste it as PEM, with its BEGIN and END lines") from error


_HEADERS = {"User-Agent": f"litesoc-server/{__version__}", "Accept-Encoding": "identity"}


def _why(error: Exception) -> str:
    """Say for people why no answer came: what lies beneath tells it better than the library's own words."""
    cause: BaseException | None = error
    while cause is not None:
        match cause:
            case ssl.SSLCertVerificationError():
                return f"its certificate is not good: {cause.verify_message}"
            case socket.gaierror():
                return "its name leads to no address"
            case ConnectionRefusedError():
                return "nobody accepts connections there (connection refused)"
            case _:
                cause = cause.__cause__ or cause.__context__
    return str(error) or type(error).__name__


def _read(response: httpx.Response, bytes_max: int) -> str:
    content = b""
    for chunk in response.iter_raw():
        content += chunk
        if len(content) >= bytes_max:
            break
    # PostgreSQL keeps no NUL, and what was answered is written down there.
    return content[:bytes_max].decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
