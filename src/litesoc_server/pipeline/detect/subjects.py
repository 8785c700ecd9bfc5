"""Who and what a detector counts by: the keys of its state and of incidents, made the same way everywhere."""

import hashlib
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network
from typing import TypeAlias

from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Event

_IPV6_PREFIX_LENGTH = 64  # what one subscriber gets: RFC 6177, BCP 157
_ACTOR_ID_LENGTH_MAX = 200  # characters; longer ids are known by their digest, so that keys stay small
_ADDRESSES_CACHED = 65_536
_EVENTS_CACHED = 4_096  # about 8 MB

_TEST = Environment.TEST  # looking it up in its class takes longer than all the rest of scope_of

NOWHERE = "-"  # stands for the address of an event that came without one


_Who: TypeAlias = tuple[Event | None, str, str | None]  # event, scope, actor; a plain tuple, made once per event

_latest: _Who = (None, "", None)  # every detector asks the same of the same event
_recent: dict[int, _Who] = {}  # by id(); in lockstep each of many events is asked about in turn. What is here stays alive.


def _ask(event: Event) -> _Who:
    global _latest  # noqa: PLW0603 - a cache; a second thread only makes it miss
    known = _recent.get(id(event))
    if known is not None and known[0] is event:
        _latest = known
        return known
    scope = event.org_id + "|test|" if event.environment is _TEST else event.org_id + "|"
    actor = event.actor
    who = None if actor is None or actor.is_redacted or not actor.id else actor_key(actor.id)
    _latest = found = (event, scope, who)
    if len(_recent) >= _EVENTS_CACHED:
        _recent.clear()
    _recent[id(event)] = found
    return found


def scope_of(event: Event) -> str:
    """Return what the state keys of an event begin with: its organisation, and its world if that is the test one."""
    latest = _latest
    return latest[1] if latest[0] is event else _ask(event)[1]


def actor_of(event: Event) -> str | None:
    """Return the actor to count by; None when there is none or the sender masked it (then it may be anybody)."""
    latest = _latest
    return latest[2] if latest[0] is event else _ask(event)[2]


@lru_cache(maxsize=_ADDRESSES_CACHED)
def address_of(ip: str) -> str:
    """Return what counts as one address: an IPv4 address itself, of an IPv6 address its /64.

    ``ip`` is the canonical text of an address.
    """
    if ":" not in ip:
        return ip
    address = IPv6Address(ip)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), _IPV6_PREFIX_LENGTH), strict=False))


def ipv4_block(ip: str) -> str:
    """Return the /24 of an IPv4 address in canonical text: the smallest block that is routed, so one network's."""
    return ip[: ip.rindex(".")] + ".0/24"  # by text: ipaddress takes 50 times as long


def actor_key(actor_id: str) -> str:
    """Return what an actor is counted by: its id; an e-mail address in lower case; the digest of one too long for a key.

    Services take an address in any case for the same account, so whoever guesses passwords may write it in another one each
    time. Other ids are told apart by case: those made of base 64 digits are different then.
    """
    if "@" in actor_id:
        actor_id = actor_id.lower()
    if len(actor_id) <= _ACTOR_ID_LENGTH_MAX:
        return actor_id
    return "sha256:" + hashlib.sha256(actor_id.encode("utf-8", "surrogatepass")).hexdigest()


def subject_of(event: Event) -> str:
    """Return what incidents of one event's origin are grouped by: the actor, else the address, else one for all the rest."""
    actor = actor_of(event)
    if actor is not None:
        return actor_subject(actor)
    return address_subject(address_of(event.user_ip)) if event.user_ip is not None else "unknown"


def account_incident(actor: str) -> str:
    """Return the key of the incident that holds who gets into an account, and who tries to.

    One for all detectors of it: a login through Tor, from a new country, in the name of somebody who was elsewhere a minute
    before, is one event to look into. What is then done with the account has incidents of its own.
    """
    return f"account|{actor_subject(actor)}"


def login_incident(event: Event) -> str:
    """Return the key of the incident of the account that a login is at; if its name was not sent, of what stands for it."""
    return f"account|{subject_of(event)}"


def actor_subject(actor: str) -> str:
    """Return the incident subject of an actor."""
    return f"actor:{actor}"


def address_subject(address: str) -> str:
    """Return the incident subject of an address (or /64)."""
    return f"ip:{address}"
