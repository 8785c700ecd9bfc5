"""The guard refuses by the address that is connected to, whatever library connects and however the address is written."""

import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from typing import Any

import httpx
import pytest
import requests

from forbidden_hosts import FORBIDDEN_HOSTS
from litesoc_server.egress.guard import EgressRefused, check_destination, guarded
from litesoc_server.egress.http import Unreachable, check_url, send
from litesoc_server.egress.policy import EgressPolicy

NOTHING_BUT_PUBLIC = EgressPolicy()
LOOPBACK_TOO = EgressPolicy((ip_network("127.0.0.0/8"), ip_network("::1/128")))


@contextmanager
def server(
    answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", *, pause_s: float = 0
) -> Iterator[tuple[int, list[bytes]]]:
    """Give the port of a server that answers each connection with ``answer``, byte by byte with pauses, and what came in."""
    seen: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    seen.append(connection.recv(65536))
                    for at in range(len(answer)) if pause_s else ():
                        connection.sendall(answer[at : at + 1])
                        time.sleep(pause_s)
                    connection.sendall(b"" if pause_s else answer)
                except OSError:
                    continue

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1], seen
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@pytest.mark.parametrize("host", FORBIDDEN_HOSTS)
def test_special_addresses_are_refused_when_they_are_typed_in_and_when_they_are_reached(host: str) -> None:
    with server() as (port, seen):
        url = f"http://{host}:{port}/"
        with pytest.raises(EgressRefused):
            check_url(NOTHING_BUT_PUBLIC, url)
        with pytest.raises(EgressRefused):
            send(NOTHING_BUT_PUBLIC, "POST", url, body=b"{}", headers={})
        assert seen == []


def test_what_the_operator_allows_is_reached() -> None:
    with server() as (port, seen):
        check_url(LOOPBACK_TOO, f"http://127.0.0.1:{port}/")
        answer = send(LOOPBACK_TOO, "POST", f"http://localhost:{port}/a", body=b"{}", headers={"X-A": "b"})
    assert (answer.status, answer.text) == (200, "ok")
    assert b"POST /a HTTP/1.1" in seen[0]


def test_a_name_that_leads_elsewhere_the_second_time_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: public while it is checked, this machine when it is connected to."""
    with server() as (port, seen):
        answers = iter(["93.184.215.14", "127.0.0.1"])
        real = socket.getaddrinfo

        def rebinding(host: Any, *args: Any, **named: Any) -> Any:
            return real(next(answers) if host == "rebinding.example" else host, *args, **named)

        monkeypatch.setattr(socket, "getaddrinfo", rebinding)
        url = f"http://rebinding.example:{port}/"
        check_url(NOTHING_BUT_PUBLIC, url)
        with pytest.raises(EgressRefused, match=r"127\.0\.0\.1 is this machine itself.*LITESOC_EGRESS_ALLOW"):
            send(NOTHING_BUT_PUBLIC, "POST", url, body=b"", headers={})
        assert seen == []


@pytest.mark.parametrize("library", ["httpx", "requests", "urllib", "socket"])
def test_the_guard_holds_for_every_library(library: str) -> None:
    with server() as (port, seen), guarded(NOTHING_BUT_PUBLIC, within_s=5) as scope:
        url = f"http://127.0.0.1:{port}/"
        with pytest.raises((OSError, httpx.HTTPError)):
            {
                "httpx": lambda: httpx.get(url),
                "requests": lambda: requests.get(url, timeout=5),
                "urllib": lambda: urllib.request.urlopen(url, timeout=5),
                "socket": lambda: socket.create_connection(("127.0.0.1", port)),
            }[library]()
        assert scope.refusal is not None
        assert seen == []


def test_the_guard_holds_for_datagrams() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inside,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        guarded(NOTHING_BUT_PUBLIC, within_s=5),
    ):
        inside.bind(("127.0.0.1", 0))
        inside.setblocking(False)
        with pytest.raises(EgressRefused):
            sender.sendto(b"x", inside.getsockname())
        with pytest.raises(EgressRefused):
            sender.sendmsg([b"x"], [], 0, inside.getsockname())
        with pytest.raises(BlockingIOError):
            inside.recv(1)


def test_other_threads_and_other_times_are_not_guarded() -> None:
    with server() as (port, _):
        with guarded(NOTHING_BUT_PUBLIC, within_s=5):
            reached: list[int] = []
            thread = threading.Thread(target=lambda: reached.append(httpx.get(f"http://127.0.0.1:{port}/").status_code))
            thread.start()
            thread.join()
            assert reached == [200]
        assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 200


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """Have requests go through a proxy, and give what came to it."""
    with server() as (port, seen):
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
        yield seen


def leading(monkeypatch: pytest.MonkeyPatch, places: dict[str, str | int]) -> None:
    """Let names lead to an address, or give them an error of the system's look-up; for "" the names that are not listed."""
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **named: Any) -> Any:
        place = places.get(host, "" if host[0].isdigit() or "" not in places else places[""])
        if isinstance(place, int):
            raise socket.gaierror(place, "as this test wants it")
        return real(place or host, *args, **named)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.parametrize("error", [socket.EAI_AGAIN, socket.EAI_NONAME])
def test_a_public_name_that_only_the_proxy_can_look_up_is_sent_to_it(
    error: int, proxy: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    leading(monkeypatch, {"": error})
    url = "http://hooks.shop.example/a"
    check_url(NOTHING_BUT_PUBLIC, url)
    assert send(NOTHING_BUT_PUBLIC, "POST", url, body=b"", headers={}).status == 200
    assert proxy[0].startswith(b"POST http://hooks.shop.example/a HTTP/1.1")


@pytest.mark.parametrize("host", FORBIDDEN_HOSTS)
def test_a_proxy_is_asked_for_no_forbidden_address(host: str, proxy: list[bytes]) -> None:
    with pytest.raises(EgressRefused):
        check_url(NOTHING_BUT_PUBLIC, f"http://{host}/")
    with pytest.raises(EgressRefused):
        send(NOTHING_BUT_PUBLIC, "POST", f"http://{host}/", body=b"", headers={})
    assert proxy == []


def test_a_proxy_is_asked_for_no_name_that_leads_inside(proxy: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    leading(monkeypatch, {"inside.shop.example": "10.0.0.1"})
    with pytest.raises(EgressRefused, match=r"leads to 10\.0\.0\.1"):
        send(NOTHING_BUT_PUBLIC, "POST", "http://inside.shop.example/", body=b"", headers={})
    assert proxy == []


@pytest.mark.parametrize(
    "host",
    [
        *("intranet", "localhost.", "metadata.google.internal", "printer.local", "a.localhost", "METADATA.GOOGLE.INTERNAL."),
        *("127.0.0.1.", "a.0x7f000001", "a.127", "127%2e0%2e0%2e1", "\uff11\uff12\uff17.0.0.1.", "shop..example"),
    ],
)
def test_a_proxy_is_asked_for_nothing_that_the_public_name_system_does_not_hold(
    host: str, proxy: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    leading(monkeypatch, {host.lower(): socket.EAI_NONAME, host: socket.EAI_NONAME})
    with pytest.raises(EgressRefused, match="no address"):
        check_url(NOTHING_BUT_PUBLIC, f"http://{host}/")
    with pytest.raises(Unreachable, match="no address"):
        send(NOTHING_BUT_PUBLIC, "POST", f"http://{host}/", body=b"", headers={})
    assert proxy == []


def test_a_proxy_whose_name_cannot_be_looked_up_for_a_moment_is_no_forbidden_address(
    proxy: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: Iterator[str | int] = iter([socket.EAI_AGAIN, "127.0.0.1"])
    monkeypatch.setenv("http_proxy", "http://proxy.inside.example:9")
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **named: Any) -> Any:
        place = next(answers) if host == "proxy.inside.example" else "93.184.215.14"
        if isinstance(place, int):
            raise socket.gaierror(place, "as this test wants it")
        return real(place, *args, **named)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(Unreachable, match="or it is the proxy, whose name cannot be looked up"):
        send(NOTHING_BUT_PUBLIC, "POST", "http://hooks.shop.example/", body=b"", headers={})
    assert proxy == []


def test_redirects_are_answers_and_not_followed() -> None:
    with server() as (inside, seen):
        redirect = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{inside}/\r\nContent-Length: 0\r\n\r\n".encode()
        with server(redirect) as (outside, _):
            answer = send(LOOPBACK_TOO, "POST", f"http://127.0.0.1:{outside}/", body=b"", headers={})
        assert answer.status == 302
        assert seen == []


def test_an_answer_that_comes_byte_by_byte_is_cut_off_in_time() -> None:
    began_s = time.monotonic()
    with (
        server(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1000, pause_s=0.05) as (port, _),
        pytest.raises(Unreachable, match=r"no answer within 0\.5 seconds"),
    ):
        send(LOOPBACK_TOO, "POST", f"http://127.0.0.1:{port}/", body=b"", headers={}, within_s=0.5)
    assert time.monotonic() - began_s < 10  # not the 50 s that the answer would take


def test_a_long_answer_is_read_in_part_only() -> None:
    with server(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"a" * 1_000_000) as (port, _):
        assert len(send(LOOPBACK_TOO, "POST", f"http://127.0.0.1:{port}/", body=b"", headers={}).text) == 4096


@pytest.mark.parametrize("secret", ["tok-SECRET\nX-Other: 1", "tok-SECRET\0", "tök-SECRET", "tok-SECRET\u2028"])
def test_a_header_that_cannot_be_sent_is_refused_and_not_quoted(secret: str) -> None:
    with server() as (port, seen), pytest.raises(EgressRefused, match="no request can carry") as caught:
        send(LOOPBACK_TOO, "POST", f"http://127.0.0.1:{port}/", body=b"", headers={"Authorization": f"Bearer {secret}"})
    assert "SECRET" not in str(caught.value)
    assert b"SECRET" not in b"".join(seen)


def test_nobody_there_is_unreachable_and_no_refusal() -> None:
    with server() as (port, _):
        pass
    with pytest.raises(Unreachable, match="nobody accepts connections there"):
        send(LOOPBACK_TOO, "POST", f"http://127.0.0.1:{port}/", body=b"", headers={})
    with pytest.raises(Unreachable, match="its name leads to no address"):
        send(LOOPBACK_TOO, "POST", "http://no-such-name.invalid/", body=b"", headers={})


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://example.com/", "must begin with"),
        ("file:///etc/passwd", "must begin with"),
        ("http:///path", "no host name"),
        ("https://user:secret@example.com/", "leave user name and password out"),
        ("https://example.com:99999/", "port"),
        ("https://no-such-name.invalid/", "no address"),
    ],
)
def test_addresses_that_are_none_are_refused_with_the_fix(url: str, words: str) -> None:
    with pytest.raises(EgressRefused, match=words):
        check_url(NOTHING_BUT_PUBLIC, url)


def test_public_addresses_pass() -> None:
    check_destination(NOTHING_BUT_PUBLIC, "93.184.215.14", 443)
    check_destination(NOTHING_BUT_PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c", 443)
