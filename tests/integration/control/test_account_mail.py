"""What happens by mail: another password, another address, notices. A real mail server takes the mails."""

import logging
import re
import threading
from collections.abc import Iterator
from functools import partial

import pytest
from django.test import override_settings

from litesoc_server.accounts.mails import reset_mail
from litesoc_server.accounts.models import User
from litesoc_server.accounts.outbox import Outbox
from mail_server import MAIL_TIMEOUT_S, PUBLIC_URL, Mailbox, mail_server
from people import EMAIL, browser, confirm_it_is_you, is_signed_in, make_person, sign_in, signed_in, visible_text
from servers import free_port

# The outbox looks people up in a thread of its own, so what tests write has to be committed.

pytestmark = pytest.mark.django_db(transaction=True)

NEW_PASSWORD = "another long secret"
NEW_EMAIL = "new@shop.example"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as opened:
        yield opened


@pytest.fixture(autouse=True)
def person() -> User:
    return make_person()


def link_in(mailbox: Mailbox) -> str:
    """Return the path of the link in the next mail."""
    link = mailbox.next_link()
    assert link.startswith(PUBLIC_URL + "/accounts/")
    return link.removeprefix(PUBLIC_URL)


def ask_for_reset(email: str = EMAIL) -> str:
    answer = browser(headers={"Host": "evil.example", "Accept": "text/html"}).post(
        "/accounts/password/reset/", {"email": email}
    )
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/password/reset/done/")
    return visible_text(browser().get("/accounts/password/reset/done/"))


def test_a_link_by_mail_gives_a_new_password_once_and_ends_all_sessions(mailbox: Mailbox) -> None:
    before = signed_in()
    ask_for_reset("Mira@SHOP.example")
    path = link_in(mailbox)
    client = browser()
    form_path = client.get(path)["Location"]
    assert form_path.endswith("-set-password/")  # the secret does not stay in the address
    answer = client.post(form_path, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert answer["Location"] == "/accounts/password/reset/key/done/"
    assert "Your LiteSOC password was reset." in mailbox.next().get_content()
    assert not is_signed_in(client)
    assert not is_signed_in(before)
    assert sign_in(browser()).status_code == 200
    assert sign_in(browser(), password=NEW_PASSWORD).status_code == 302
    for visitor in (client, browser()):
        page = visible_text(visitor.get(path, follow=True))
        assert "This link" in page
        assert "New password" not in page


def test_a_link_expires(mailbox: Mailbox) -> None:
    ask_for_reset()
    mail = mailbox.next().get_content()
    assert "within 60 minutes" in mail
    path = re.search(r"/accounts/\S+", mail)
    assert path is not None
    assert browser().get(path[0]).status_code == 302
    with override_settings(PASSWORD_RESET_TIMEOUT=-1):
        assert "This link" in visible_text(browser().get(path[0]))


def test_a_weak_password_is_refused_with_the_reason(mailbox: Mailbox) -> None:
    ask_for_reset()
    client = browser()
    form_path = client.get(link_in(mailbox))["Location"]
    for password, reason in (
        ("short", "too short"),
        ("LiteSOC-2026!", "hardly more than the name of this server"),
        ("Example-2026!", "hardly more than the name of this server"),  # of PUBLIC_URL
    ):
        answer = client.post(form_path, {"password1": password, "password2": password})
        assert reason in visible_text(answer), password
    assert sign_in(browser()).status_code == 302


def test_who_has_no_account_gets_the_same_answer_and_no_mail(mailbox: Mailbox) -> None:
    User.objects.create_user(email="off@shop.example", password=None)
    User.objects.filter(email="off@shop.example").update(is_active=False)
    texts = {ask_for_reset("mora@shop.example"), ask_for_reset("off@shop.example"), ask_for_reset()}
    assert len(texts) == 1
    assert mailbox.next()["To"] == EMAIL  # mails go in the order they were asked for
    assert mailbox.mails.empty()


def test_resets_are_limited_for_one_address_known_or_not(mailbox: Mailbox) -> None:
    for email in (EMAIL, "mora@shop.example"):
        statuses = [browser().post("/accounts/password/reset/", {"email": email}).status_code for _ in range(6)]
        assert statuses == [302] * 5 + [429], email


def test_without_a_mail_server_the_page_says_so_and_names_the_way_out() -> None:
    page = visible_text(browser().get("/accounts/password/reset/"))
    assert "This server cannot send mail" in page
    assert "litesoc accounts reset-password" in page
    answer = browser().post("/accounts/password/reset/", {"email": EMAIL})
    assert answer.status_code == 200
    assert "This server cannot send mail" in visible_text(answer)


def test_a_mail_server_that_is_away_is_logged_without_the_address(caplog: pytest.LogCaptureFixture) -> None:
    outbox, done = Outbox(), threading.Event()
    with (
        override_settings(
            EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend", EMAIL_HOST="127.0.0.1", EMAIL_PORT=free_port()
        ),
        caplog.at_level(logging.ERROR),
    ):
        outbox.put(reset_mail(EMAIL, link="https://secret").send)
        outbox.put(done.set)
        assert done.wait(MAIL_TIMEOUT_S)
    record = next(record for record in caplog.records if "a mail could not be sent" in record.getMessage())
    assert EMAIL not in record.getMessage()


def test_a_new_address_takes_the_old_ones_place_once_it_is_confirmed(mailbox: Mailbox) -> None:
    client = signed_in()
    assert client.post("/accounts/email/", {"email": NEW_EMAIL, "action_add": ""})["Location"].startswith(
        "/accounts/reauthenticate/"
    )
    confirm_it_is_you(client)
    client.post("/accounts/email/", {"email": NEW_EMAIL, "action_add": ""})
    mail = mailbox.next()
    assert mail["To"] == NEW_EMAIL
    link = re.search(r"https?://\S+", mail.get_content())
    assert link is not None
    path = link[0].removeprefix(PUBLIC_URL)
    assert sign_in(browser(), email=NEW_EMAIL)["Location"] == "/accounts/confirm-email/"
    assert client.get(path).status_code == 200
    assert User.objects.get().email == EMAIL  # looking at the page, as mail scanners do, confirms nothing
    client.post(path)
    assert User.objects.get().email == NEW_EMAIL
    notice = mailbox.next()
    assert notice["To"] == EMAIL
    assert f"with {NEW_EMAIL} now, no longer with {EMAIL}" in " ".join(notice.get_content().split())
    assert sign_in(browser()).status_code == 200
    assert sign_in(browser(), email=NEW_EMAIL)["Location"] == "/"
    assert "This link" in visible_text(browser().get(path))


def test_somebody_elses_address_cannot_be_taken_and_is_not_told(mailbox: Mailbox) -> None:
    make_person("ola@shop.example")
    client = signed_in()
    confirm_it_is_you(client)
    answer = client.post("/accounts/email/", {"email": "ola@shop.example", "action_add": ""})
    assert answer.status_code == 302
    client.post(link_in(mailbox))
    assert sorted(User.objects.values_list("email", flat=True)) == [EMAIL, "ola@shop.example"]
    assert sign_in(browser(), email="ola@shop.example")["Location"] == "/"


def test_a_confirmation_expires(mailbox: Mailbox) -> None:
    client = signed_in()
    confirm_it_is_you(client)
    client.post("/accounts/email/", {"email": NEW_EMAIL, "action_add": ""})
    path = link_in(mailbox)
    with override_settings(ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS=0):
        assert browser().post(path).status_code == 404
    assert User.objects.get().email == EMAIL


def test_another_password_ends_other_sessions_and_is_told(mailbox: Mailbox) -> None:
    client, other = signed_in(), signed_in()
    fields = {"oldpassword": "wrong", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert "This is not your current password." in visible_text(client.post("/accounts/password/change/", fields))
    fields["oldpassword"] = "correct horse battery"
    assert client.post("/accounts/password/change/", fields).status_code == 302
    assert is_signed_in(client)
    assert not is_signed_in(other)
    mail = mailbox.next()
    assert "Your LiteSOC password was changed." in mail.get_content()
    assert "127.0.0.1" in mail.get_content()
    assert mail["From"] == "litesoc@localhost"


def test_a_flood_of_mails_is_dropped_not_kept() -> None:
    go, busy = threading.Event(), threading.Event()
    sent: list[int] = []
    outbox = Outbox(waiting_max=2)
    outbox.put(lambda: (busy.set(), go.wait()))
    assert busy.wait(MAIL_TIMEOUT_S)
    for number in range(10):
        outbox.put(partial(sent.append, number))
    done = threading.Event()
    go.set()
    while not done.wait(0.01):
        outbox.put(done.set)
    assert sent == [0, 1]
