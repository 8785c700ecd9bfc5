"""What is answered to somebody who is signed in, and every page of accounts, is kept by nobody."""

import pytest
from django.test import Client

from control_factories import MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("address", ["/accounts/2fa/totp/activate/", "/accounts/email/", "/accounts/logout/", "/nothing"])
def test_an_answer_to_a_session_is_kept_by_nobody(address: str) -> None:
    client = Client(headers={"Accept": "text/html"})
    client.force_login(MembershipFactory().user)
    assert "no-store" in client.get(address)["Cache-Control"]


def test_a_link_to_a_new_password_is_kept_by_nobody() -> None:
    assert "no-store" in Client().get("/accounts/password/reset/key/1-abc/")["Cache-Control"]


def test_a_file_of_the_pages_may_be_kept() -> None:
    client = Client()
    client.force_login(MembershipFactory().user)
    assert "no-store" not in client.get("/static/web/icon.svg")["Cache-Control"]
