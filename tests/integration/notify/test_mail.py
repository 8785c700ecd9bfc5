"""Mails reach a real server: the installation's, or one of the channel's own with STARTTLS or TLS and a login."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from email.message import EmailMessage, Message
from typing import Any, cast

import msgspec
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from litesoc_server.destinations.fields import SettingRefused
from litesoc_server.egress.policy import EgressPolicy
from litesoc_server.notify.channels.base import DeliveryFailed
from litesoc_server.notify.channels.mail import MAIL
from mail_server import Mailbox, mail_server
from notify_messages import CLOSED, DIGEST, ESCALATED, HOSTILE, OPENED, UPDATED
from servers import free_port
from vendor_double import LOOPBACK_TOO, Authority, authority, lead

__all__ = ["authority"]  # a fixture
HOST = "mail.shop.example"
OWN = {
    "to": "ada@shop.example, bob@shop.example",
    "host": HOST,
    "user": "alerts",
    "password": "pa55-SECRET",
    "from": "soc@shop.example",
}


class Picky(Mailbox):
    """A mailbox that does not know everybody."""

    async def handle_RCPT(  # noqa: N802 # aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address.startswith("nobody"):
            return "550 no such mailbox"
        if address.startswith("busy"):
            return "451 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"


def login(_server: SMTP, _session: Session, _envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"alerts", b"pa55-SECRET")
    return AuthResult(success=good, handled=False)


@contextmanager
def own_server(monkeypatch: pytest.MonkeyPatch, authority: Authority, *, is_tls: bool = False) -> Iterator[Picky]:
    context = authority.server_context(authority.file.parent, HOST)
    opened = Picky(free_port())
    named: dict[str, Any] = {"ssl_context": context} if is_tls else {"tls_context": context, "require_starttls": True}
    controller = Controller(
        opened,
        hostname="127.0.0.1",
        port=opened.port,
        server_hostname=HOST,
        authenticator=login,
        auth_required=True,
        auth_require_tls=not is_tls,
        **named,
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    lead(monkeypatch, {HOST: ("127.0.0.1", opened.port)})
    controller.start()
    try:
        yield opened
    finally:
        controller.stop()


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # it does not know TLS from the first byte
@pytest.mark.parametrize("security", ["STARTTLS", "TLS"])
def test_a_server_of_ones_own_is_logged_into_over_tls(
    security: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    with own_server(monkeypatch, authority, is_tls=security == "TLS") as box:
        settings = {**OWN, "security": security}
        MAIL.check(settings, LOOPBACK_TOO)
        sent = MAIL.send(OPENED, "d-1", settings, LOOPBACK_TOO)
        mail = cast("EmailMessage", box.next())
    assert sent.status == 250
    assert "SECRET" not in sent.request + sent.answer
    assert mail["To"] == "ada@shop.example, bob@shop.example"
    assert mail["From"] == "LiteSOC <soc@shop.example>"
    assert mail["Subject"] == "High: Brute force from 198.51.100.77"
    assert mail["Message-ID"] == "<d-1@shop.example>"
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "23 failed logins from 198.51.100.77 in 5 minutes (threshold 5)" in text.get_content()
    assert OPENED.url in text.get_content()
    assert f'href="{OPENED.url}"' in html.get_content()


def test_one_incident_is_one_thread(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    with own_server(monkeypatch, authority) as box:
        mails: list[Message] = []
        for number, message in enumerate([OPENED, UPDATED, ESCALATED, CLOSED]):
            MAIL.send(message, f"d-{number}", OWN, LOOPBACK_TOO)
            mails.append(box.next())
        MAIL.send(DIGEST, "d-9", OWN, LOOPBACK_TOO)
        digest = cast("EmailMessage", box.next())
    assert {mail["References"] for mail in mails} == {f"<{OPENED.thread}.thread@shop.example>"}
    assert len({mail["Message-ID"] for mail in mails}) == 4
    assert len({mail["List-Id"] for mail in [*mails, digest]}) == 1
    assert all(mail["Auto-Submitted"] == "auto-generated" for mail in mails)
    assert [mail["Importance"] for mail in mails] == [None, "high", "high", None]
    assert mails[3]["Subject"] == "Re: High: Brute force from 198.51.100.77"
    html = digest.get_body(("html",))
    assert html is not None
    assert html.get_content().count("height:72px") == 1  # the highest bar


def test_texts_of_attackers_become_no_headers(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    with own_server(monkeypatch, authority) as box:
        MAIL.send(HOSTILE, "d-1", OWN, LOOPBACK_TOO)
        mail = cast("EmailMessage", box.next())
    assert mail["Bcc"] is None
    assert mail["To"] == OWN["to"]
    html = mail.get_body(("html",))
    assert html is not None
    assert "<script>" not in html.get_content()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": "wrong"}, "does not take user name and password"),
        ({"to": "nobody@shop.example"}, "refuses nobody@shop.example: no such mailbox"),
        ({"to": "busy@shop.example"}, "try again later"),
        ({"security": "none", "user": "", "password": ""}, "does not take the mail"),
        ({"security": "TLS"}, "cannot be reached"),
    ],
)
def test_what_the_server_refuses_is_told(
    changes: dict[str, str], words: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    with own_server(monkeypatch, authority), pytest.raises(DeliveryFailed) as caught:
        MAIL.send(OPENED, "d-1", {**OWN, **changes}, LOOPBACK_TOO)
    assert words in caught.value.reason
    assert not caught.value.is_permanent
    assert "SECRET" not in caught.value.reason


def test_what_some_recipients_got_does_not_come_again_for_the_others(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    with own_server(monkeypatch, authority) as box:
        to = "ada@shop.example, nobody@shop.example, bob@shop.example, busy@shop.example"
        sent = MAIL.send(OPENED, "d-1", {**OWN, "to": to}, LOOPBACK_TOO)
        assert box.next()["To"] == to
    assert sent.status == 250
    told = "nobody@shop.example: 550 no such mailbox; busy@shop.example: 451 try again later"
    assert sent.answer == f"accepted, but for {told}"


def test_an_answer_without_end_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        told = pool.submit(talk_on_and_on, server)
        lead(monkeypatch, {HOST: server.getsockname()[:2]})
        settings = {**OWN, "security": "none", "user": "", "password": ""}
        with pytest.raises(DeliveryFailed, match="does not take the mail"):
            MAIL.send(OPENED, "d-1", settings, LOOPBACK_TOO)
        assert told.result() < 32 * 1024 * 1024  # what the sockets themselves hold included


def talk_on_and_on(server: socket.socket) -> int:
    """Begin an answer that does not end; return how many bytes were sent until the other side hung up."""
    connection, _ = server.accept()
    lines, sent = (b"220-" + b"a" * 1_000 + b"\r\n") * 100, 0
    with connection:
        try:
            while True:
                sent += connection.send(lines)
        except OSError:
            return sent


def test_a_certificate_that_nobody_vouches_for_gets_no_password(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    with own_server(monkeypatch, authority) as box:
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(DeliveryFailed, match="certificate is not good"):
            MAIL.send(OPENED, "d-1", OWN, LOOPBACK_TOO)
        assert box.mails.empty()


def test_the_installations_server_is_the_default_and_may_stand_inside() -> None:
    """Its address is the operator's word, so the guard against members' addresses is not for it."""
    with mail_server() as box:
        MAIL.check({"to": "ada@shop.example"}, EgressPolicy())
        sent = MAIL.send(OPENED, "d-1", {"to": "ada@shop.example"}, EgressPolicy())
        mail = box.next(to="ada@shop.example")
    assert sent.status == 250
    assert mail["References"] is not None


def test_without_a_mail_server_it_is_said_what_to_do(settings: Any) -> None:
    settings.IS_MAIL_POSSIBLE = False
    with pytest.raises(SettingRefused, match="LITESOC_EMAIL_URL"):
        MAIL.check({"to": "ada@shop.example"}, EgressPolicy())
    with pytest.raises(DeliveryFailed, match="LITESOC_EMAIL_URL"):
        MAIL.send(OPENED, "d-1", {"to": "ada@shop.example"}, EgressPolicy())


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"to": ""}, "to"),
        ({"to": "no address"}, "to"),
        ({"to": "a@b.example\r\nBcc: c@d.example"}, "to"),
        ({"to": ", ".join(f"p{number}@shop.example" for number in range(21))}, "to"),
        ({"from": "soc"}, "from"),
        ({"port": "0"}, "port"),
        ({"port": "65536"}, "port"),
        ({"port": "smtp"}, "port"),
        ({"security": "none"}, "security"),
        ({"security": "ssl3"}, "security"),
        ({"host": "a b"}, "host"),
        ({"host": "", "from": ""}, "user"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_their_field(
    changes: dict[str, str], field: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead(monkeypatch, {HOST: ("127.0.0.1", 25)})
    with pytest.raises(SettingRefused) as caught:
        MAIL.check({**OWN, **changes}, LOOPBACK_TOO)
    assert caught.value.field == field


def test_messages_without_a_thread_refer_to_nothing(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    with own_server(monkeypatch, authority) as box:
        MAIL.send(msgspec.structs.replace(OPENED, thread=""), "d-1", OWN, LOOPBACK_TOO)
        assert box.next()["References"] is None
