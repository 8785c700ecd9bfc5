"""How profiles and communities are kept in the state: as short JSON texts, each within one value of the state."""

from functools import lru_cache

import msgspec

from litesoc_server.pipeline.risk.community import Community, Sample, without_rarest
from litesoc_server.pipeline.risk.profile import Profile, shrunk
from litesoc_server.pipeline.risk.trace import Trace
from litesoc_server.pipeline.state.base import VALUE_LENGTH_MAX

_ACTOR_LENGTH_MAX = 82  # bytes of an actor's id as JSON that leave room for the rest of a sample and for a community
_COMMUNITIES_CACHED = 256


class ActorMemo(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A link of an actor's chain."""

    base: Profile
    trace: Trace


class CommunityMemo(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A link of an organisation's chain."""

    base: Community
    sample: Sample


class _ActorObservation(msgspec.Struct, frozen=True, array_like=True, gc=False):
    base: msgspec.Raw
    trace: Trace


class _CommunityObservation(msgspec.Struct, frozen=True, array_like=True, gc=False):
    base: msgspec.Raw
    sample: Sample


_ENCODER = msgspec.json.Encoder()
_ACTOR_DECODER = msgspec.json.Decoder(ActorMemo)
_COMMUNITY_DECODER = msgspec.json.Decoder(CommunityMemo)
_TRACE_DECODER = msgspec.json.Decoder(_ActorObservation)
_SAMPLE_DECODER = msgspec.json.Decoder(_CommunityObservation)


def write_actor_memo(memo: ActorMemo) -> str:
    """Return the text of a memo; of a profile that is too long for it, the rarer values are left out."""
    text = _ENCODER.encode(memo)
    while len(text) > VALUE_LENGTH_MAX:
        memo = ActorMemo(shrunk(memo.base), memo.trace)
        text = _ENCODER.encode(memo)
    return text.decode()


def read_actor_memo(text: str) -> ActorMemo:
    """Return the memo of a text; its base may be changed by who asks."""
    return _ACTOR_DECODER.decode(text)


def read_trace(text: str) -> Trace:
    """Return the login of a memo without its base, which takes longer to read than all the rest."""
    return _TRACE_DECODER.decode(text).trace


def write_community_memo(memo: CommunityMemo) -> str:
    """Return the text of a memo; of a community that is too long for it, the rarest networks and countries are left out.

    Without any of them it always fits: what else there is are counts below SAMPLE_MAX, and a sample.
    """
    text = _ENCODER.encode(memo)
    while len(text) > VALUE_LENGTH_MAX:
        memo = CommunityMemo(without_rarest(memo.base), memo.sample)
        text = _ENCODER.encode(memo)
    return text.decode()


def fits_in_sample(actor: str) -> bool:
    """Return whether an actor's id is short enough to be remembered with a sample."""
    return len(_ENCODER.encode(actor)) <= _ACTOR_LENGTH_MAX


def read_community(text: str) -> Community:
    """Return the base of a memo; it may be changed by who asks."""
    return _COMMUNITY_DECODER.decode(text).base


def read_sample(text: str) -> Sample:
    """Return the sample of a memo without its base."""
    return _SAMPLE_DECODER.decode(text).sample


@lru_cache(maxsize=_COMMUNITIES_CACHED)
def shared_community(text: str) -> Community:
    """Return the base of a memo, to look at only: of an organisation's logins within some minutes all ask for the same."""
    return read_community(text)
