"""What every source is translated to before normalise sees it: names and texts as sent, in one shape."""

import msgspec


class SourceItem(msgspec.Struct, frozen=True, gc=False):
    """One event as its sender put it, the sender's field variants already folded into one (contract 1.5)."""

    name: str  # event name as sent
    actor_id: str | None  # personal data; numbers are already text
    actor_email: str | None  # personal data
    actor_name: str | None  # display name, personal data
    user_ip: str | None  # as sent: may be malformed, a list, "unknown" or "[REDACTED]" (personal data)
    user_agent: str | None
    timestamp: str | None  # the sender's own clock, as sent; honoured only for envelopes with may_backdate
    metadata: msgspec.Raw  # a JSON object, "{}" when absent; a top-level `target` stands in it as "target"
    session_id: str | None = None  # the sender's id of the session (personal data)
    device_id: str | None = None  # the sender's id of the device (personal data)
