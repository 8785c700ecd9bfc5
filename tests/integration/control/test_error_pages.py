"""A page for each error: for people in HTML, for clients in JSON, also while everything else is away."""

import json

import pytest
from django.http import HttpRequest
from django.test import Client, override_settings
from django.urls import path
from redis.exceptions import ConnectionError as RedisConnectionError

from control_factories import database_down
from litesoc_server.ingest.responses import ErrorCode
from litesoc_server.store.base import StoreUnavailable
from litesoc_server.urls import handler400, handler403, handler404, handler429, handler500  # noqa: F401 # of this test's addresses
from litesoc_server.urls import urlpatterns as real_urlpatterns
from litesoc_server.web.error_page import error_page
from people import BROWSER, browser, make_person, signed_in, visible_text

pytestmark = pytest.mark.django_db

HTMX = {**BROWSER, "HX-Request": "true"}


def broken(request: HttpRequest) -> None:
    raise RuntimeError("secret words")


def store_away(request: HttpRequest) -> None:
    raise StoreUnavailable("secret-host")


def redis_away(request: HttpRequest) -> None:
    raise RedisConnectionError("secret-host")


urlpatterns = [
    path("broken/", broken),
    path("store-away/", store_away),
    path("redis-away/", redis_away),
    *real_urlpatterns,
]


@pytest.fixture(autouse=True)
def addresses_that_fail() -> None:
    with override_settings(ROOT_URLCONF=__name__):
        yield


def visitor(**changes: object) -> Client:
    return browser(raise_request_exception=False, **changes)


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/nothing", 404, "There is nothing at this address."),
        ("/broken/", 500, "It is our fault"),
        ("/store-away/", 503, "The event store does not answer just now"),
        ("/redis-away/", 503, "counts attempts to sign in does not answer"),
    ],
)
def test_people_get_a_page_that_says_what_to_do(address: str, status: int, words: str) -> None:
    answer = visitor().get(address)
    assert answer.status_code == status
    page = visible_text(answer)
    assert words in page
    assert f"Error {status}" in page
    assert "To the home page" in page
    assert "secret" not in page
    if status == 503:
        assert int(answer["Retry-After"]) > 0
    assert json.loads(Client(raise_request_exception=False).get(address).content)["code"]


@pytest.mark.parametrize("address", ["/profile/", "/accounts/login/", "/"])
def test_when_the_database_is_away_signed_in_people_get_a_page_too(address: str) -> None:
    make_person()
    client = signed_in()
    client.raise_request_exception = False
    with database_down():
        answer = client.get(address)
    assert answer.status_code == 503
    assert "The control database does not answer just now" in visible_text(answer)


def test_a_wrong_method_gets_a_page_or_json() -> None:
    answer = visitor().post("/docs")
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")
    assert "use the page" in visible_text(answer)
    answer = Client().post("/docs")
    assert (answer.status_code, answer.json()["code"]) == (405, "METHOD_NOT_ALLOWED")


def test_a_form_of_another_site_gets_a_page_that_says_so() -> None:
    answer = visitor(enforce_csrf_checks=True).post("/accounts/login/", {"login": "x"})
    assert answer.status_code == 403
    assert "reload the page and send it again" in visible_text(answer)


def test_too_large_a_form_gets_a_page() -> None:
    answer = visitor().post(
        "/accounts/login/", {"login": "x" * (1024**2 + 1)}, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code in {400, 413}
    assert "Error" in visible_text(answer)


def test_htmx_gets_a_part_in_place_of_a_page() -> None:
    answer = visitor(headers=HTMX).get("/nothing")
    assert answer.status_code == 404
    assert b"<html" not in answer.content
    assert b'role="alert"' in answer.content


def test_the_theme_that_somebody_chose_is_kept() -> None:
    client = visitor()
    client.cookies["litesoc_theme"] = "dark"
    assert b'data-theme="dark"' in client.get("/nothing").content
    client.cookies["litesoc_theme"] = '"><script>'
    assert b"<script>" not in client.get("/nothing").content


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_status_that_we_answer_has_words(code: ErrorCode) -> None:
    if code.status < 400:
        return
    assert error_page(code, "something is wrong").status_code == code.status
