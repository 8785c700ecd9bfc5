"""A real mail server that keeps what it gets."""

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.test import override_settings

from servers import free_port

MAIL_TIMEOUT_S = 10
PUBLIC_URL = "https://soc.example.com"


class Mailbox:
    """The mails that came, in their order."""

    def __init__(self) -> None:
        self.mails: queue.Queue[Message] = queue.Queue()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 # aiosmtpd's name
        assert isinstance(envelope.content, bytes)
        self.mails.put(message_from_bytes(envelope.content, policy=default))
        return "250 OK"

    def next(self) -> Message:
        """Wait for the next mail."""
        return self.mails.get(timeout=MAIL_TIMEOUT_S)


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """Run the server, to which Django's mail goes, as with LITESOC_EMAIL_URL and LITESOC_PUBLIC_URL."""
    mailbox = Mailbox()
    port = free_port()  # aiosmtpd cannot pick one itself
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        with override_settings(
            EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
            EMAIL_HOST="127.0.0.1",
            EMAIL_PORT=port,
            IS_MAIL_POSSIBLE=True,
            PUBLIC_URL=PUBLIC_URL,
        ):
            yield mailbox
    finally:
        controller.stop()
