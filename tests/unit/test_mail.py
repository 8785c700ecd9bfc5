import pytest

from litesoc_server.config import ConfigError, load_config
from litesoc_server.mail import mail_server

PUBLIC = "https://soc.example.com"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://u%40x:p%2F@mail.example.com", ("mail.example.com", 587, "u@x", "p/", False, True)),
        ("smtps://u:p@mail.example.com", ("mail.example.com", 465, "u", "p", True, False)),
        ("smtp+plain://relay:1025", ("relay", 1025, "", "", False, False)),
        ("smtp://localhost:1025", ("localhost", 1025, "", "", False, False)),
        ("smtp://[::1]:1025", ("::1", 1025, "", "", False, False)),
    ],
)
def test_the_url_says_how_to_reach_the_mail_server(url: str, expected: tuple[object, ...]) -> None:
    server = mail_server(load_config(email_url=url, public_url=PUBLIC))
    assert (server.host, server.port, server.user, server.password, server.is_tls, server.is_starttls) == expected
    assert server.sender == "LiteSOC <litesoc@soc.example.com>"


def test_the_sender_can_be_named() -> None:
    config = load_config(email_url="smtp://mail.example.com", public_url=PUBLIC, email_from="Ops <ops@example.com>")
    assert mail_server(config).sender == "Ops <ops@example.com>"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"email_url": "https://mail.example.com"}, "must be one of smtp://"),
        ({"email_url": "smtp://"}, "user:password@host:port"),
        ({"email_url": "smtp://host:twenty"}, "LITESOC_EMAIL_URL"),
        ({"email_url": "smtp://user:twenty/pass@host"}, "LITESOC_EMAIL_URL"),
        ({"email_url": "smtp://host", "public_url": None}, "needs LITESOC_PUBLIC_URL"),
        ({"email_from": "ops"}, "must be an e-mail address"),
        ({"email_from": "Ops\r\nBcc: all@example.com <ops@example.com>"}, "must be an e-mail address"),
    ],
)
def test_mistakes_are_told(changes: dict[str, str | None], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        load_config(**{"public_url": PUBLIC, **changes})
    assert "twenty" not in str(caught.value)


def test_without_a_mail_server_no_mail_is_sent() -> None:
    assert mail_server(load_config()).backend.endswith("dummy.EmailBackend")
