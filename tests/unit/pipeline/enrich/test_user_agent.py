import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from litesoc_server.events.event import Device
from litesoc_server.pipeline.enrich.user_agent import UserAgentReader

READER = UserAgentReader()
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:126.0) Gecko/20100101 Firefox/126.0"
SAFARI = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.1 Safari/605.1.15"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@pytest.mark.parametrize(
    ("user_agent", "browser", "browser_major", "os", "kind"),
    [
        (FIREFOX, "Firefox", "126", "Windows", None),
        (SAFARI, "Safari", "16", "Mac OS X", None),
        (IPHONE, "Mobile Safari", "17", "iOS", "iPhone"),
        (GOOGLEBOT, "Googlebot", "2", None, "Spider"),
        ("curl/8.5.0", "curl", "8", None, None),
        ("unknown", None, None, None, None),
        ("x" * 1024, None, None, None, None),
    ],
)
def test_user_agents(
    user_agent: str, browser: str | None, browser_major: str | None, os: str | None, kind: str | None
) -> None:
    assert READER.read(user_agent) == Device(user_agent, browser, browser_major, os, kind)


def test_what_stands_beyond_the_ceiling_is_not_read() -> None:
    assert READER.read(" " * 1024 + FIREFOX).browser is None


@settings(max_examples=50)
@given(user_agent=st.text(max_size=200))
def test_no_text_raises(user_agent: str) -> None:
    READER.read(user_agent)
