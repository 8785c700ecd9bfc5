"""Why deliveries were refused and records ignored, in words, each with what to do."""

from collections.abc import Mapping
from dataclasses import dataclass

from litesoc_server.ingest.responses import ErrorCode
from litesoc_server.sources.base import IgnoredBecause, SignatureProblem


@dataclass(frozen=True)
class Reason:
    """One reason with how often it was given."""

    words: str
    fix: str
    count: int


_REFUSED: Mapping[str, tuple[str, str]] = {
    SignatureProblem.MISSING: (
        "Not signed",
        "Set the signing secret at the vendor's, or remove it here. If you did neither, somebody else has your key.",
    ),
    SignatureProblem.MALFORMED: (
        "The signature cannot be read",
        "Check that the vendor is the one of this page.",
    ),
    SignatureProblem.STALE: (
        "Signed too long ago",
        "Check the clocks of both sides. If they are right, somebody sent a recorded delivery again.",
    ),
    SignatureProblem.WRONG: (
        "Signed with another secret",
        "Copy the signing secret anew. If it is the same, somebody else has your key.",
    ),
    ErrorCode.METHOD_NOT_ALLOWED: ("Not a POST", "Choose POST as the method at the vendor's."),
    ErrorCode.INVALID_JSON: ("Not JSON", "Choose JSON as the format at the vendor's."),
    ErrorCode.VALIDATION_FAILED: ("Not what the vendor sends", "Check the format at the vendor's against the steps above."),
    ErrorCode.BATCH_TOO_LARGE: ("Too many records at once", "Let the vendor send smaller batches."),
    ErrorCode.PAYLOAD_TOO_LARGE: ("Larger than 1 MiB", "Let the vendor send smaller batches."),
    ErrorCode.UNSUPPORTED_ENCODING: (
        "In an encoding that is not read",
        "Webhooks: plain JSON, without compression. OpenTelemetry: protobuf or JSON, with gzip or none.",
    ),
    ErrorCode.REQUEST_TIMEOUT: ("Did not arrive in time", "Nothing, if it is rare: the vendor sends it again."),
    ErrorCode.FORBIDDEN: ("The source is switched off", "Switch it on, or the vendor's side off."),
    ErrorCode.RATE_LIMIT_EXCEEDED: ("Over the rate limit", "See Usage and plan; the vendor sends it again."),
    ErrorCode.QUOTA_EXCEEDED: ("Over the monthly quota", "See Usage and plan."),
    ErrorCode.SERVICE_UNAVAILABLE: ("The server could not store it", "The vendor sends it again; ask the operator."),
}
_IGNORED: Mapping[str, tuple[str, str]] = {
    IgnoredBecause.UNKNOWN_TYPE: ("Unknown type", "Keep unknown types to see them as events."),
    IgnoredBecause.NOT_SECURITY: ("Nothing to do with security", "Leave such records out at the vendor's, or let them be."),
    IgnoredBecause.NO_EVENT_NAME: (
        "Ordinary log lines",
        "Filter them out in the Collector, see the page on OpenTelemetry. An event needs an event name.",
    ),
    IgnoredBecause.NOT_A_RECORD: ("Not a record", "Check the format at the vendor's against the steps above."),
}


def refused_reasons(counts: Mapping[str, int]) -> list[Reason]:
    """Return why deliveries were refused, the most frequent first."""
    return _reasons(_REFUSED, counts)


def ignored_reasons(counts: Mapping[str, int]) -> list[Reason]:
    """Return why records made no event, the most frequent first."""
    return _reasons(_IGNORED, counts)


def _reasons(words: Mapping[str, tuple[str, str]], counts: Mapping[str, int]) -> list[Reason]:
    return [Reason(*words.get(reason, (reason, "")), count) for reason, count in counts.items()]
