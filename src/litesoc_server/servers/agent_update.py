"""The update that the vendor's agents are told of, when the operator has set one (contract 7.2)."""

import re

import msgspec
from django.conf import settings

from litesoc_server.servers.models import Server

VENDOR_AGENT = "litesoc-agent/"  # how its User-Agent begins; `litesoc agent` is updated with its package
_VERSION = re.compile(r"v?(\d{1,6}(?:\.\d{1,6}){0,3})(.*)")


class AgentUpdate(msgspec.Struct, frozen=True):
    """Where a version of the vendor's agent is to be had, and its checksums, without which the agent verifies nothing."""

    latest_version: str
    download_url: str
    checksum_url: str

    def is_for(self, server: Server) -> bool:
        """Return whether the server's agent is the vendor's, of another version, and not known to be a newer one."""
        if not server.user_agent.startswith(VENDOR_AGENT):
            return False
        has, offered = _parse(server.agent_version), _parse(self.latest_version)
        if has is None or offered is None:
            return server.agent_version.removeprefix("v") != self.latest_version.removeprefix("v")
        return has < offered


def configured_update() -> AgentUpdate | None:
    """Return what the operator has set, None when that is nothing."""
    version, download_url, checksum_url = settings.AGENT_UPDATE
    if not (version and download_url and checksum_url):
        return None
    return AgentUpdate(version, download_url, checksum_url)


def _parse(version: str) -> tuple[int, ...] | None:
    """Return the numbers of "1.3.0", "v1.3.0" or "v1.3.0-5-gabc1234" (git describe); None for other texts."""
    match = _VERSION.fullmatch(version.strip())
    if match is None:
        return None
    numbers = [int(number) for number in match[1].split(".")]
    return tuple(numbers + [0] * (4 - len(numbers)))
