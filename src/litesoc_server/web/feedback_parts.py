"""What giving feedback needs, for a member."""

from litesoc_server import backend
from litesoc_server.alerts.feedback import FeedbackParts
from litesoc_server.web.member import Member


def feedback_parts(member: Member) -> FeedbackParts:
    """Return the parts, with what ``member`` may see."""
    parts = backend.current()
    return FeedbackParts(
        publisher=parts.stream.publisher,
        reader=parts.reader,
        rate_limiter=parts.rate_limiter,
        now_ms=member.now_ms,
        not_before_ms=member.not_before_ms,
    )
