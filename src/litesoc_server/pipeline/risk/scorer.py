"""The score of one login that succeeded: what is known of its actor and organisation is read, weighed, and added to."""

from math import fsum
from zlib import crc32

import msgspec

from litesoc_server.events.event import Event
from litesoc_server.events.risk import Risk
from litesoc_server.pipeline.detect.failures import peek_at_address, peek_on_actor
from litesoc_server.pipeline.detect.login_history import familiarity, is_contested
from litesoc_server.pipeline.detect.origin import origin_of
from litesoc_server.pipeline.detect.subjects import actor_of, address_of, scope_of
from litesoc_server.pipeline.policy import DetectionPolicy
from litesoc_server.pipeline.risk.chain import final_memos, spell_of, spell_start_ms
from litesoc_server.pipeline.risk.community import NO_COMMUNITY, Community, Sample, history_bucket, learn_sample, ratio_bin
from litesoc_server.pipeline.risk.memo import (
    ActorMemo,
    CommunityMemo,
    read_actor_memo,
    read_community_memo,
    write_actor_memo,
    write_community_memo,
)
from litesoc_server.pipeline.risk.profile import (
    ADDRESS,
    AGENT_LEVELS,
    ASN,
    BROWSER,
    COUNTRY,
    NETWORK_LEVELS,
    NO_PROFILE,
    ONE,
    PREFIX,
    Profile,
    fade,
    learn,
    level_of,
)
from litesoc_server.pipeline.risk.scale import score_of
from litesoc_server.pipeline.risk.trace import Trace, trace_of
from litesoc_server.pipeline.risk.weigh import Evidence, contributions_of
from litesoc_server.pipeline.state.base import (
    LAST_MAX,
    LastRequest,
    Remembered,
    RememberRequest,
    Steps,
    Window,
)

_ENCODER = msgspec.msgpack.Encoder()
_SAMPLES_PER_SPELL = 2  # so that the state's LAST_MAX memos reach back to one that is final
_ACTOR_LENGTH_MAX = 80  # bytes of an actor's id that fit into a sample; logins of longer ones are not sampled
_KNOWN_PREFIX, _NEW_NETWORK = NETWORK_LEVELS.index(PREFIX), NETWORK_LEVELS.index(COUNTRY)
_NEW_BROWSER = AGENT_LEVELS.index(BROWSER) + 1


class _Known(msgspec.Struct, frozen=True, gc=False):
    """What was known of an actor before a login."""

    profile: Profile
    has_marks: bool  # some login of the actor is suspicious


def score(event: Event, policy: DetectionPolicy) -> Steps[Risk | None]:
    """Return the risk of a login; None when it names no actor that could be told from others.

    What a login adds is written after it is read, and not before as detectors do: of the chains only what is final is read
    (chain.py), so the order in which logins of the same minutes are judged changes nothing.
    """
    actor = actor_of(event)
    if actor is None:
        return None
    at_ms, scope = event.occurred_at_ms, scope_of(event)
    trace = trace_of(event)
    known = yield from _actor_before(event, actor, policy)
    community, samples = yield from _community_before(scope, at_ms)
    evidence = yield from _evidence(event, actor, trace, known, policy)
    contributions = contributions_of(event, trace, evidence, community)
    log_ratio = round(fsum(one.weight for one in contributions), 3)
    yield RememberRequest(
        key=f"{scope}risk|{actor}",
        at_ms=spell_start_ms(at_ms),
        member=f"{spell_of(at_ms)}|{_likeness(trace)}",
        value=write_actor_memo(ActorMemo(known.profile, trace)),
        ttl_ms=policy.risk_memory_ms,
    )
    if len(actor.encode("utf-8", "surrogatepass")) <= _ACTOR_LENGTH_MAX:
        yield from _add_sample(event, policy, samples, _sample_of(actor, trace, evidence, log_ratio))
    return Risk(score_of(log_ratio, community), log_ratio, contributions)


def _actor_before(event: Event, actor: str, policy: DetectionPolicy) -> Steps[_Known]:
    """Return what was known of ``actor``: the logins before, without suspicious ones."""
    at_ms = event.occurred_at_ms
    remembered = yield LastRequest(f"{scope_of(event)}risk|{actor}", at_ms, LAST_MAX)
    assert isinstance(remembered, tuple)
    memos = final_memos(remembered, at_ms)
    if not memos:
        return _Known(NO_PROFILE, has_marks=False)
    half_life_ms = policy.risk_memory_ms / 2
    profile, has_marks = read_actor_memo(memos[-1].value).base, False
    for memo in memos:
        trace = read_actor_memo(memo.value).trace
        is_bad, has_marks = yield from is_contested(event, actor, trace.event_id)
        if not is_bad:
            profile = learn(profile, trace, memo.at_ms, half_life_ms)
    return _Known(fade(profile, at_ms, half_life_ms), has_marks)


def _community_before(scope: str, at_ms: int) -> Steps[tuple[Community, tuple[Remembered, ...]]]:
    """Return what the organisation's logins have taught, as of the latest final sample, and the samples around now."""
    samples = yield LastRequest(f"{scope}risk of all", at_ms, LAST_MAX)
    assert isinstance(samples, tuple)
    final = final_memos(samples, at_ms)
    return (read_community_memo(final[-1].value).base if final else NO_COMMUNITY), samples


def _evidence(event: Event, actor: str, trace: Trace, known: _Known, policy: DetectionPolicy) -> Steps[Evidence]:
    profile, at_ms, window_ms = known.profile, event.occurred_at_ms, policy.success_after_failures_window_ms
    network_level = level_of(profile, trace, NETWORK_LEVELS)
    agent_level = level_of(profile, trace, AGENT_LEVELS)
    if known.has_marks:
        familiar = yield from familiarity(event, actor, origin_of(event))
        network_level = network_level if familiar.is_network_familiar else max(network_level, _NEW_NETWORK)
        agent_level = agent_level if familiar.is_device_familiar else max(agent_level, _NEW_BROWSER)
    account_failures = yield peek_on_actor(event, actor, window_ms, at_ms)
    assert isinstance(account_failures, Window)
    address_failures_count = 0
    if network_level > _KNOWN_PREFIX and event.user_ip is not None:
        address_failures = yield peek_at_address(
            event, address_of(event.user_ip), policy.brute_force_address_window_ms, at_ms
        )
        assert isinstance(address_failures, Window)
        address_failures_count = address_failures.count
    return Evidence(
        profile=profile,
        network_level=network_level,
        agent_level=agent_level,
        account_failures_count=account_failures.count,
        address_failures_count=address_failures_count,
    )


def _add_sample(event: Event, policy: DetectionPolicy, samples: tuple[Remembered, ...], sample: Sample) -> Steps[None]:
    """Teach the organisation one login, unless as many of this spell were taken already."""
    at_ms, scope = event.occurred_at_ms, scope_of(event)
    member = f"{spell_of(at_ms)}|{crc32(event.event_id.encode()) % _SAMPLES_PER_SPELL}"
    if any(taken.member == member for taken in samples):
        return
    memos = final_memos(samples, at_ms)
    community = read_community_memo(memos[-1].value).base if memos else NO_COMMUNITY
    for memo in memos:
        earlier = read_community_memo(memo.value).sample
        is_bad, _ = yield from is_contested(event, earlier.actor, earlier.event_id)
        if not is_bad:
            community = learn_sample(community, earlier)
    yield RememberRequest(
        key=f"{scope}risk of all",
        at_ms=spell_start_ms(at_ms),
        member=member,
        value=write_community_memo(CommunityMemo(community, sample)),
        ttl_ms=policy.risk_memory_ms,
    )


def _sample_of(actor: str, trace: Trace, evidence: Evidence, log_ratio: float) -> Sample:
    return Sample(
        event_id=trace.event_id,
        actor=actor,
        bucket=history_bucket(evidence.profile.logins // ONE),
        network_level=evidence.network_level,
        agent_level=evidence.agent_level,
        hour=trace.hour,
        address=trace.values[ADDRESS],
        asn=trace.values[ASN],
        country=trace.values[COUNTRY],
        ratio=ratio_bin(log_ratio),
    )


def _likeness(trace: Trace) -> int:
    """Return a number that is the same for equal logins."""
    return crc32(_ENCODER.encode((trace.values, trace.hour)))
