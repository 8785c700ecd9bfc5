"""`litesoc forward`: what each command does, and what it says to a first mistake."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from forward_receivers import Authority, HttpReceiver
from litesoc_command import Command
from litesoc_server.cli.app import app
from litesoc_server.forwarding.forwarder_settings import read_settings
from litesoc_server.forwarding.models import Forwarder
from litesoc_server.orgs.models import Organization

pytestmark = pytest.mark.django_db


@pytest.fixture
def command(org: Organization, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("LITESOC_LOG_LEVEL", "WARNING")  # commands set it for their process, which is this one here
    return Command("forward", org)


@pytest.fixture
def added(command: Command, receiver: HttpReceiver, authority: Authority, tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "ca.pem").write_text(authority.pem)
    (tmp_path / "token").write_text("very secret\n")
    files = ("--set", f"ca_pem=@{tmp_path}/ca.pem", "--set", f"token=@{tmp_path}/token")
    wanted = ("--name", "SIEM", "--what", "events", "--severity", "critical", "--category", "auth")
    (row,) = command.json("add", "http", "--set", f"url={receiver.url}", *files, *wanted)
    made: dict[str, Any] = row
    return made


def test_one_is_added_listed_and_tested(command: Command, receiver: HttpReceiver, added: dict[str, Any]) -> None:
    assert (added["kind"], added["what"], added["state"], added["rejected_count"]) == ("http", "events", "working", 0)
    assert (added["severities"], added["categories"]) == (["critical"], ["auth"])
    assert command.json("list") == [{**added, "lag_seconds": command.json("list")[0]["lag_seconds"]}]
    assert "SIEM http events working" in command("list")
    assert command.json("list", "--test") == []
    assert receiver.records == []
    told = command("test", "SIEM")
    assert receiver.records[0]["metadata"]["uid"] in told
    assert receiver.headers[0]["authorization"] == "Bearer very secret"
    receiver.status = 401
    told = command.refused("test", added["id"])
    assert "status 401: it does not know the token" in told
    assert "change its settings" in told


def test_one_is_changed_and_what_is_left_out_stays(command: Command, added: dict[str, Any]) -> None:
    (changed,) = command.json("edit", "SIEM", "--name", "Vector", "--what", "both", "--severity", "warning")
    assert (changed["id"], changed["name"], changed["what"]) == (added["id"], "Vector", "both")
    assert (changed["severities"], changed["categories"]) == (["warning"], ["auth"])
    command("edit", "Vector", "--set", "token=other secret")
    assert read_settings(Forwarder.objects.get())["token"] == "other secret"
    command("edit", "Vector", "--unset", "token")
    assert read_settings(Forwarder.objects.get())["token"] == ""


def test_one_is_paused_and_resumed(command: Command, added: dict[str, Any]) -> None:
    assert command.json("pause", "SIEM")[0]["state"] == "paused"
    assert "paused" in command("list")
    assert command.json("resume", "SIEM")[0]["state"] == "working"


def test_one_is_removed_and_brought_back(command: Command, added: dict[str, Any]) -> None:
    assert f"litesoc forward restore {added['id']}" in command("remove", "SIEM")
    assert command("list") == "There are no forwarders: add one with `litesoc forward add`."
    assert command.json("restore", "SIEM")[0]["id"] == added["id"]
    command("remove", "SIEM")
    assert command.json("restore", added["id"])[0]["name"] == "SIEM"
    assert "was removed within the last hour" in command.refused("restore", "SIEM")


def test_what_was_rejected_is_listed(command: Command, added: dict[str, Any]) -> None:
    assert command("rejected", "SIEM") == "SIEM rejected nothing."
    Forwarder.objects.get().rejected.create(record_id="3d0c6f5e", is_alert=False, reason="status 400")
    assert "3d0c6f5e status 400" in command("rejected", "SIEM")
    assert command.json("rejected", "SIEM")[0]["record_id"] == "3d0c6f5e"


URL = ("--set", "url=https://127.0.0.1:9/")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "kafka", "--name", "x", *URL), "kind: There is no kind named kafka: use one of http, splunk_hec, syslog."),
        (("add", "http", "--name", "x", "--set", "url"), "--set url: there is no value Fix: write --set name=value"),
        (("add", "http", "--name", "x", "--set", "token=@/no/such/file"), "--set token: the file cannot be read"),
        (("add", "http", "--name", "x", "--set", "token=t"), "url: Address is missing."),
        (("add", "http", "--name", "x", "--set", "url=http://siem.example"), "must begin with https://"),
        (("add", "http", "--name", "x", *URL, "--set", "host=soc"), "host: HTTP has no setting host: it has url"),
        (("add", "http", "--name", " ", *URL), "name: Give the forwarder a name"),
        (("add", "http", "--name", "SIEM", *URL), "name: There is a forwarder named “SIEM” already."),
        (("add", "http", "--name", "x", *URL, "--what", "all"), "what: What is passed on is one of events, alerts, both."),
        (("add", "http", "--name", "x", *URL, "--severity", "high"), "severities: Severities of events are info"),
        (("edit", "SIEM", "--unset", "url"), "url: Address is missing."),
        (("edit", "SIEM", "--set", "url=ftp://x", "--set", "token=t"), "url: Address: the address must begin with https://"),
        (("edit", "SIEM", "--name", ""), "name: Give the forwarder a name"),
        (("pause", "Siem"), "there is no forwarder 'Siem' Fix: `litesoc forward list` shows their names"),
        (("test", "SIEM", "--test"), "there is no forwarder 'SIEM'"),
        (("remove", "00000000-0000-0000-0000-000000000000"), "there is no forwarder"),
        (("rejected", "x"), "there is no forwarder"),
    ],
)
def test_a_first_mistake_is_told_with_its_fix(
    command: Command, added: dict[str, Any], arguments: tuple[str, ...], said: str
) -> None:
    before = Forwarder.objects.values().get()
    assert said in command.refused(*arguments)
    assert Forwarder.objects.values().get() == before


def test_an_organisation_that_is_not_there_is_told(org: Organization) -> None:
    done = CliRunner().invoke(app, ["forward", "list", "--org", "nobody"])
    assert done.exit_code == 1
    assert "--org" in done.stderr
