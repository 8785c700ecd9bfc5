"""`litesoc orgs` and `litesoc members`: what an operator does without a browser."""

import re

import pytest

from live_server import LiveServer
from started_before import started_before

OWNER = "owner@shop.example"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> LiveServer:
    server = started_before(tmp_path_factory.mktemp("orgs") / "data")
    server.init()
    return server


def test_organisations_are_created_renamed_deleted_and_kept(live: LiveServer) -> None:
    assert [one["slug"] for one in live.litesoc_json("orgs", "list")] == ["shop-example"]
    made = live.litesoc_json("orgs", "create", "--name", "Second shop", "--owner", OWNER)
    assert made["slug"] == "second-shop"
    nobody = live.litesoc("orgs", "create", "--name", "Third", "--owner", "nobody@shop.example")
    assert (nobody.returncode, "litesoc init" in nobody.stderr) == (1, True)
    assert live.litesoc_json("orgs", "rename", "second-shop", "--name", "Other shop")["name"] == "Other shop"
    wrong = live.litesoc("orgs", "delete", "second-shop", "--confirm", "Second shop")
    assert (wrong.returncode, "not the name" in wrong.stderr) == (1, True)
    assert live.litesoc_json("orgs", "delete", "second-shop", "--confirm", "Other shop")["deletion_due_at"]
    assert {one["slug"]: one["state"] for one in live.litesoc_json("orgs", "list")} == {
        "second-shop": "deleted",
        "shop-example": "active",
    }
    assert live.litesoc_json("orgs", "undelete", "second-shop")["deletion_due_at"] is None
    assert "Other shop" in live.litesoc("orgs", "list").stdout


def test_the_test_environment_is_emptied_once_whoever_asks_is_sure(live: LiveServer) -> None:
    unsure = live.litesoc("orgs", "empty-test", "shop-example", stdin="n\n")
    assert (unsure.returncode, "All test events of Shop Example and 0 alerts" in unsure.stderr) == (1, True)
    assert "within minutes" in live.litesoc("orgs", "empty-test", "shop-example", stdin="y\n").stdout
    asked = [live.litesoc_json("orgs", "empty-test", "shop-example", "--yes")["emptying_asked_at"] for _ in range(2)]
    assert asked[0] == asked[1]
    actions = [entry["action"] for entry in live.litesoc_json("audit", "list", "--org", "shop-example")]
    assert actions.count("test_events.deletion_asked") == 1


def test_members_are_invited_changed_and_removed(live: LiveServer) -> None:
    org = ("--org", "shop-example")
    invited = live.litesoc("members", "invite", "nia@shop.example", "--role", "analyst", *org)
    assert re.fullmatch(r"http://localhost:8000/invitations/[\w-]{43}/", invited.stdout.strip())
    again = live.litesoc("members", "invite", "nia@shop.example", "--role", "analyst", *org)
    assert (again.returncode, "invited already" in again.stderr) == (1, True)
    assert live.litesoc("members", "invite", "x@shop.example", "--role", "emperor", *org).returncode == 1
    (owner,) = live.litesoc_json("members", "list", *org)
    assert (owner["email"], owner["role"], owner["second_factor"]) == (OWNER, "owner", False)
    assert OWNER in live.litesoc("members", "list", *org).stdout
    for command in (("role", OWNER, "--role", "admin"), ("remove", OWNER)):
        refused = live.litesoc("members", *command, *org)
        assert (refused.returncode, "last owner" in refused.stderr) == (1, True)
    stranger = live.litesoc("members", "remove", "nobody@shop.example", *org)
    assert (stranger.returncode, "is no member" in stranger.stderr) == (1, True)
