"""What a campaign of credential stuffing is made of: failures of an organisation that no user's habits explain."""

import msgspec

from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect.accounts import FailedLogin
from litesoc_server.pipeline.detect.egress import has_logins, neighbourhood_of, succeeded_count, users_count
from litesoc_server.pipeline.detect.firing import Finding
from litesoc_server.pipeline.detect.origin import Origin
from litesoc_server.pipeline.detect.subjects import NOWHERE, address_of, scope_of, subject_of
from litesoc_server.pipeline.detect.until import windows_through
from litesoc_server.pipeline.policy import DAY_MS, HOUR_MS, DetectionPolicy
from litesoc_server.pipeline.state.base import (
    LATENESS_MS,
    CountRequest,
    DecayedRequest,
    DistinctRequest,
    Steps,
    Window,
    peek,
    peek_distinct,
)

INCIDENT_KEY = "credential_attack|org:stuffing"
_HOURS_OF_WEEK = 168
_USUAL_HALF_LIFE_MS = 28 * DAY_MS
# A counter that gets r every 7 days and halves every 28 settles at r / (1 - 2^(-7/28)): so much of it is one week's.
_ONE_WEEKS_SHARE = 1 - 2 ** (-7 / 28)
_LEARNING_MS = 7 * DAY_MS  # until every hour of a week has been seen once, the users who log in are the only measure


class Campaign(msgspec.Struct, frozen=True):
    """The unexplained failures of an organisation in one window that is over the limit."""

    failures: Window  # of the fullest hour
    window_ms: int
    accounts_count: int
    limit: int
    sources_count: int
    usual_count: float  # accounts that usually fail so in that time at this hour of the week
    users_count: int  # who logged in during that time


class _Keys:
    """The state keys of one organisation's campaigns."""

    def __init__(self, event: Event, at_ms: int) -> None:
        self._scope = scope_of(event)
        self.failures = f"{self._scope}unexplained"
        self.existing = f"{self._scope}unexplained existing"
        self.usual = f"{self._scope}unexplained usually|{at_ms // HOUR_MS % _HOURS_OF_WEEK}"

    def by(self, source: str) -> str:
        """Return the key of the failures from one source."""
        return f"{self._scope}unexplained from|{source}"

    def sources(self, window_ms: int) -> str:
        """Return the key of the different sources; a key of its own per length keeps counting them cheap."""
        return f"{self._scope}unexplained sources|{window_ms}"

    def accounts(self, window_ms: int) -> str:
        """Return the key of the different accounts."""
        return f"{self._scope}unexplained accounts|{window_ms}"


def is_unexplained(event: Event, failed: FailedLogin) -> Steps[bool]:
    """Return whether a failure is on an account that does not exist, or comes from where nobody logged in for 7 days.

    A familiar network and device of the account explain it, even in a new place.
    """
    if event.user_ip is None or event.actor is None or failed.is_usual:
        return False
    if not failed.is_at_account:
        return True
    return not (yield from users_count(event, neighbourhood_of(event.user_ip), event.occurred_at_ms))


def note_failure(event: Event, policy: DetectionPolicy, failed: FailedLogin) -> Steps[Window]:
    """Remember an unexplained failure, and return the fullest hour with it.

    It is counted last: whoever sees it counted sees all else that is noted of it, however many are judged at once.
    """
    at_ms, event_id = event.occurred_at_ms, event.event_id
    keys = _Keys(event, at_ms)
    source = address_of(event.user_ip) if event.user_ip is not None else NOWHERE
    account = subject_of(event)  # names that the sender masked are told apart by where they are tried from
    yield CountRequest(keys.by(source), HOUR_MS, at_ms, event_id)
    if failed.is_at_account:
        yield CountRequest(keys.existing, HOUR_MS, at_ms, event_id)
    for window_ms in windows_of(policy):
        yield DistinctRequest(keys.sources(window_ms), window_ms, at_ms, source, event_id)
        yield DistinctRequest(keys.accounts(window_ms), window_ms, at_ms, account, event_id)
    hour = yield CountRequest(keys.failures, HOUR_MS, at_ms, event_id)
    assert isinstance(hour, Window)
    if hour.count < policy.credential_stuffing_accounts_count:  # what is above is no habit and must not become one
        yield DecayedRequest(keys.usual, _USUAL_HALF_LIFE_MS, at_ms, 1.0, event_id)
    return hour


def campaign_of(event: Event, policy: DetectionPolicy, hour: Window) -> Steps[Campaign | None]:
    """Return the campaign that a failure is part of, if there is one; ``hour`` is the fullest with it.

    A late failure may have completed the campaign of any time until an hour after it.
    """
    key, at_ms = _Keys(event, event.occurred_at_ms).failures, event.occurred_at_ms
    for window in (yield from windows_through(key=key, window_ms=HOUR_MS, at_ms=at_ms, own=hour)):
        campaign = yield from campaign_at(event, policy, window.last_ms)
        if campaign is not None:
            return campaign
    return None


def campaign_at(event: Event, policy: DetectionPolicy, at_ms: int) -> Steps[Campaign | None]:
    """Return the campaign that goes on at ``at_ms``, if there is one.

    Held against several window lengths, what exceeds the usual by a limit is what a cumulative sum (CUSUM) finds, and needs
    no memory of its own.

    What is usual is learned while an hour is below the limit, and never counts for more than the limit: so an attacker who
    keeps below it for however long raises it to ``1 + credential_stuffing_times_usual_ratio`` times itself at most.
    """
    keys, limit = _Keys(event, at_ms), policy.credential_stuffing_accounts_count
    failures = yield from peek(key=keys.failures, window_ms=HOUR_MS, at_ms=at_ms)
    if failures.count < limit:
        return None
    on_existing = yield from peek(key=keys.existing, window_ms=HOUR_MS, at_ms=at_ms)
    if on_existing.count < policy.credential_stuffing_existing_attempts_count:
        return None
    hour_start_ms = at_ms - at_ms % HOUR_MS
    usual = yield DecayedRequest(keys.usual, _USUAL_HALF_LIFE_MS, hour_start_ms - 1, 0.0, "what it was before this hour")
    assert isinstance(usual, float)
    is_learning = not (yield from has_logins(event, at_ms - _LEARNING_MS))
    usual_per_hour = min(usual * _ONE_WEEKS_SHARE, limit)  # it may have been learned under a higher limit
    for window_ms in windows_of(policy):
        usual_count = usual_per_hour * window_ms / HOUR_MS
        limit_here = limit + round(policy.credential_stuffing_times_usual_ratio * usual_count)
        accounts_count = yield from peek_distinct(key=keys.accounts(window_ms), window_ms=window_ms, at_ms=at_ms)
        sources_count = yield from peek_distinct(key=keys.sources(window_ms), window_ms=window_ms, at_ms=at_ms)
        if accounts_count < limit_here or sources_count < policy.credential_stuffing_addresses_count:
            continue
        succeeded = yield from succeeded_count(event, window_ms, at_ms)
        if is_learning and (yield from _accounts_beside_users(event, keys, window_ms, at_ms, accounts_count)) <= succeeded:
            continue
        return Campaign(failures, window_ms, accounts_count, limit_here, sources_count, usual_count, succeeded)
    return None


def _accounts_beside_users(event: Event, keys: _Keys, window_ms: int, at_ms: int, accounts_count: int) -> Steps[int]:
    """Return how many of the accounts that failed are to be held against the users who logged in until LATENESS_MS ago.

    All, but for an organisation that is younger than the window with it: of its failures, too, only those of that time
    count. Else everybody who mistypes in its first minutes outnumbers users of whom none is known yet.
    """
    if (yield from has_logins(event, at_ms - window_ms)):
        return accounts_count
    return (yield from peek_distinct(key=keys.accounts(window_ms), window_ms=window_ms, at_ms=at_ms - LATENESS_MS))


def part_of(event: Event, policy: DetectionPolicy, login: Origin, finding: Finding) -> Steps[Finding]:
    """Return ``finding``, about a suspicious login, as a part of the campaign that it came in, if it did.

    It did if nobody logs in from there and the campaign had been going on for LATENESS_MS, so that the answer is final.
    """
    if login.ip is None or (yield from users_count(event, neighbourhood_of(login.ip), login.at_ms)):
        return finding
    if (yield from campaign_at(event, policy, login.at_ms - LATENESS_MS)) is None:
        return finding
    return msgspec.structs.replace(finding, incident_key=INCIDENT_KEY)


def took_part(event: Event, source: str, at_ms: int) -> Steps[bool]:
    """Return whether ``source`` made any of the unexplained failures of the hour before ``at_ms``, or of the one after."""
    key = _Keys(event, at_ms).by(source)
    before = yield from peek(key=key, window_ms=HOUR_MS, at_ms=at_ms)
    after = yield from peek(key=key, window_ms=HOUR_MS, at_ms=at_ms + HOUR_MS)
    return before.count + after.count > 0


def windows_of(policy: DetectionPolicy) -> tuple[int, int]:
    """Return the lengths at which a campaign is looked for: fast ones and slower ones."""
    return policy.credential_stuffing_window_ms, policy.credential_stuffing_long_window_ms
