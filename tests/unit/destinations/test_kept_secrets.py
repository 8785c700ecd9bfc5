"""A secret that is kept when settings change goes where it went before, and nowhere else."""

from dataclasses import dataclass

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
KEPT = {"server": "mail.shop.example", "user": "alerts", "password": "kept"}


@dataclass(frozen=True)
class Kind:
    title: str = "Mail"
    fields: tuple[Field, ...] = FIELDS

    def check(self, settings: Settings, policy: EgressPolicy, /) -> None:
        """Take everything."""


def changed(**given: str) -> dict[str, str]:
    return checked_values(Kind(), given, KEPT, EgressPolicy())


def test_a_secret_stays_while_its_place_does() -> None:
    assert changed(user="other") == {**KEPT, "user": "other"}
    assert changed(server="mail.shop.example", password="") == KEPT


@pytest.mark.parametrize("server", ["mail.evil.example", ""])
def test_a_secret_has_to_be_entered_again_for_another_place(server: str) -> None:
    with pytest.raises(SettingRefused, match="Password has to be entered again: it was for another server") as refused:
        changed(server=server)
    assert refused.value.field == "password"
    assert changed(server=server, password="new") == {"server": server, "user": "alerts", "password": "new"}


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
