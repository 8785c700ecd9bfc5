"""A real mail server that keeps what it gets."""

import queue
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.test import override_settings

from litesoc_server.accounts.outbox import outbox
from servers import free_port

MAIL_TIMEOUT_S = 10
PUBLIC_URL = "https://soc.example.com"


class Mailbox:
    """The mails that came, in their order."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.mails: queue.Queue[Message] = queue.Queue()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 # aiosmtpd's name
        assert isinstance(envelope.content, bytes)
        self.mails.put(message_from_bytes(envelope.content, policy=default))
        return "250 OK"

    def next(self, *, to: str | None = None) -> Message:
        """Wait for the next mail, or for the next one to somebody; those to others are passed over."""
        while True:
            mail = self.mails.get(timeout=MAIL_TIMEOUT_S)
            if to is None or mail["To"] == to:
                return mail

    def next_link(self, *, to: str | None = None) -> str:
        """Wait for the next mail and return the link in it."""
        link = re.search(r"https?://\S+", self.next(to=to).get_content())
        assert link is not None
        return link[0]


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """Run the server at 127.0.0.1 and the mailbox's port."""
    opened = Mailbox(free_port())  # aiosmtpd cannot pick a port itself
    controller = Controller(opened, hostname="127.0.0.1", port=opened.port)
    controller.start()
    try:
        yield opened
    finally:
        controller.stop()


def all_mails_sent() -> None:
    """Return when every mail that was asked for so far is sent: they are sent in order, by a thread of their own."""
    done = threading.Event()
    outbox.put(done.set)
    assert done.wait(MAIL_TIMEOUT_S)


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """Run the server, to which this process's mail goes, as with LITESOC_EMAIL_URL and LITESOC_PUBLIC_URL.

    What other tests asked for is sent before it, and what this one asks for before its end.
    """
    all_mails_sent()
    with (
        mailbox() as opened,
        override_settings(
            EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
            EMAIL_HOST="127.0.0.1",
            EMAIL_PORT=opened.port,
            IS_MAIL_POSSIBLE=True,
            PUBLIC_URL=PUBLIC_URL,
        ),
    ):
        yield opened
        all_mails_sent()
