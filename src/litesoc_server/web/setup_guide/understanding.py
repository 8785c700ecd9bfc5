"""What the server understood of one event, in words for whoever sent it, with the fix where something is wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from django.utils.html import format_html

from litesoc_server.events.catalog import CATALOG
from litesoc_server.events.event import Event
from litesoc_server.health.judge import BEHIND_A_PROXY

_ADDRESS_FIX = f"Send the address of your user as user_ip, not that of your server, proxy or container: {BEHIND_A_PROXY}."


@dataclass(frozen=True)
class Remark:
    """One thing about an event."""

    finding: str  # HTML when it quotes the event
    fix: str = ""

    @property
    def is_good(self) -> bool:
        """Whether there is nothing to mend."""
        return not self.fix


def remarks_on(event: Event) -> list[Remark]:
    """Return what was understood: the name, who it was, from where."""
    return [*_on_name(event), *_on_actor(event), *_on_address(event)]


def has_public_address(event: Event) -> bool:
    """Return whether the event carries an address that a user of the internet can have."""
    return event.user_ip is not None and (event.network is None or event.network.special is None)


def _on_name(event: Event) -> Iterator[Remark]:
    known = CATALOG.get(event.name)
    if known is not None:
        yield Remark(format_html("The name <bdi>{}</bdi> is known: {}", event.name, known.description))
        return
    similar = get_close_matches(event.name, CATALOG, n=1)
    hint = f"Did you mean {similar[0]}? " if similar else ""
    finding = format_html(
        "No detector knows the name <bdi>{}</bdi>: the event is stored, but nothing looks at it.", event.name
    )
    yield Remark(finding, f"{hint}Use the standard names where one fits, such as auth.login_failed.")


def _on_actor(event: Event) -> Iterator[Remark]:
    if event.actor is None:
        fix = "Send the id of the account as actor, also when a login fails: attacks on accounts are found by it."
        yield Remark("It does not say who it was.", fix)
    elif event.actor.is_redacted:
        yield Remark("The id of the actor is masked.", "Send a stable id of the account; it need not be an e-mail address.")
    else:
        yield Remark("It says who it was.")


def _on_address(event: Event) -> Iterator[Remark]:
    network = event.network
    if event.user_ip is None:
        yield Remark("It carries no address of a user.", _ADDRESS_FIX)
    elif network is not None and network.special is not None:
        finding = f"The address {event.user_ip} is not on the internet ({network.special.replace('_', ' ')})."
        yield Remark(finding, f"{_ADDRESS_FIX} In an internal network this may be right.")
    elif event.user_ip == event.server_ip:
        finding = f"The address {event.user_ip} is also that of the machine that sent the event."
        yield Remark(finding, f"If it is not a test on your own machine: {_ADDRESS_FIX}")
    else:
        yield Remark(f"The address {event.user_ip} is on the internet.")
