"""The score of one login that succeeded: what is known of its actor and organisation is read, weighed, and added to."""

from collections.abc import Sequence
from math import fsum
from zlib import crc32

import msgspec

from litesoc_server.events.event import Event
from litesoc_server.events.risk import Risk
from litesoc_server.pipeline.detect.failures import peek_at_address, peek_on_actor
from litesoc_server.pipeline.detect.login_history import familiarity, is_confirmed, mark_of
from litesoc_server.pipeline.detect.origin import origin_of
from litesoc_server.pipeline.detect.subjects import actor_of, address_of, scope_of
from litesoc_server.pipeline.policy import DetectionPolicy
from litesoc_server.pipeline.risk.chain import final_memos, holds, spell_of, spell_start_ms
from litesoc_server.pipeline.risk.community import Community, Sample, history_bucket, learn_sample, ratio_bin
from litesoc_server.pipeline.risk.memo import (
    ActorMemo,
    CommunityMemo,
    fits_in_sample,
    read_actor_memo,
    read_community,
    read_sample,
    read_trace,
    shared_community,
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
    Seen,
    Steps,
    Window,
)

_ENCODER = msgspec.msgpack.Encoder()
_SAMPLES_PER_SPELL = 2  # so that the state's LAST_MAX memos reach back to one that is final
_KNOWN_PREFIX, _NEW_NETWORK = NETWORK_LEVELS.index(PREFIX), NETWORK_LEVELS.index(COUNTRY)
_NEW_BROWSER = AGENT_LEVELS.index(BROWSER) + 1
_NO_COMMUNITY = Community()


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
    remembered = yield LastRequest(f"{scope}risk|{actor}", at_ms, LAST_MAX)
    assert isinstance(remembered, tuple)
    profile, has_marks = yield from _learned(event, actor, policy, final_memos(remembered, at_ms))
    samples = yield LastRequest(f"{scope}risk of all", at_ms, LAST_MAX)
    assert isinstance(samples, tuple)
    sample_member = f"{spell_of(at_ms)}|{crc32(event.event_id.encode()) % _SAMPLES_PER_SPELL}"
    is_sampled = fits_in_sample(actor) and not holds(samples, sample_member)
    final_samples = final_memos(samples, at_ms)
    community = _community(final_samples, may_grow=is_sampled)
    evidence = yield from _evidence(event, actor, trace, profile, policy, has_marks=has_marks)
    contributions = contributions_of(event, trace, evidence, community)
    log_ratio = round(fsum([one.weight for one in contributions]), 3)
    risk = Risk(score_of(log_ratio, community), log_ratio, contributions)
    member = f"{spell_of(at_ms)}|{_likeness(trace)}"
    if not holds(remembered, member):
        value = write_actor_memo(ActorMemo(profile, trace))
        yield RememberRequest(f"{scope}risk|{actor}", spell_start_ms(at_ms), member, value, policy.risk_memory_ms)
    if is_sampled:
        yield from _grow(event, community, final_samples)
        value = write_community_memo(CommunityMemo(community, _sample_of(actor, trace, evidence, log_ratio)))
        yield RememberRequest(f"{scope}risk of all", spell_start_ms(at_ms), sample_member, value, policy.risk_memory_ms)
    return risk


def _learned(event: Event, actor: str, policy: DetectionPolicy, memos: Sequence[Remembered]) -> Steps[tuple[Profile, bool]]:
    """Return what was known of ``actor``, from the logins before without suspicious ones, and whether there are such."""
    if not memos:
        return Profile(), False
    half_life_ms, has_marks = policy.risk_memory_ms / 2, True
    newest = read_actor_memo(memos[-1].value)
    profile = newest.base
    for memo in memos:
        trace = newest.trace if memo is memos[-1] else read_trace(memo.value)
        is_bad = False
        if has_marks:  # until the first answer says that there are none: by far most actors have none
            mark = yield mark_of(event, actor, trace.event_id)
            assert isinstance(mark, Seen)
            has_marks = mark.set_size > 0
            is_bad = mark.count > 0 and not (yield from is_confirmed(event, actor, trace.event_id))
        if not is_bad:
            learn(profile, trace, memo.at_ms, half_life_ms)
    fade(profile, event.occurred_at_ms, half_life_ms)
    return profile, has_marks


def _evidence(
    event: Event, actor: str, trace: Trace, profile: Profile, policy: DetectionPolicy, *, has_marks: bool
) -> Steps[Evidence]:
    at_ms, window_ms = event.occurred_at_ms, policy.success_after_failures_window_ms
    network_level = level_of(profile, trace, NETWORK_LEVELS)
    agent_level = level_of(profile, trace, AGENT_LEVELS)
    if has_marks:
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


def _community(memos: Sequence[Remembered], *, may_grow: bool) -> Community:
    """Return what the organisation's logins had taught before the latest final sample; one of its own if it may grow."""
    if not memos:
        return Community() if may_grow else _NO_COMMUNITY
    text = memos[-1].value
    return read_community(text) if may_grow else shared_community(text)


def _grow(event: Event, community: Community, memos: Sequence[Remembered]) -> Steps[None]:
    """Teach ``community`` the final samples that it lacks, without suspicious ones."""
    for memo in memos:
        sample = read_sample(memo.value)
        mark = yield mark_of(event, sample.actor, sample.event_id)
        assert isinstance(mark, Seen)
        if not mark.count or (yield from is_confirmed(event, sample.actor, sample.event_id)):
            learn_sample(community, sample)


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
