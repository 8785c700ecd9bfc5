"""`litesoc doctor` on mail."""

from django.test import override_settings

from litesoc_server.config import load_config
from litesoc_server.runtime.mail_check import find_mail_problem
from mail_server import PUBLIC_URL, mail_server
from servers import free_port


def test_without_a_mail_server_there_is_nothing_to_mend() -> None:
    assert find_mail_problem(load_config())[1] == ""


def test_a_mail_server_that_answers_and_one_that_does_not() -> None:
    config = load_config(email_url="smtp://localhost", public_url=PUBLIC_URL)
    with mail_server() as mailbox:
        assert find_mail_problem(config) == ("the mail server lets us in", "")
        assert mailbox.mails.empty()
        with override_settings(EMAIL_PORT=free_port()):
            finding, fix = find_mail_problem(config)
    assert finding == "the mail server does not let us in (ConnectionRefusedError)"
    assert "LITESOC_EMAIL_URL" in fix
