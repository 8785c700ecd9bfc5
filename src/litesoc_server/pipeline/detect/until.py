"""What was counted until an event, and in the windows that a late event may have completed."""

from litesoc_server.pipeline.state.base import CountRequest, Steps, Window, peek

_WINDOWS_MAX = 17  # after so many later observations one of the windows tried is over the limit anyway


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


def windows_through(*, key: str, window_ms: int, at_ms: int, own: Window) -> Steps[list[Window]]:
    """Return the windows of ``key`` that contain ``at_ms`` and end at an observation: all that one at ``at_ms`` is part of.

    For an event in order that is the one window that ends at it. A late one may have completed any of those that end at an
    event after it: the latest of these are tried. ``own`` is what the state answered when the one at ``at_ms`` was added.
    """
    end_ms = at_ms + window_ms
    latest = yield from peek(key=key, window_ms=window_ms, at_ms=end_ms)
    if latest.last_ms <= at_ms:
        return [own]
    windows = [(yield from peek(key=key, window_ms=window_ms, at_ms=at_ms))]
    while len(windows) < _WINDOWS_MAX:
        until = yield CountRequest(key, window_ms, end_ms, "", is_read_only=True)
        assert isinstance(until, Window)
        if until.last_ms <= at_ms:
            break
        windows.append((yield from peek(key=key, window_ms=window_ms, at_ms=until.last_ms)))
        end_ms = until.last_ms - 1
    return windows
