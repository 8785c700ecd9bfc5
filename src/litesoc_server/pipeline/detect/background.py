"""The background noise of the internet: guesses at accounts that do not exist, folded into one incident of the organisation.

However many sources there are, none of them can get in this way, so together they deserve one alert. What attacks an
account that exists is never part of it.
"""

import msgspec

from litesoc_server.events.detection import AlertSeverity
from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect import wording
from litesoc_server.pipeline.detect.firing import Finding
from litesoc_server.pipeline.detect.subjects import actor_of, scope_of
from litesoc_server.pipeline.policy import DetectionPolicy
from litesoc_server.pipeline.state.base import LATENESS_MS, CountRequest, DistinctRequest, Steps, Window, peek, peek_distinct

INCIDENT_KEY = "credential_attack|org:unknown_accounts"
RULED_OUT = "A threat to an account: nobody ever logged in to those that were tried, as far as logins are remembered."
_UNNAMED = "\x00unnamed"  # all accounts whose names were not sent; no actor's id, since it is not printable


class Background(msgspec.Struct, frozen=True):
    """The guesses of an organisation at accounts that do not exist."""

    guesses: Window
    sources_count: int
    accounts_count: int  # all those without a name count as one

    @property
    def title(self) -> str:
        """How many sources and accounts there are, in words."""
        tried = wording.several(self.accounts_count, "account")
        what = "that does not exist" if self.accounts_count == 1 else "that do not exist"
        return f"Background guessing at {tried} {what}, from {wording.several(self.sources_count, 'address')}"


def note_guess(event: Event, source: str, policy: DetectionPolicy) -> Steps[int]:
    """Remember a guess at an account that does not exist; return how many sources had guessed at the same one.

    That is as of LATENESS_MS before it, so that the answer is final; this noise can wait. All accounts without a name count
    as the same.
    """
    scope, window_ms, account = scope_of(event), policy.account_probing_window_ms, actor_of(event) or _UNNAMED
    at_ms, event_id, guessed_by = event.occurred_at_ms, event.event_id, f"{scope}guessed by|{account}"
    yield CountRequest(f"{scope}guesses", window_ms, at_ms, event_id)
    yield DistinctRequest(f"{scope}guessing sources", window_ms, at_ms, source, event_id)
    yield DistinctRequest(f"{scope}guessed accounts", window_ms, at_ms, account, event_id)
    guessed_by_count = yield DistinctRequest(guessed_by, window_ms, at_ms, source, event_id)
    assert isinstance(guessed_by_count, int)
    if guessed_by_count < policy.account_probing_addresses_count:  # it can only have been less
        return guessed_by_count
    return (yield from peek_distinct(key=guessed_by, window_ms=window_ms, at_ms=at_ms - LATENESS_MS))


def guesses_at(event: Event, at_ms: int, policy: DetectionPolicy) -> Steps[Window]:
    """Return the guesses of all sources in the window that ends at ``at_ms``."""
    return (yield from peek(key=f"{scope_of(event)}guesses", window_ms=policy.account_probing_window_ms, at_ms=at_ms))


def background_at(event: Event, at_ms: int, policy: DetectionPolicy) -> Steps[Background]:
    """Return what was guessed in the window that ends at ``at_ms``."""
    scope, window_ms = scope_of(event), policy.account_probing_window_ms
    return Background(
        guesses=(yield from guesses_at(event, at_ms, policy)),
        sources_count=(yield from peek_distinct(key=f"{scope}guessing sources", window_ms=window_ms, at_ms=at_ms)),
        accounts_count=(yield from peek_distinct(key=f"{scope}guessed accounts", window_ms=window_ms, at_ms=at_ms)),
    )


def part_of(around: Background, finding: Finding) -> Finding:
    """Return ``finding`` as a part of the one incident of guesses at accounts that do not exist.

    Its own title remains where nobody counts all guesses, account_probing being muted.
    """
    return msgspec.structs.replace(
        finding,
        severity=AlertSeverity.LOW,
        incident_key=INCIDENT_KEY,
        title=around.title if around.guesses.count else finding.title,
        ruled_out=(*finding.ruled_out, RULED_OUT),
    )
