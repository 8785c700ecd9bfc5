"""Bodies of POST /collect: what is let in at the door, and the items in it. Both come from one reading, so they agree."""

from collections.abc import Callable
from typing import Generic, TypeAlias, TypeVar

import msgspec

from litesoc_server.sources import json_text
from litesoc_server.sources.base import BodyRefused, Fault, SourceItem
from litesoc_server.sources.collect_item import (
    ACTOR_FIELDS,
    DEPTH_MAX,
    KNOWN_FIELDS,
    ItemRefused,
    count_keys,
    fold,
    validate,
)
from litesoc_server.sources.timestamps import AHEAD_MAX_MS, BACKDATE_MAX_MS, parse_rfc3339_ms

T = TypeVar("T")

EVENTS_MAX = 100  # per request (contract 1.5)
CONTAINERS_MAX = 4096  # objects and arrays in one event: each costs time; the richest events known have 20

_DECODER = msgspec.json.Decoder()
# How msgspec says no: broken syntax or a lone surrogate; a number out of range (a ValidationError, so a MsgspecError too);
# bytes that are not UTF-8; nesting deeper than Python's stack.
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_EVENT_LEVELS_MAX = 1 + DEPTH_MAX  # the event's own object, and what stands in its fields
_BATCH_LEVELS_MAX = 2 + _EVENT_LEVELS_MAX  # around it the array and the body's object
_EVENTS_NOT_ARRAY = "events must be an array of events"
_TOO_MANY = f"more than {json_text.CHILDREN_MAX:,}"
_TOO_WIDE = f"holds more than {CONTAINERS_MAX:,} objects and arrays: send fewer, or send them as text"
_TOO_DEEP = f"is nested deeper than {DEPTH_MAX} levels: flatten it"


class RefusedItem(msgspec.Struct, frozen=True, gc=False):
    """One item that is not taken, while its neighbours are."""

    index: int  # 0-based position in the request
    fault: Fault
    message: str  # names the field and the fix, no values


class Checked(msgspec.Struct, frozen=True, gc=False):
    """What the door lets in."""

    is_batch: bool
    count: int  # items taken
    rejected: tuple[RefusedItem, ...]  # in order of position


# Stands at a refused position in the answer of `translate`; never looked at, because the envelope names these positions.
REFUSED_ITEM = SourceItem("", None, None, None, None, None, None, msgspec.Raw(b"{}"))

# What is done with one decoded item: `validate` at the door, `fold` in the pipeline. Both raise ItemRefused alike.
_Handle: TypeAlias = Callable[[object], T]


class _Items(msgspec.Struct, Generic[T], gc=False):
    """The items of a body by position."""

    is_batch: bool
    items: list[T | RefusedItem]


def check(body: bytes, *, batch_only: bool, may_backdate: bool, now_ms: int) -> Checked:
    """Say which items of ``body`` are taken.

    ``batch_only`` refuses a single event outside an ``events`` array. With ``may_backdate`` an item whose timestamp is not
    RFC 3339, or too far from ``now_ms`` (Unix ms), is refused; without it timestamps are not looked at. Raises BodyRefused
    when the body as a whole is no request; a readable body of which no item is taken has a count of 0.
    """
    found = _read(body, validate)
    if batch_only and not found.is_batch:
        raise BodyRefused(
            Fault.VALIDATION_FAILED, 'events is missing: send {"events": [...]}, or post one event to /collect'
        )
    rejected = [item for item in found.items if item is not None]
    if may_backdate:
        rejected.extend(_bad_timestamps(_read(body, fold).items, now_ms))
        rejected.sort(key=lambda refused: refused.index)
    return Checked(found.is_batch, len(found.items) - len(rejected), tuple(rejected))


def translate(body: bytes) -> list[SourceItem]:
    """Return the items of ``body`` by position; REFUSED_ITEM stands where ``check`` refuses one. Raises BodyRefused."""
    return [REFUSED_ITEM if isinstance(item, RefusedItem) else item for item in _read(body, fold).items]


def _bad_timestamps(items: list[SourceItem | RefusedItem], now_ms: int) -> list[RefusedItem]:
    found: list[RefusedItem] = []
    for index, item in enumerate(items):
        if isinstance(item, RefusedItem) or item.timestamp is None:
            continue
        at_ms = parse_rfc3339_ms(item.timestamp.strip())
        if at_ms is None:
            problem = 'timestamp must be RFC 3339 with an offset, e.g. "2026-08-09T07:12:44Z"'
        elif at_ms < now_ms - BACKDATE_MAX_MS:
            problem = "timestamp is more than 400 days ago: leave such events out"
        elif at_ms > now_ms + AHEAD_MAX_MS:
            problem = "timestamp is more than 5 minutes ahead: check the sender's clock"
        else:
            continue
        found.append(RefusedItem(index, Fault.VALIDATION_FAILED, problem))
    return found


def _read(body: bytes, handle: _Handle[T]) -> _Items[T]:
    """Decode the whole body at once; take it apart when that fails or when the parser may have passed over something."""
    if _has_too_many_containers(body):
        return _read_in_pieces(body, handle, None)  # so that the item at fault pays alone
    try:
        document: object = _DECODER.decode(body)
    except _UNREADABLE as error:
        return _read_in_pieces(body, handle, error)
    if not isinstance(document, dict):
        raise BodyRefused(Fault.VALIDATION_FAILED, "the body must be a JSON object: one event, or a batch of events")
    members: dict[str, object] = document
    events = _events_of(members)
    if _may_hide_something(body, _key_count(body, members, events)):
        return _read_in_pieces(body, handle, None)
    if events is None:
        return _Items(is_batch=False, items=_handle_all([members], handle))
    return _Items(is_batch=True, items=_handle_all(events, handle))


def _events_of(members: dict[str, object]) -> list[object] | None:
    """Return the items of a batch, None for a single event. Raises BodyRefused."""
    events = members.get("events")
    if events is None:
        return None
    if not isinstance(events, list):
        raise BodyRefused(Fault.VALIDATION_FAILED, _EVENTS_NOT_ARRAY)
    items: list[object] = events
    if not items:
        raise BodyRefused(Fault.VALIDATION_FAILED, f"events is empty: send 1 to {EVENTS_MAX} events")
    if len(items) > EVENTS_MAX:
        message = f"events holds {len(items)} events, at most {EVENTS_MAX} are taken per request: split the batch"
        raise BodyRefused(Fault.BATCH_TOO_LARGE, message)
    return items


def _key_count(body: bytes, members: dict[str, object], events: list[object] | None) -> int | None:
    """Return what ``count_keys`` returns, sooner for the shape that nearly every body has."""
    objects, keys = 1, len(members)
    for item in (members,) if events is None else events:
        if isinstance(item, dict):
            fields: dict[str, object] = item
            if events is not None:
                objects += 1
                keys += len(fields)
            for value in fields.values():
                if isinstance(value, dict):
                    objects += 1
                    keys += len(value)
    if body.count(b"{") == objects and body.count(b"[") == (0 if events is None else 1):
        return keys
    return count_keys(members, _EVENT_LEVELS_MAX if events is None else _BATCH_LEVELS_MAX)


def _may_hide_something(text: bytes, key_count: int | None) -> bool:
    """Return whether the JSON ``text`` has to be looked at character by character.

    Decoded objects lack repeated keys. If they have as many keys (``key_count``) as the text without blanks has ``":``, then
    no key was repeated. Strings that hold such text only send a body the slow way. None for ``key_count`` says that the text
    is nested too deeply to be counted.
    """
    if key_count != text.translate(None, b" \t\r\n").count(b'":'):
        return True
    return b"\\" in text and b"\\u0000" in text


def _handle_all(items: list[object], handle: _Handle[T]) -> list[T | RefusedItem]:
    handled: list[T | RefusedItem] = []
    for index, item in enumerate(items):
        try:
            handled.append(handle(item))
        except ItemRefused as refused:
            handled.append(RefusedItem(index, Fault.VALIDATION_FAILED, str(refused)))
    return handled


def _read_in_pieces(body: bytes, handle: _Handle[T], error: Exception | None) -> _Items[T]:
    """Read item by item, so that one bad item never costs its neighbours. ``error`` is why the whole cannot be decoded."""
    arrays = [member for member in _children(body, f"the body has {_TOO_MANY} fields") if member.key == "events"]
    if len(arrays) > 1:
        raise BodyRefused(Fault.VALIDATION_FAILED, "events appears twice in the body: send one array")
    array = body[arrays[0].start : arrays[0].end].strip() if arrays else b"null"
    if array == b"null":
        item = _read_text(0, body, handle)
        if isinstance(item, RefusedItem) and item.fault is Fault.INVALID_JSON:
            raise BodyRefused(item.fault, item.message.replace("the event", "the body", 1))
        return _Items(is_batch=False, items=[item])
    if not array.startswith(b"["):
        raise BodyRefused(Fault.VALIDATION_FAILED, _EVENTS_NOT_ARRAY)
    elements = _children(array, f"events holds {_TOO_MANY} events, at most {EVENTS_MAX} are taken per request")
    rest = _decode_rest(body[: arrays[0].start] + b"[]" + body[arrays[0].end :])
    _events_of({**rest, "events": elements})
    if not array.endswith(b"]") or any(element.key is not None for element in elements):
        raise _not_json(error)
    return _Items(is_batch=True, items=[_read_text(at, array[e.start : e.end], handle) for at, e in enumerate(elements)])


def _children(text: bytes, problem: str) -> list[json_text.Child]:
    try:
        return json_text.children(text)
    except json_text.TooManyChildren:
        raise BodyRefused(Fault.VALIDATION_FAILED, f"{problem}: send fewer") from None


def _has_too_many_containers(text: bytes) -> bool:
    has_many_brackets = text.count(b"{") + text.count(b"[") > CONTAINERS_MAX  # strings may hold them too
    return has_many_brackets and json_text.count_containers(text) > CONTAINERS_MAX


def _decode_rest(text: bytes) -> dict[str, object]:
    """Return what stands beside the events. Raises BodyRefused."""
    try:
        rest: dict[str, object] = _DECODER.decode(text)
    except _UNREADABLE as error:
        raise _not_json(error) from error
    if _has_too_many_containers(text):
        raise BodyRefused(Fault.VALIDATION_FAILED, f"the body {_TOO_WIDE}")
    if count_keys(rest, _BATCH_LEVELS_MAX) is None:
        raise BodyRefused(Fault.VALIDATION_FAILED, f"the body {_TOO_DEEP}")
    return rest


def _read_text(index: int, text: bytes, handle: _Handle[T]) -> T | RefusedItem:
    """Read the text of one item. Raises BodyRefused when it is not JSON at all, and so neither is the body around it."""
    fault = Fault.VALIDATION_FAILED
    try:
        item: object = _DECODER.decode(text)
    except RecursionError:
        problem = f"the event {_TOO_DEEP}"
    except msgspec.ValidationError:
        problem = "the event holds a number that is out of range: send it as a string"
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        _require_syntax(text, error)
        fault, problem = Fault.INVALID_JSON, "the event holds text that is not valid UTF-8, or half a surrogate pair"
    else:
        is_too_wide = _has_too_many_containers(text)
        key_count = None if is_too_wide else count_keys(item, _EVENT_LEVELS_MAX)
        if is_too_wide:
            problem = f"the event {_TOO_WIDE}"
        elif key_count is None:
            problem = f"the event {_TOO_DEEP}"
        elif _may_hide_something(text, key_count) and (hidden := _find_hidden(text)):
            problem = hidden
        else:
            try:
                return handle(item)
            except ItemRefused as refused:
                problem = str(refused)
    return RefusedItem(index, fault, problem)


def _find_hidden(text: bytes) -> str | None:
    """Return what is wrong with an item that decodes well and yet cannot be taken, or None."""
    if json_text.has_nul(text):
        return "the event holds the character U+0000: remove it, it cannot be stored"
    try:
        members = json_text.children(text)
        repeated = json_text.repeated_key(members, KNOWN_FIELDS)
        if repeated is not None:
            return f"{repeated} appears twice in the event: send it once"
        for member in members:
            if member.key == "actor":
                repeated = json_text.repeated_key(json_text.children(text[member.start : member.end]), ACTOR_FIELDS)
                return None if repeated is None else f"actor.{repeated} appears twice in the event: send it once"
    except json_text.TooManyChildren:
        return f"the event has {_TOO_MANY} fields: put them into metadata, and fewer"
    return None


def _require_syntax(text: bytes, error: Exception) -> None:
    """Raise BodyRefused unless only characters are wrong with ``text``."""
    try:
        _DECODER.decode(json_text.repair_characters(text))
    except (msgspec.ValidationError, RecursionError):
        return
    except msgspec.DecodeError as syntax_error:
        raise _not_json(error if isinstance(error, msgspec.DecodeError) else syntax_error) from error


def _not_json(error: Exception | None) -> BodyRefused:
    """Say that a body is no JSON. The decoder's texts name a kind of mistake and its position, never content."""
    if isinstance(error, RecursionError):
        return BodyRefused(Fault.VALIDATION_FAILED, f"the body {_TOO_DEEP}")
    detail = f" ({error})" if isinstance(error, msgspec.DecodeError) else ""
    return BodyRefused(Fault.INVALID_JSON, f"the body is not valid JSON in UTF-8{detail}: encode it with a JSON library")
