"""What somebody typed in for a channel, checked: missing things, odd ones, addresses that nothing is sent to."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from litesoc_server.destinations.fields import Field, SettingRefused, Settings
from litesoc_server.egress.guard import EgressRefused
from litesoc_server.egress.http import check_url
from litesoc_server.egress.policy import EgressPolicy


def refuse_unusable(fields: Sequence[Field], settings: Settings) -> None:
    """Raise SettingRefused for a field that is missing, none of its choices or of several lines."""
    for field in fields:
        value = settings.get(field.name, "")
        if field.is_required and not value.strip():
            raise SettingRefused(field.name, f"{field.label} is missing.")
        if any(character < " " or character == "\x7f" for character in value):
            raise SettingRefused(field.name, f"{field.label} has to be one line without control characters.")
        if field.choices and value and value not in field.choices:
            raise SettingRefused(field.name, f"{field.label} has to be one of: {', '.join(field.choices)}.")


def refuse_unless_matches(field: Field, settings: Settings, pattern: re.Pattern[str], expected: str) -> None:
    """Raise SettingRefused with what is ``expected`` if the value does not match ``pattern`` as a whole."""
    if not pattern.fullmatch(settings.get(field.name, "")):
        raise SettingRefused(field.name, f"{field.label} {expected}.")


def refuse_other_hosts(field: Field, settings: Settings, hosts: Sequence[str], example: str) -> None:
    """Raise SettingRefused for an address that is not a vendor's: ``hosts`` are names, or ends that begin with a dot."""
    try:
        parts = urlsplit(settings.get(field.name, ""))
        host = parts.hostname or ""
        known = any(host == one or (one.startswith(".") and host.endswith(one)) for one in hosts)
        is_plain = parts.username is None and parts.password is None and parts.port in (None, 443)
    except ValueError:
        known = is_plain = False
    if not known or not is_plain or parts.scheme != "https":
        raise SettingRefused(field.name, f"{field.label} has to look like {example}.")


def refuse_other_webhooks(
    field: Field, settings: Settings, policy: EgressPolicy, *, hosts: Sequence[str], shape: re.Pattern[str]
) -> None:
    """Raise SettingRefused for what is no webhook's address of a vendor: of other hosts, or of another ``shape``."""
    refuse_unusable((field,), settings)
    refuse_other_hosts(field, settings, hosts, field.placeholder)
    refuse_unless_matches(field, settings, shape, f"has to look like {field.placeholder}")
    refuse_unreachable(field, settings[field.name], policy)


def refuse_unreachable(field: Field, url: str, policy: EgressPolicy) -> None:
    """Raise SettingRefused if nothing may be sent to ``url``, which ``field`` holds."""
    try:
        check_url(policy, url)
    except EgressRefused as refused:
        raise SettingRefused(field.name, f"{field.label}: {refused}.") from refused
