"""People for tests of signing in, and what they do in a browser without scripts."""

import re
import time
from collections.abc import Mapping
from typing import Any

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.http import HttpResponse
from django.test import Client

from litesoc_server.accounts.models import User
from litesoc_server.accounts.services import create_person

PASSWORD = "correct horse battery"
EMAIL = "mira@shop.example"
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"}
TOTP_PERIOD_S = 30


def make_person(email: str = EMAIL, **changes: Any) -> User:
    """Create somebody who can sign in."""
    return create_person(**{"email": email, "password": PASSWORD, **changes})


def browser(headers: Mapping[str, str] = BROWSER, **changes: Any) -> Client:
    """Return a browser that nobody has used."""
    return Client(headers=headers, **changes)


def sign_in(client: Client, *, email: str = EMAIL, password: str = PASSWORD, **fields: str) -> HttpResponse:
    """Send the sign-in form."""
    return client.post("/accounts/login/", {"login": email, "password": password, **fields})


def signed_in(email: str = EMAIL) -> Client:
    """Return a browser in which somebody has signed in with a password."""
    client = browser()
    assert sign_in(client, email=email).status_code == 302
    return client


def is_signed_in(client: Client) -> bool:
    """Return whether pages know who is there."""
    return client.get("/accounts/password/change/").status_code == 200


def confirm_it_is_you(client: Client, *, password: str = PASSWORD) -> HttpResponse:
    """Type the password again, as is asked before something that matters."""
    return client.post("/accounts/reauthenticate/", {"password": password})


def code_of(secret: str, *, periods_later: int = 0) -> str:
    """Return what an authenticator app shows for ``secret``."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // TOTP_PERIOD_S + periods_later))


def set_up_totp(client: Client) -> str:
    """Set up an authenticator app for who is signed in. Returns its secret."""
    confirm_it_is_you(client)
    client.get("/accounts/2fa/totp/activate/")
    secret = str(client.session["mfa.totp.secret"])
    answer = client.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)})
    assert answer.status_code == 302, answer.content
    return secret


def visible_text(answer: Any) -> str:
    """Return the text of a page, without markup and with single spaces."""
    without_tokens = re.sub(r'<input type="hidden"[^>]*>', "", answer.content.decode())
    return " ".join(re.sub(r"<[^>]+>", " ", without_tokens).split())
