"""What a user agent says about the device, by the patterns of the uap-core project (library ua-parser)."""

from ua_parser import BestAvailableResolver, Parser, load_lazy_builtins

from litesoc_server.events.event import Device

PARSED_LENGTH_MAX = 1024  # characters; bounds the time that pattern matching can take on hostile texts
_ORDINARY_COMPUTERS = frozenset({"Other", "Mac"})  # device families that say no more than the operating system does
_UNKNOWN = "Other"


class UserAgentReader:
    """The patterns, compiled on demand. Safe for any thread. Caches nothing: the caller does."""

    def __init__(self) -> None:
        self._parser = Parser(BestAvailableResolver(load_lazy_builtins()))

    def read(self, user_agent: str) -> Device:
        """Return what ``user_agent`` says; browser, os and kind are None where it says nothing known. Never raises."""
        result = self._parser.parse(user_agent[:PARSED_LENGTH_MAX])
        browser, os, device = result.user_agent, result.os, result.device
        is_known = browser is not None and browser.family != _UNKNOWN
        return Device(
            user_agent=user_agent,
            browser=browser.family if browser is not None and is_known else None,
            browser_major=browser.major if browser is not None and is_known else None,
            os=os.family if os is not None and os.family != _UNKNOWN else None,
            kind=device.family if device is not None and device.family not in _ORDINARY_COMPUTERS else None,
        )
