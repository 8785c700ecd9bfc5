"""New events as they come in, pushed to an open page (server-sent events)."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from asgiref.sync import sync_to_async
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from litesoc_server.store.base import StoreUnavailable
from litesoc_server.web.event_request import EventRequest, read_event_request
from litesoc_server.web.feed.admission import held_by, is_let_in
from litesoc_server.web.feed.event_feed import begin_look, catch_up, key_of
from litesoc_server.web.feed.hub import AWAY, HUB, Tick
from litesoc_server.web.member import Member, PageRequest, page

RETRY_MS = 3_000  # a browser waits so long before it comes back
BEAT_S = 15.0  # a comment each so often keeps proxies from taking the connection for dead
CHECKED_EVERY_S = 1.0  # before a line: whether who reads is still signed in and a member
TOO_MANY_RETRY_MS = 60_000
LASTS_S = 600.0  # then the browser comes back, so that nothing lives on for days
_POSITION_DIGITS_MAX = 10


@page(methods=("GET",))
async def event_stream(request: PageRequest, member: Member) -> HttpResponseBase:
    """Stream what the address asks for; `position` or Last-Event-ID says where to begin."""
    asked = read_event_request(request.GET, member)
    if not asked.is_valid or asked.time_range.preset is None:
        return HttpResponse("there is nothing to follow: the query or the time range is wrong", status=400)
    came_back = _position(request.headers.get("Last-Event-ID", "")) or _position(str(request.GET.get("last", "")))
    begins_at = came_back or _position(str(request.GET.get("position", "")))
    lines = _admitted(_lines(asked, begins_at, is_back=came_back is not None), request, member)
    # Proxies such as nginx would gather the lines until there are many.
    return StreamingHttpResponse(lines, content_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _admitted(lines: AsyncGenerator[str, None], request: PageRequest, member: Member) -> AsyncIterator[str]:
    """Yield ``lines`` for as long as ``member`` is let in; who has too many streams open gets none of them."""
    with held_by(member.user) as has_place:
        if not has_place:
            yield f"retry: {TOO_MANY_RETRY_MS}\n\n"
            return
        now_s = asyncio.get_running_loop().time
        checked_s = now_s()
        async with aclosing(lines):
            async for line in lines:
                if now_s() - checked_s >= CHECKED_EVERY_S:
                    checked_s = now_s()
                    if not await sync_to_async(is_let_in)(request.session.session_key, member.org.slug):
                        return
                yield line


async def _lines(asked: EventRequest, position_s: int | None, *, is_back: bool) -> AsyncGenerator[str, None]:
    yield f"retry: {RETRY_MS}\n\n"
    ends_s = asyncio.get_running_loop().time() + LASTS_S
    is_behind = position_s is not None
    async with HUB.following(key_of(asked), lambda: begin_look(asked)) as subscription:
        while (left_s := ends_s - asyncio.get_running_loop().time()) > 0:
            try:
                tick = await asyncio.wait_for(subscription.next(), min(BEAT_S, left_s))
            except TimeoutError:
                yield ": still here\n\n"
                continue
            if tick is None:
                return
            if is_behind and position_s is not None and not tick.is_store_away:
                missed = await _catch_up(asked, position_s)
                is_behind = missed.is_store_away
                yield _message(missed, tells_of_more=is_back)
            if not tick.is_beginning:
                yield _message(tick)


async def _catch_up(asked: EventRequest, position_s: int) -> Tick:
    try:
        return await HUB.in_thread(lambda: catch_up(asked, position_s))
    except StoreUnavailable:
        return AWAY


def _message(tick: Tick, *, tells_of_more: bool = True) -> str:
    if tick.is_store_away:
        return "event: away\ndata: {}\n\n"
    data = {"html": tick.html, "passed_over": tick.passed_over_count if tells_of_more else 0}
    return f"id: {tick.position_s}\nevent: rows\ndata: {json.dumps(data)}\n\n"


def _position(text: str) -> int | None:
    is_number = text.isascii() and text.isdigit() and len(text) <= _POSITION_DIGITS_MAX
    return int(text) if is_number else None
