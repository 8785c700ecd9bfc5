from datetime import UTC, datetime, timedelta

import pytest
from django.http import Http404
from django.test import RequestFactory
from pytest_django import Settings

from litesoc_server.config import ConfigError, load_config
from litesoc_server.web.views.security_txt import security_txt


def test_the_contact_is_published_with_an_end_that_lies_ahead(settings: Settings) -> None:
    settings.SECURITY_CONTACT = "mailto:security@shop.example"
    settings.PUBLIC_URL = "https://soc.shop.example"
    answer = security_txt(RequestFactory().get("/.well-known/security.txt"))
    fields = dict(line.split(": ", 1) for line in answer.content.decode().splitlines())
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert fields["Contact"] == "mailto:security@shop.example"
    assert fields["Canonical"] == "https://soc.shop.example/.well-known/security.txt"
    ahead = datetime.fromisoformat(fields["Expires"]) - datetime.now(UTC)
    assert timedelta(days=80) < ahead < timedelta(days=365)


def test_without_a_contact_there_is_no_file(settings: Settings) -> None:
    settings.SECURITY_CONTACT = None
    with pytest.raises(Http404):
        security_txt(RequestFactory().get("/.well-known/security.txt"))


@pytest.mark.parametrize(
    "contact", ["nobody", "http://shop.example", "a@b.example\r\nX: 1", "Ops <ops@shop.example>", "https://a b"]
)
def test_a_contact_that_nobody_can_use_is_refused_with_the_fix(contact: str) -> None:
    with pytest.raises(ConfigError, match="LITESOC_SECURITY_CONTACT: must be an e-mail address or begin with https://"):
        load_config(security_contact=contact)


def test_an_address_becomes_a_link() -> None:
    assert load_config(security_contact="security@shop.example").security_contact == "mailto:security@shop.example"
