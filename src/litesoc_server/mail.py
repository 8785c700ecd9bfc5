"""The mail server: from its URL to what Django's mail needs to know."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from litesoc_server.config import Config

_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}  # RFC 6409, RFC 8314, RFC 5321
TIMEOUT_S = 10  # for each step of the conversation with the mail server


@dataclass(frozen=True)
class MailServer:
    """How to reach the mail server; without one Django's dummy backend takes mails and sends none."""

    backend: str = "django.core.mail.backends.dummy.EmailBackend"
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = ""
    is_tls: bool = False  # from the first byte
    is_starttls: bool = False  # demanded after the greeting
    sender: str = "litesoc@localhost"


def mail_server(config: Config) -> MailServer:
    """Return what ``config`` says of the mail server.

    ``smtp://`` to this very machine is not encrypted: nobody listens in between, and local servers have no certificate.
    """
    if config.email_url is None:
        return MailServer()
    parts = urlsplit(config.email_url.get_secret_value())
    host = parts.hostname or ""
    return MailServer(
        backend="django.core.mail.backends.smtp.EmailBackend",
        host=host,
        port=parts.port or _PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        is_tls=parts.scheme == "smtps",
        is_starttls=parts.scheme == "smtp" and not _is_this_machine(host),
        sender=config.email_from or f"LiteSOC <litesoc@{urlsplit(config.public_url or '').hostname}>",
    )


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
