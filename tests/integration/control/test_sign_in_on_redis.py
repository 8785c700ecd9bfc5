"""Limits on signing in are kept in Redis when there is one, and nobody passes while it is away."""

from collections.abc import Iterator

import pytest
import redis
from django.core.cache import cache
from django.test import override_settings

from litesoc_server.cache import cache_settings
from litesoc_server.config import load_config
from people import browser, is_signed_in, make_person, set_up_totp, sign_in, signed_in, visible_text
from servers import RedisServer, free_port

pytestmark = pytest.mark.django_db

FAILURES_MAX = 5


@pytest.fixture
def on_redis(redis_server: RedisServer) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
        with override_settings(CACHES={"default": cache_settings(load_config(state_url=redis_server.url))}):
            yield client


def test_failures_are_counted_for_all_processes(on_redis: redis.Redis) -> None:
    make_person()
    for _ in range(FAILURES_MAX):
        sign_in(browser(), password="a wrong password")
    assert "Too many attempts" in visible_text(sign_in(browser()))
    keys = list(on_redis.scan_iter())
    assert keys
    assert all(key.startswith(b"litesoc:web:") for key in keys)
    assert all(on_redis.ttl(key) > 0 for key in keys)
    assert not any(b"mira" in key for key in keys)
    assert not any(on_redis.get(key).startswith(b"\x80") for key in keys)  # no pickles


def test_codes_and_everything_else_work(on_redis: redis.Redis) -> None:
    make_person()
    set_up_totp(signed_in())
    client = browser()
    assert sign_in(client)["Location"] == "/accounts/2fa/authenticate/"
    assert cache.get("nothing") is None


def test_while_it_is_away_nobody_signs_in_and_who_is_signed_in_stays(on_redis: redis.Redis) -> None:
    make_person()
    client = signed_in()
    away = {"default": cache_settings(load_config(state_url=f"redis://127.0.0.1:{free_port()}/0"))}
    with override_settings(CACHES=away):
        answer = sign_in(browser(raise_request_exception=False))
        assert answer.status_code == 503
        assert "counts attempts to sign in does not answer" in visible_text(answer)
        assert client.get("/profile/").status_code == 200
    assert is_signed_in(client)
