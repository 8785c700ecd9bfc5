"""E-mail: through the installation's mail server, or through one of the channel's own.

One incident is one thread: each mail refers to the same made-up first one (RFC 5322 section 3.6.4), and the mails about one
alert have one subject, by which Gmail groups them (https://support.google.com/mail/answer/5900). List-Id (RFC 2919) lets
people sort them, Auto-Submitted (RFC 3834) keeps other machines from answering. Ports: RFC 6409 (587), RFC 8314 (465).
"""

import re
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from ipaddress import ip_network
from typing import TypeAlias

from django.conf import settings as django_settings

from litesoc_server.destinations.fields import Field, SettingRefused, Settings
from litesoc_server.egress.guard import EgressRefused, GuardedScope, check_destination, guarded
from litesoc_server.egress.policy import EgressPolicy
from litesoc_server.notify.channels.base import DeliveryFailed, Sent
from litesoc_server.notify.channels.bounded_smtp import BoundedSMTP, BoundedSMTPOverTLS
from litesoc_server.notify.channels.cut import cut, one_line
from litesoc_server.notify.channels.given import refuse_unusable
from litesoc_server.notify.channels.mail_html import mail_html
from litesoc_server.notify.channels.plain import plain_body
from litesoc_server.notify.channels.post import SHOWN_LENGTH_MAX, veiled
from litesoc_server.notify.channels.words import heading
from litesoc_server.notify.message import Message, Occasion

SUBJECT_LENGTH_MAX = 200
RECIPIENTS_MAX = 20
WITHIN_S = 15.0
_ANYWHERE = EgressPolicy((ip_network("0.0.0.0/0"), ip_network("::/0")))
_TO = Field("to", "Recipients", help="One address, or several with commas between them.", placeholder="security@example.com")
_HOST = Field(
    "host",
    "Mail server",
    help="Empty: the one of this installation.",
    placeholder="smtp.example.com",
    is_place=True,
    is_required=False,
)
_PORT = Field(
    "port", "Port", help="Empty: 587 with STARTTLS, 465 with TLS, 25 without.", placeholder="587", is_required=False
)
_SECURITY = Field("security", "Encryption", is_required=False, choices=("STARTTLS", "TLS", "none"))
_USER = Field("user", "User name", is_required=False)
_PASSWORD = Field("password", "Password", is_secret=True, is_required=False)
_FROM = Field("from", "Sender", help="Of your own mail server.", placeholder="alerts@example.com", is_required=False)
_OWN_SERVER = (_HOST, _PORT, _SECURITY, _USER, _PASSWORD, _FROM)
_PORTS = {"STARTTLS": 587, "TLS": 465, "none": 25}
_ADDRESS = re.compile(r"[^\s@<>\",;:\\()\[\]]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")
_HOST_SHAPE = re.compile(r"[A-Za-z0-9._:\[\]-]{1,253}")
Refused: TypeAlias = Mapping[str, tuple[int, bytes]]  # address of a recipient -> code and words of the server
_FOLLOWING = (
    *(Occasion.ALERT_UPDATED, Occasion.ALERT_ESCALATED),
    *(Occasion.ALERT_ACKNOWLEDGED, Occasion.ALERT_CLOSED, Occasion.ALERT_REOPENED),
)


class Mail:
    """Mails to people, with a text and an HTML part."""

    id = "email"
    title = "E-mail"
    fields: Sequence[Field] = (_TO, *_OWN_SERVER)

    def check(self, settings: Settings, policy: EgressPolicy) -> None:
        """Raise SettingRefused for what cannot work."""
        refuse_unusable(self.fields, settings)
        _refuse_odd_recipients(settings)
        if settings.get("host"):
            _refuse_odd_server(settings, policy)
            return
        for field in _OWN_SERVER:
            if settings.get(field.name) and not field.choices:
                raise SettingRefused(field.name, f"{field.label} goes with a mail server of your own: enter that too.")
        if not django_settings.IS_MAIL_POSSIBLE:
            msg = (
                "this installation has no mail server: enter one of your own, or ask the operator to set LITESOC_EMAIL_URL."
            )
            raise SettingRefused("host", msg)

    def send(self, message: Message, delivery_id: str, settings: Settings, policy: EgressPolicy) -> Sent:
        """Hand one mail to the server. A repetition has the same Message-ID, by which mail programs drop it."""
        if not settings.get("host") and not django_settings.IS_MAIL_POSSIBLE:
            raise DeliveryFailed("this installation has no mail server: the operator can set LITESOC_EMAIL_URL")
        mail = built_mail(message, delivery_id, to=recipients(settings), sender=_sender(settings))
        secrets = [settings.get("password", ""), django_settings.EMAIL_HOST_PASSWORD]
        request = veiled(_shown(mail), secrets)
        with guarded(_reach(settings, policy), within_s=WITHIN_S) as scope:
            try:
                refused = _handed_over(mail, settings)
            except smtplib.SMTPException as error:
                if scope.is_out_of_time:  # what was cut off looks like a server that hung up
                    raise DeliveryFailed(_no_connection(error, scope), sent=Sent(request)) from None
                raise _failed(error, request, secrets) from None
            except (OSError, ValueError) as error:
                reason = _no_connection(error, scope) if scope.refusal is None else str(scope.refusal)
                is_refused = scope.refusal is not None
                raise DeliveryFailed(veiled(reason, secrets), sent=Sent(request), is_permanent=is_refused) from None
        # Not a failure, however passing a refusal may be: it would come again to those who have it.
        answer = f"accepted, but for {_told(refused)}" if refused else "accepted"
        return Sent(request, 250, veiled(one_line(answer), secrets))


def recipients(settings: Settings) -> list[str]:
    """Return the addresses that the mails go to."""
    return [one.strip() for one in settings.get("to", "").split(",") if one.strip()]


def built_mail(message: Message, delivery_id: str, *, to: Sequence[str], sender: str) -> EmailMessage:
    """Return the mail. No text of the message can add a header: each is one line, and the policy refuses others."""
    domain = parseaddr(sender)[1].rpartition("@")[2] or "litesoc.invalid"
    mail = EmailMessage(policy=SMTP_POLICY)
    mail["Subject"] = subject(message)
    mail["From"] = sender
    mail["To"] = ", ".join(to)
    mail["Date"] = format_datetime(message.at)
    mail["Message-ID"] = f"<{delivery_id}@{domain}>"
    if message.thread:
        first = f"<{message.thread}.thread@{domain}>"
        mail["In-Reply-To"] = first
        mail["References"] = first
    mail["List-Id"] = f"LiteSOC <notifications.{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail["X-LiteSOC-Occasion"] = message.occasion.value
    if message.severity is not None:
        mail["X-LiteSOC-Severity"] = message.severity.value
        if message.severity.value == "critical" and message.occasion is not Occasion.ALERT_CLOSED:
            mail["Importance"] = "high"
    mail.set_content(f"{heading(message)}\n\n{plain_body(message)}\n")
    mail.add_alternative(mail_html(message), subtype="html")
    return mail


def _shown(mail: EmailMessage) -> str:
    """Return head and text of a mail, for the log; the HTML says the same."""
    head = "\n".join(f"{name}: {value}" for name, value in mail.items())
    text = mail.get_body(("plain",))
    return cut(f"{head}\n\n{'' if text is None else text.get_content()}", SHOWN_LENGTH_MAX)


def subject(message: Message) -> str:
    """Return the subject: the same for all mails about one alert of one severity, but for the "Re:"."""
    title = one_line(message.title)
    if message.occasion is Occasion.TEST:
        return cut(f"Test: {title}", SUBJECT_LENGTH_MAX)
    text = f"{message.severity.value.capitalize()}: {title}" if message.severity is not None else title
    return cut(f"Re: {text}" if message.occasion in _FOLLOWING else text, SUBJECT_LENGTH_MAX)


def _refuse_odd_recipients(settings: Settings) -> None:
    to = recipients(settings)
    if not 1 <= len(to) <= RECIPIENTS_MAX:
        raise SettingRefused("to", f"Recipients have to be 1 to {RECIPIENTS_MAX} addresses with commas between them.")
    for address in to:
        if not _ADDRESS.fullmatch(address):
            raise SettingRefused("to", f"{cut(address, 100)} is no e-mail address.")


def _refuse_odd_server(settings: Settings, policy: EgressPolicy) -> None:
    port = settings.get("port", "")
    if port and not (port.isascii() and port.isdecimal() and 1 <= int(port[:6]) <= 65535):  # noqa: PLR2004 # ports there are
        raise SettingRefused("port", "Port has to be a number from 1 to 65535.")
    if not _HOST_SHAPE.fullmatch(settings["host"]):
        raise SettingRefused("host", "Mail server has to be a name such as smtp.example.com.")
    if not _ADDRESS.fullmatch(settings.get("from", "")):
        raise SettingRefused("from", "Sender has to be an e-mail address that your mail server sends for.")
    if settings.get("user") and _security(settings) == "none":
        raise SettingRefused("security", "Without encryption the password could be read on its way: choose STARTTLS or TLS.")
    try:
        check_destination(policy, settings["host"].strip("[]"), _port(settings))
    except EgressRefused as refused:
        raise SettingRefused("host", f"Mail server: {refused}.") from refused


def _security(settings: Settings) -> str:
    return settings.get("security") or "STARTTLS"


def _port(settings: Settings) -> int:
    return int(settings.get("port") or _PORTS[_security(settings)])


def _sender(settings: Settings) -> str:
    if not settings.get("host"):
        return str(django_settings.DEFAULT_FROM_EMAIL)
    return str(Address("LiteSOC", addr_spec=settings["from"]))


def _reach(settings: Settings, policy: EgressPolicy) -> EgressPolicy:
    """Return what may be reached: the installation's own server is the operator's word, and mostly stands inside."""
    return policy if settings.get("host") else _ANYWHERE


def _handed_over(mail: EmailMessage, settings: Settings) -> Refused:
    """Talk to the server; return which recipients it refuses, though not all of them. Raises SMTPException and OSError."""
    if settings.get("host"):
        host, port, security = settings["host"].strip("[]"), _port(settings), _security(settings)
        user, password = settings.get("user", ""), settings.get("password", "")
    else:
        host, port = django_settings.EMAIL_HOST, django_settings.EMAIL_PORT
        user, password = django_settings.EMAIL_HOST_USER, django_settings.EMAIL_HOST_PASSWORD
        security = "TLS" if django_settings.EMAIL_USE_SSL else "STARTTLS" if django_settings.EMAIL_USE_TLS else "none"
    context = ssl.create_default_context()
    if security == "TLS":
        connection: smtplib.SMTP = BoundedSMTPOverTLS(host, port, timeout=WITHIN_S, context=context)
    else:
        connection = BoundedSMTP(host, port, timeout=WITHIN_S)
    with connection as server:
        if security == "STARTTLS":
            server.starttls(context=context)
        if user:
            server.login(user, password)
        return server.send_message(mail)


def _told(refused: Refused) -> str:
    """Say for people who is refused, and why."""
    return "; ".join(f"{address}: {code} {cut(_text(words), 200)}" for address, (code, words) in refused.items())


def _failed(error: smtplib.SMTPException, request: str, secrets: Sequence[str]) -> DeliveryFailed:
    """Tell what the mail server said. A 5xx of one moment may be mended too (a quota, a password): it is tried again."""
    code, said = None, type(error).__name__
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, words = next(iter(error.recipients.values()))
        said = f"it refuses {', '.join(error.recipients)}: {_text(words)}"
    elif isinstance(error, smtplib.SMTPResponseException):
        code, said = error.smtp_code, _text(error.smtp_error)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        said = f"it does not take user name and password ({said})"
    elif isinstance(error, smtplib.SMTPNotSupportedError):
        said = "it offers no encryption or no login: check port and encryption"
    reason = veiled(f"the mail server does not take the mail: {cut(one_line(said), 300)}", secrets)
    return DeliveryFailed(reason, sent=Sent(request, code, veiled(cut(one_line(said), 300), secrets)))


def _text(words: bytes | str) -> str:
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else words


def _no_connection(error: Exception, scope: GuardedScope) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the mail server's certificate is not good: {error.verify_message}"
    if isinstance(error, TimeoutError) or scope.is_out_of_time:
        return f"the mail server did not answer within {WITHIN_S:g} seconds"
    return f"the mail server cannot be reached: {one_line(str(error)) or type(error).__name__}"


MAIL = Mail()
