"""Browsers and what becomes of them: they update every four weeks, phones and computers are replaced."""

from functools import cache
from random import Random

import msgspec

from litesoc_server.events.event import Device
from litesoc_server.pipeline.enrich.user_agent import UserAgentReader

UPDATE_EVERY_DAYS = 28  # Chrome's and Firefox's release rhythm
_WIN, _MAC, _LINUX = "Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64"
_CHROME = "Mozilla/5.0 ({os}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 Safari/537.36"
_EDGE = _CHROME + " Edg/{major}.0.0.0"
_FIREFOX = "Mozilla/5.0 ({os}; rv:{major}.0) Gecko/20100101 Firefox/{major}.0"
_SAFARI = "Mozilla/5.0 ({os}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{major}.0 Safari/605.1.15"
_ANDROID = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 Mobile Safari/537.36"
)
_IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS {major}_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/{major}.0 Mobile/15E148 Safari/604.1"
)


class Model(msgspec.Struct, frozen=True):
    """A kind of browser on a kind of system, and how common it is."""

    template: str
    os: str
    first_major: int
    share: float
    is_slow: bool = False  # its number goes up once a year rather than monthly


# Shares: about those of web statistics of 2025 (StatCounter), desktop and mobile apart.
COMPUTERS = (
    Model(_CHROME, _WIN, 138, 0.48),
    Model(_EDGE, _WIN, 138, 0.14),
    Model(_CHROME, _MAC, 138, 0.14),
    Model(_SAFARI, _MAC, 18, 0.11, is_slow=True),
    Model(_FIREFOX, _WIN, 140, 0.06),
    Model(_FIREFOX, _LINUX, 140, 0.03),
    Model(_CHROME, _LINUX, 138, 0.04),
)
ANDROID = Model(_ANDROID, "", 138, 0.6)
IPHONE = Model(_IPHONE, "", 18, 0.4, is_slow=True)
SCRIPTS = ("python-requests/2.32.3", "okhttp/4.12.0", "Go-http-client/1.1", "axios/1.7.9")
_DAYS_PER_YEAR = 365


@cache
def device_of(user_agent: str) -> Device:
    """Return what enrichment reads from a user agent."""
    return _reader().read(user_agent)


@cache
def _reader() -> UserAgentReader:
    return UserAgentReader()


class Browser:
    """One installation."""

    __slots__ = ("device_id", "lag_days", "model")

    def __init__(self, model: Model, lag_days: int, device_id: str | None) -> None:
        self.model = model
        self.lag_days = lag_days  # how late its updates come
        self.device_id = device_id

    def on(self, day: int) -> Device:
        """Return the device as it shows itself on a day of the simulation."""
        device = device_of(_user_agent(self.model, day - self.lag_days))
        return device if self.device_id is None else _with_id(device, self.device_id)


@cache
def _user_agent(model: Model, day: int) -> str:
    every = _DAYS_PER_YEAR if model.is_slow else UPDATE_EVERY_DAYS
    return model.template.format(os=model.os, major=model.first_major + day // every)


def _with_id(device: Device, device_id: str) -> Device:
    return Device(device.user_agent, device.browser, device.browser_major, device.os, device.kind, device_id)


def computer(rng: Random, device_id: str | None = None) -> Browser:
    """Return a new computer's browser."""
    model = rng.choices(COMPUTERS, [m.share for m in COMPUTERS])[0]
    return Browser(model, rng.randrange(21), device_id)


def phone(rng: Random, device_id: str | None = None) -> Browser:
    """Return a new phone's browser."""
    return Browser(IPHONE if rng.random() < IPHONE.share else ANDROID, rng.randrange(28), device_id)


def script(rng: Random) -> Browser:
    """Return a program; its user agent never changes."""
    return Browser(Model(rng.choice(SCRIPTS), "", 0, 0.0), 0, None)
