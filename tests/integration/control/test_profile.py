"""One's own profile and sessions."""

import pytest
from django.test import Client

from control_factories import MembershipFactory
from litesoc_server.accounts.models import User
from people import EMAIL, browser, is_signed_in, make_person, set_up_totp, sign_in, signed_in, visible_text

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> User:
    return make_person()


def test_strangers_are_sent_to_sign_in() -> None:
    for path in ("/profile/", "/accounts/sessions/", "/accounts/2fa/"):
        assert browser().get(path, follow=True).redirect_chain[-1][0].startswith("/accounts/login/"), path


def test_the_profile_gathers_everything(person: User) -> None:
    membership = MembershipFactory(user=person)
    client = signed_in()
    page = visible_text(client.get("/profile/"))
    for text in (EMAIL, membership.org.name, "Analyst", "Firefox on Linux", "127.0.0.1", "This one", "Off", "Set up"):
        assert text in page, text
    set_up_totp(client)
    page = visible_text(client.get("/profile/"))
    assert "Recovery codes" in page
    assert "Remove" in page


def test_a_name_is_saved_and_hostile_ones_are_shown_as_text(person: User) -> None:
    client = signed_in()
    name = '<script>alert(1)</script>"\u202e'
    assert client.post("/profile/", {"name": name})["Location"] == "/profile/"
    assert User.objects.get().name == name
    page = client.get("/profile/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert client.post("/profile/", {"name": "x" * 151}).status_code == 200
    assert User.objects.get().name == name


def test_a_hostile_browser_name_is_shown_as_text(person: User) -> None:
    client = Client(headers={"Accept": "text/html", "User-Agent": "<img src=x onerror=alert(1)>" * 50})
    sign_in(client)
    page = client.get("/profile/").content.decode()
    assert "<img src=x" not in page


def test_another_session_is_ended_and_this_one_stays(person: User) -> None:
    client, other = signed_in(), signed_in()
    page = client.get("/profile/").context
    ids = [session.id for session in page["sessions"] if not session.is_current]
    assert len(ids) == 1
    assert client.post("/accounts/sessions/", {"session": str(ids[0])})["Location"] == "/profile/"
    assert not is_signed_in(other)
    assert is_signed_in(client)
    assert len(client.get("/profile/").context["sessions"]) == 1


def test_all_other_sessions_are_ended_at_once(person: User) -> None:
    client, others = signed_in(), [signed_in() for _ in range(3)]
    client.post("/accounts/sessions/", {"session": "others"})
    assert is_signed_in(client)
    assert not any(is_signed_in(other) for other in others)


@pytest.mark.parametrize("session", ["", "0", "-1", "x", "²", "9" * 40])
def test_there_is_no_such_session(person: User, session: str) -> None:
    assert signed_in().post("/accounts/sessions/", {"session": session}).status_code == 404


def test_nobody_ends_the_sessions_of_others(person: User) -> None:
    make_person("ola@shop.example")
    ola = signed_in("ola@shop.example")
    theirs = ola.get("/profile/").context["sessions"][0].id
    mira = signed_in()
    assert mira.post("/accounts/sessions/", {"session": str(theirs)}).status_code == 404
    mira.post("/accounts/sessions/", {"session": "others"})
    assert is_signed_in(ola)


def test_passkeys_at_an_address_are_explained(person: User) -> None:
    client = Client(headers={"Accept": "text/html", "Host": "192.0.2.7:8000"})
    sign_in(client)
    page = visible_text(client.get("/profile/"))
    assert "Passkeys are bound to a host name" in page
    assert "192.0.2.7" in page
    assert "Add a passkey" not in page
