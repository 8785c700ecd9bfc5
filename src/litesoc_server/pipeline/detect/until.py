"""What was counted until an event: of what happened in the same millisecond, only what the sender put before it."""

from litesoc_server.pipeline.state.base import Steps, Window, peek


def window_until(*, key: str, window_ms: int, at_ms: int, event_id: str) -> Steps[Window]:
    """Return the observations of ``key`` in the window that ends with ``event_id`` at ``at_ms``, that one included.

    A batch is stamped with one time, and its ids rise in the order in which the sender put the events, so among
    observations of one millisecond the ids tell the order.
    """
    window = yield from peek(key=key, window_ms=window_ms, at_ms=at_ms)
    if window.last_ms < at_ms or not window.count or window.members[-1] <= event_id:
        return window
    earlier = yield from peek(key=key, window_ms=window_ms - 1, at_ms=at_ms - 1)
    simultaneous = window.members[max(0, len(window.members) - (window.count - earlier.count)) :]
    later_count = sum(member > event_id for member in simultaneous)
    last_ms = window.last_ms if later_count < len(simultaneous) else earlier.last_ms
    return Window(window.count - later_count, window.first_ms, last_ms, window.members[:-later_count])
