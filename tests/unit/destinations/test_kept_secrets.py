"""A secret that is kept when settings change goes where it went before, and nowhere else."""

from collections.abc import Collection
from dataclasses import dataclass, replace

import pytest

from litesoc_server.destinations.fields import Field, SettingRefused, Settings
from litesoc_server.destinations.settings import checked_values
from litesoc_server.egress.policy import EgressPolicy
from litesoc_server.forwarding.kinds import KINDS as FORWARDER_KINDS
from litesoc_server.notify.channels.registry import KINDS as CHANNEL_KINDS

FIELDS = (
    Field("server", "Server", is_place=True, is_required=False),
    Field("user", "User name", is_required=False),
    Field("password", "Password", is_secret=True, is_required=False),
)
REQUIRED = (*FIELDS[:2], replace(FIELDS[2], is_required=True))
KEPT = {"server": "mail.shop.example", "user": "alerts", "password": "kept"}


@dataclass(frozen=True)
class Kind:
    title: str = "Mail"
    fields: tuple[Field, ...] = FIELDS

    def check(self, settings: Settings, policy: EgressPolicy, /) -> None:
        """Take everything."""


def changed(fields: tuple[Field, ...] = FIELDS, /, *, unset: Collection[str] = (), **given: str) -> dict[str, str]:
    return checked_values(Kind(fields=fields), given, KEPT, EgressPolicy(), unset=unset)


def test_a_secret_stays_while_its_place_does() -> None:
    assert changed(user="other") == {**KEPT, "user": "other"}
    assert changed(server="mail.shop.example", password="") == KEPT


@pytest.mark.parametrize("server", ["mail.evil.example", ""])
def test_a_secret_does_not_go_along_to_another_place(server: str) -> None:
    assert changed(server=server) == {"server": server, "user": "alerts", "password": ""}
    assert changed(server=server, password="new") == {"server": server, "user": "alerts", "password": "new"}
    with pytest.raises(SettingRefused, match="Password has to be entered again: it was for another server") as refused:
        changed(REQUIRED, server=server, password=" ")
    assert refused.value.field == "password"
    assert changed(REQUIRED, server=server, password="new") == {"server": server, "user": "alerts", "password": "new"}


def test_what_is_to_be_removed_is_unless_it_is_required_or_given_anew() -> None:
    assert changed(unset=["password"]) == {**KEPT, "password": ""}
    assert changed(unset=["user"]) == {**KEPT, "user": ""}
    assert changed(unset=["password"], password="new") == {**KEPT, "password": "new"}
    with pytest.raises(SettingRefused, match="Password is missing"):
        changed(REQUIRED, unset=["password"])
    with pytest.raises(SettingRefused, match="Mail has no setting private_key: it has server, user, password"):
        changed(unset=["private_key"])


def test_what_was_without_a_secret_may_move() -> None:
    kept = {"server": "mail.shop.example", "user": "", "password": ""}
    assert checked_values(Kind(), {"server": "other.example"}, kept, EgressPolicy())["server"] == "other.example"


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        (CHANNEL_KINDS["email"], "host"),
        (CHANNEL_KINDS["ntfy"], "server"),
        (FORWARDER_KINDS["http"], "url"),
        (FORWARDER_KINDS["splunk_hec"], "url"),
    ],
    ids=["email", "ntfy", "http", "splunk_hec"],
)
def test_kinds_with_a_secret_say_where_it_goes(kind: Kind, place: str) -> None:
    assert [field.name for field in kind.fields if field.is_place] == [place]
