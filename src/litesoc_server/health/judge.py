"""What is wrong with what a key sends, in numbers and with the fix. Pure: facts in, notices out.

The shares are meant to be far from anything a sound application sends; they are no settings, a notice costs nothing.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum

import msgspec

from litesoc_server.pipeline.detect import wording
from litesoc_server.pipeline.policy import HOUR_MS
from litesoc_server.store.queries.sender_facts import SenderFacts
from litesoc_server.store.queries.sender_hours import SenderHours

EVENTS_MIN = 100  # fewer say nothing about a key
ACTORS_MIN = 20  # nobody has that many users behind one address and no other
ONE_ADDRESS_SHARE = 0.95
BAD_ADDRESS_SHARE = 0.2
RENTED_SHARE = 0.9  # visitors from hosting networks and proxies stay far below
NO_ADDRESS_SHARE = 0.5
LOGINS_MIN = 500  # one in 30 to 100 logins is preceded by a failed one
ADDRESSES_PER_ACTOR = 20  # in the span of a week; travellers stay below
CLOCK_SHARE = 0.01
UNRECOGNISED_SHARE = 0.2
SILENCE_MIN_MS = 6 * HOUR_MS
SILENCE_FACTOR = 2  # times the longest gap so far
HOURS_MIN = 48  # hours with events, before silence means anything


class Problem(StrEnum):
    """What is wrong."""

    SILENT = "source_went_silent"
    AGENTS_SILENT = "agents_went_silent"
    ONE_ADDRESS = "all_users_on_one_address"
    SPECIAL_ADDRESS = "private_address_as_user_ip"
    PROXY_ADDRESS = "proxy_address_as_user_ip"
    NO_ADDRESS = "user_ip_not_sent"
    FORGEABLE_ADDRESS = "spoofable_forwarded_address"
    NO_FAILURES = "failures_never_sent"
    CLOCK_SKEW = "clock_skew"
    NO_BACKFILL = "timestamps_not_used"
    UNRECOGNISED = "event_names_not_recognised"


class Notice(msgspec.Struct, frozen=True):
    """One thing an operator should look at. It is no alert: nobody is attacked."""

    problem: Problem
    key_id: str | None  # that sent it; None where it is about a source or agents
    finding: str  # with the numbers and the limit
    fix: str
    source: str | None = None  # id of the connected source that it is about


BEHIND_A_PROXY = "behind a load balancer, read the client's address from the header that it sets, and only from it"


def judge(facts: Sequence[SenderFacts], hours: Sequence[SenderHours], now_ms: int) -> tuple[Notice, ...]:
    """Return what is wrong with the keys of one organisation, by key."""
    notices = [notice for sender in facts if sender.events_count >= EVENTS_MIN for notice in _of_one(sender)]
    notices += [notice for sender in hours if (notice := _silence(sender, now_ms)) is not None]
    return tuple(sorted(notices, key=lambda notice: (notice.key_id or "", notice.problem)))


def _of_one(sender: SenderFacts) -> Iterator[Notice]:
    yield from _addresses(sender)
    if sender.logins_count >= LOGINS_MIN and not sender.failures_count:
        yield Notice(
            Problem.NO_FAILURES,
            sender.key_id,
            f"{sender.logins_count:,} logins and not one failed login; people mistype passwords long before {LOGINS_MIN}",
            "send auth.login_failed wherever a login is turned away: without it no attack on passwords can be seen",
        )
    if sender.clock_count > CLOCK_SHARE * sender.events_count:
        yield Notice(
            Problem.CLOCK_SKEW,
            sender.key_id,
            f"{_of(sender.clock_count, sender)} have a time of their own that is too far from ours to be used; "
            f"the limit is {CLOCK_SHARE:.0%}",
            "run an NTP client on the sending machine, and send times with their offset (RFC 3339)",
        )
    if sender.no_backfill_count > CLOCK_SHARE * sender.events_count:
        yield Notice(
            Problem.NO_BACKFILL,
            sender.key_id,
            f"{_of(sender.no_backfill_count, sender)} have a time of their own, which this key may not set; "
            "they are stored at the time at which they were received",
            "leave the timestamp out, or send past events with a key that has the scope backfill",
        )
    if sender.unrecognised_count > UNRECOGNISED_SHARE * sender.events_count:
        names = ", ".join(wording.name(name) for name in sender.unrecognised_names)
        yield Notice(
            Problem.UNRECOGNISED,
            sender.key_id,
            f"{_of(sender.unrecognised_count, sender)} have names that no detector knows ({names}); "
            f"the limit is {UNRECOGNISED_SHARE:.0%}",
            "use the names of docs/reference/events.md where one fits; others are stored but not looked at",
        )


def _addresses(sender: SenderFacts) -> Iterator[Notice]:
    with_address = sender.events_count - sender.without_address_count
    if sender.actors_count and sender.without_address_count > NO_ADDRESS_SHARE * sender.events_count:
        unreadable = f", {sender.unreadable_address_count:,} of them with a text that is none" * bool(
            sender.unreadable_address_count
        )
        yield Notice(
            Problem.NO_ADDRESS,
            sender.key_id,
            f"{_of(sender.without_address_count, sender)} have no usable user_ip{unreadable}; "
            f"the limit is {NO_ADDRESS_SHARE:.0%}",
            "send the end user's address as user_ip",
        )
    if sender.special_address_count > BAD_ADDRESS_SHARE * sender.events_count:
        yield Notice(
            Problem.SPECIAL_ADDRESS,
            sender.key_id,
            f"{_of(sender.special_address_count, sender)} have a private or otherwise special address as user_ip; "
            f"the limit is {BAD_ADDRESS_SHARE:.0%}",
            f"send the end user's address, not that of your own proxy or container: {BEHIND_A_PROXY}. "
            "In an internal network this may be right",
        )
    elif (
        sender.busiest_address_actors_count >= ACTORS_MIN
        and sender.busiest_address_count >= ONE_ADDRESS_SHARE * with_address
        and with_address >= EVENTS_MIN
    ):
        yield Notice(
            Problem.ONE_ADDRESS,
            sender.key_id,
            f"{_of(sender.busiest_address_count, sender)}, of {sender.busiest_address_actors_count:,} users, come from one "
            f"address; the limits are {ONE_ADDRESS_SHARE:.0%} and {ACTORS_MIN} users",
            f"send the end user's address, not your server's: {BEHIND_A_PROXY}",
        )
    elif sender.actors_count >= ACTORS_MIN and sender.rented_address_count > RENTED_SHARE * sender.events_count:
        yield Notice(
            Problem.PROXY_ADDRESS,
            sender.key_id,
            f"{_of(sender.rented_address_count, sender)} have an address of a hosting network or proxy as user_ip; "
            f"the limit is {RENTED_SHARE:.0%}",
            f"it is probably your content delivery network's or your server's: {BEHIND_A_PROXY}",
        )
    yield from _forgeable(sender)


def _forgeable(sender: SenderFacts) -> Iterator[Notice]:
    """Say what shows that clients may choose the address that is sent for them."""
    signs: list[str] = []
    if sender.actors_count and sender.addresses_count > max(EVENTS_MIN, ADDRESSES_PER_ACTOR * sender.actors_count):
        came_from = f"{sender.actors_count:,} users came from {sender.addresses_count:,} addresses"
        signs.append(f"{came_from}; the limit is {ADDRESSES_PER_ACTOR} a user")
    if sender.address_list_count:
        events = "1 event carries" if sender.address_list_count == 1 else f"{sender.address_list_count:,} events carry"
        signs.append(f"{events} a whole list of addresses as user_ip")
    if signs:
        yield Notice(
            Problem.FORGEABLE_ADDRESS,
            sender.key_id,
            f"{'; '.join(signs)}: clients may be choosing them",
            f"do not take the first entry of X-Forwarded-For, which anybody can write: {BEHIND_A_PROXY}",
        )


def _silence(sender: SenderHours, now_ms: int) -> Notice | None:
    """Return a notice if a key is silent for much longer than it ever was while it sent."""
    if len(sender.hours_ms) < HOURS_MIN:
        return None
    gaps_ms = [later - earlier for earlier, later in zip(sender.hours_ms, sender.hours_ms[1:], strict=False)]
    limit_ms = max(SILENCE_MIN_MS, SILENCE_FACTOR * max(gaps_ms))
    silent_ms = now_ms - sender.last_ms
    if silent_ms <= limit_ms:
        return None
    return Notice(
        Problem.SILENT,
        sender.key_id,
        f"silent for {wording.duration(silent_ms)}, since {wording.utc(sender.last_ms)}; before, it sent in "
        f"{len(sender.hours_ms):,} hours and was never silent for longer than {wording.duration(max(gaps_ms))}; "
        f"the limit is {wording.duration(limit_ms)}",
        "see whether the application still runs and reaches this server; if the key is no longer used, revoke it",
    )


def _of(count: int, sender: SenderFacts) -> str:
    share = count / sender.events_count
    return f"{count:,} of {sender.events_count:,} events ({share:.0%})"
