"""What `litesoc doctor` says about mail: whether the mail server lets us in."""

from smtplib import SMTPException

from django.core.mail import get_connection

from litesoc_server.config import Config


def find_mail_problem(config: Config) -> tuple[str, str]:
    """Return what was found and the fix; an empty fix when all is well. Sends nothing."""
    if config.email_url is None:
        return "none is sent: passwords are reset with `litesoc accounts reset-password`", ""
    connection = get_connection()
    try:
        connection.open()
        connection.close()
    except (SMTPException, OSError) as error:
        fix = "check scheme, host, port, user and password of LITESOC_EMAIL_URL; docs/operations/accounts.md explains it"
        return f"the mail server does not let us in ({type(error).__name__})", fix
    return "the mail server lets us in", ""
