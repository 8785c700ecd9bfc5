"""What Django advises for servers on the internet, asked of the settings that docs/operations/install.md names."""

import json
import os
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from forked_processes import run_forked

Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """How a process with certain settings answers, see tests/deploy_answers.py."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LITESOC_", "DJANGO_"))}
    where = {"LITESOC_DATA_DIR": str(tmp_path_factory.mktemp("data")), "DJANGO_SETTINGS_MODULE": "litesoc_server.settings"}

    @cache
    def answers(**settings: str) -> dict[str, Any]:
        done = run_forked("deploy_answers", env={**kept, **where, **settings})
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    return answers


def public(ask: Ask, *, proxies: int) -> dict[str, Any]:
    """Return the answers of a server on the internet that trusts so many proxies in front of it."""
    return ask(
        LITESOC_PUBLIC_URL="https://soc.shop.example",
        LITESOC_ALLOWED_HOSTS="soc.shop.example",
        LITESOC_SECURITY_CONTACT="security@shop.example",
        LITESOC_TRUSTED_PROXY_COUNT=str(proxies),
    )


def test_the_advice_for_servers_on_the_internet_is_followed(ask: Ask) -> None:
    assert public(ask, proxies=1)["advice"] == []
    # The check can fail: without TLS in front there is something to say.
    assert ask()["advice"] != []


def test_only_a_proxy_that_is_trusted_says_that_tls_was_used(ask: Ask) -> None:
    assert public(ask, proxies=1)["security_txt"] == [200, "max-age=31536000"]
    assert public(ask, proxies=0)["security_txt"] == [200, None]


def test_over_tls_only_this_very_host_can_set_the_cookies_of_a_session(ask: Ask) -> None:
    behind_proxy = public(ask, proxies=1)
    assert behind_proxy["session_cookie"] == "__Host-litesoc_session"
    [csrf] = behind_proxy["cookies"]
    assert csrf.startswith("__Host-litesoc_csrf=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(csrf.split("; "))
    assert "Domain" not in csrf  # a browser would refuse the prefix
    plain = ask()
    assert plain["session_cookie"] == "litesoc_session"
    assert plain["cookies"][0].startswith("litesoc_csrf=")
