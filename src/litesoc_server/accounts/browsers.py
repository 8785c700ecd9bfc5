"""Browsers in words."""

from functools import cache

from litesoc_server.pipeline.enrich.user_agent import UserAgentReader


def describe_browser(user_agent: str) -> str:
    """Return what ``user_agent`` says for people, such as "Firefox on Linux", or "Unknown browser"."""
    device = _reader().read(user_agent)
    browser = device.browser or "Unknown browser"
    return f"{browser} on {device.os}" if device.os else browser


@cache
def _reader() -> UserAgentReader:
    return UserAgentReader()
