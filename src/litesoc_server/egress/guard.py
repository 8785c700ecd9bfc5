"""The guard: while it is up, this thread connects to nothing but what the policy allows, whichever library does it.

It sits on Python's audit events of sockets, which carry the very address that is reached. So a name is judged by what it
leads to in that moment, once, and a second answer of its name server, a redirect or an odd way to write
127.0.0.1 gains nothing. Libraries that do not go through Python's sockets (uvloop) are not for guarded threads.
Source: PEP 578 and the audit events table of the Python documentation.
"""

import contextlib
import os
import re
import socket
import sys
import threading
import urllib.request
from collections.abc import Generator, Sequence
from contextvars import ContextVar
from typing import cast
from urllib.parse import urlsplit

from litesoc_server.egress.policy import EgressPolicy

REFUSED_FIX = "the operator can allow it with LITESOC_EGRESS_ALLOW"
# What the public name system can hold: of several labels, the last a word and none that is kept for private use (RFC 6761,
# RFC 6762, ICANN's of 2024). So no odd way to write an address, and no machine's own name.
_PUBLIC_NAME = re.compile(
    r"([a-z0-9_-]{1,63}\.)+(?!(localhost|local|internal)\.?$)[a-z][a-z0-9-]{1,62}\.?", re.ASCII | re.IGNORECASE
)


class EgressRefused(OSError):
    """The address must not be reached. The text says why and what to do, for the person who typed it in."""


class NameUnknown(EgressRefused):
    """The name has no address for us. A good one may have one again in a minute, so what is sent there is tried again."""


class GuardedScope:
    """What one guarded piece of work connected to, and what it was refused."""

    def __init__(self, policy: EgressPolicy) -> None:
        self._policy = policy
        self._proxies, self._is_proxy_unknown = _proxy_addresses()
        self._connections: list[int] = []  # duplicates, since TLS takes the sockets themselves away
        self._lock = threading.Lock()
        self.refusal: EgressRefused | None = None  # the last: libraries swallow what is raised
        self.is_out_of_time = False

    def check(self, sock: socket.socket, address: object) -> None:
        """Let ``sock`` reach ``address``, or raise EgressRefused; OSError where it may be a proxy without address now."""
        if sock.family not in (socket.AF_INET, socket.AF_INET6):
            self._refuse("only addresses of the internet may be reached")
        host, port = cast("tuple[str, int]", address)[:2]
        if (host, port) not in self._proxies:
            reason = self._policy.refusal(host)
            if reason is not None and self._is_proxy_unknown:  # most proxies stand inside
                msg = f"{host} {reason}, or it is the proxy, whose name cannot be looked up just now"
                raise OSError(msg)
            if reason is not None:
                self._refuse(f"{host} {reason}: nothing is sent there; {REFUSED_FIX}")

    def keep(self, sock: socket.socket) -> None:
        """Keep a connection, to break it off when time is up; raise TimeoutError if it is."""
        with self._lock:
            if self.is_out_of_time:
                raise TimeoutError("no time is left")
            self._connections.append(os.dup(sock.fileno()))

    def cut(self) -> None:
        """Break off every connection: time is up."""
        with self._lock:
            self.is_out_of_time = True
            for connection in self._connections:
                # The same connection under another number: shutting it down wakes whoever reads from it.
                with contextlib.suppress(OSError), socket.socket(fileno=os.dup(connection)) as same:
                    same.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the duplicates back."""
        with self._lock:
            for connection in self._connections:
                os.close(connection)
            self._connections.clear()

    def _refuse(self, why: str) -> None:
        self.refusal = EgressRefused(why)
        raise self.refusal


_scope: ContextVar[GuardedScope | None] = ContextVar("egress_scope", default=None)
_installing = threading.Lock()
_installed: list[bool] = []  # an audit hook stays for good


@contextlib.contextmanager
def guarded(policy: EgressPolicy, *, within_s: float) -> Generator[GuardedScope]:
    """Guard what this thread connects to, and break its connections off after ``within_s`` seconds in all.

    A refused connection raises EgressRefused inside; where a library swallows it, the scope's ``refusal`` has it.
    Looking a name up is no connection and takes as long as the system lets it; then nothing is connected to any more.
    """
    _install()
    scope = GuardedScope(policy)
    timer = threading.Timer(within_s, scope.cut)
    timer.daemon = True
    token = _scope.set(scope)
    timer.start()
    try:
        yield scope
    finally:
        timer.cancel()
        _scope.reset(token)
        scope.close()


def check_destination(policy: EgressPolicy, host: str, port: int, *, by_proxy: bool = False) -> None:
    """Refuse what a guarded connection would refuse as things stand, so that people hear of it when they type it in.

    Raises EgressRefused; NameUnknown where ``host`` has no address. A name may lead elsewhere later: sending checks again.
    ``by_proxy``: a proxy connects, and may have an address where we have none. Where the name looks public, it is the judge.
    """
    try:
        addresses = resolve(host, port)
    except NameUnknown:
        if by_proxy and _PUBLIC_NAME.fullmatch(host):
            return
        raise
    for address in addresses:
        reason = policy.refusal(address)
        if reason is not None:
            where = host if host == address else f"{host} leads to {address}, which"
            msg = f"{where} {reason}: nothing is sent there; {REFUSED_FIX}"
            raise EgressRefused(msg)


def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of ``host`` as texts. Raises NameUnknown if there is none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
            msg = f"{host} cannot be looked up just now"
        else:
            msg = f"{host} has no address: check how it is spelled"
        raise NameUnknown(msg) from error
    return [str(one[4][0]) for one in found]


def is_proxied(url: str) -> bool:
    """Return whether requests to ``url`` go through a proxy (HTTPS_PROXY, ALL_PROXY, NO_PROXY), as httpx and requests do."""
    parts = urlsplit(url)
    proxies = urllib.request.getproxies()
    return bool(proxies.get(parts.scheme) or proxies.get("all")) and not urllib.request.proxy_bypass(parts.hostname or "")


def _proxy_addresses() -> tuple[frozenset[tuple[str, int]], bool]:
    """Return where the proxies are, and whether one has no address just now."""
    found: set[tuple[str, int]] = set()
    is_one_unknown = False
    for proxy in {urllib.request.getproxies().get(scheme) for scheme in ("http", "https", "all")} - {None, ""}:
        parts = urlsplit(proxy if "://" in str(proxy) else f"http://{proxy}")
        port = parts.port or {"https": 443, "socks5": 1080}.get(str(parts.scheme), 80)
        try:
            found.update((address, port) for address in resolve(str(parts.hostname), port))
        except NameUnknown:
            is_one_unknown = True
    return frozenset(found), is_one_unknown


_REACHING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})  # the last two with datagrams


def _install() -> None:
    with _installing:
        if not _installed:
            sys.addaudithook(_on_audit_event)
            _installed.append(True)


def _on_audit_event(event: str, arguments: tuple[object, ...]) -> None:
    if event not in _REACHING:
        return
    scope = _scope.get()
    if scope is not None and arguments[1] is not None:  # what is sent over a connection names no address
        sock = cast("socket.socket", arguments[0])
        scope.check(sock, arguments[1])
        if event == "socket.connect":
            scope.keep(sock)
