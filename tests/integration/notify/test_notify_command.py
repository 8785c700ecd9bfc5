"""`litesoc notify`: what each command does, and what it says to a first mistake."""

from collections.abc import Iterator

import pytest

from litesoc_command import Command
from litesoc_server.notify.models import Channel
from litesoc_server.orgs.models import Organization
from webhook_receiver import Receiver, receiving

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def command(org: Organization, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("LITESOC_LOG_LEVEL", "WARNING")  # commands set it for their process, which is this one here
    return Command("notify", org)


@pytest.fixture
def hook(command: Command, receiver: Receiver) -> Channel:
    command("add", "--name", "On call", "--set", f"url={receiver.url}")
    return Channel.objects.get()


def test_one_is_added_listed_and_tested(command: Command, receiver: Receiver, hook: Channel) -> None:
    assert "On call webhook" in command("channels")
    assert "Delivered in" in command("test", "On call")
    assert [row["status"] for row in command.json("deliveries")] == ["delivered"]
    receiver.status = 401
    assert "the test did not arrive" in command.refused("test", str(hook.pk))


def test_one_is_removed_and_brought_back(command: Command, hook: Channel) -> None:
    assert f"litesoc notify restore {hook.pk}" in command("remove", "On call")
    assert "There are no channels" in command("channels")
    assert command.json("restore", "On call")["id"] == str(hook.pk)
    command("remove", str(hook.pk))
    assert "On call is back" in command("restore", str(hook.pk))
    assert "was removed within the last hour" in command.refused("restore", "On call")


def test_a_name_that_was_taken_meanwhile_stands_in_the_way(command: Command, receiver: Receiver, hook: Channel) -> None:
    command("remove", "On call")
    command("add", "--name", "On call", "--set", f"url={receiver.url}")
    said = command.refused("restore", "On call")
    assert "There is a channel named “On call” already." in said
    assert "rename or remove that one" in said


@pytest.mark.parametrize("name", ["remove", "test", "rotate-secret"])
def test_what_is_not_there_is_said(command: Command, name: str) -> None:
    assert "there is no channel Pager Fix: `litesoc notify channels` shows them" in command.refused(name, "Pager")
