"""One actor in dead letters: letters of theirs are removed, and what they share with others is written anew without them."""

from collections.abc import Iterator

import msgspec

from litesoc_server.events.detection import DETECTION_ENCODER, NAMING_FIELDS, Detection
from litesoc_server.events.envelope import ENVELOPE_ENCODER, Envelope
from litesoc_server.events.ids import OrgId
from litesoc_server.events.mentions import Mentions
from litesoc_server.events.structs import converter
from litesoc_server.stream.base import DeadLetter, DeadLetters
from litesoc_server.stream.remains import all_letters, message_in

_DECODER = msgspec.json.Decoder()
_read_detection = converter(Detection)


def letters_naming(letters: DeadLetters, org_id: OrgId, mentions: Mentions) -> Iterator[DeadLetter]:
    """Yield an organisation's dead letters that name the person. Raises StreamUnavailable.

    One that cannot be read is nobody's.
    """
    for some in all_letters(letters):
        yield from (letter for letter in some if _names(letter, org_id, mentions))


def remove_from_dead_letters(letters: DeadLetters, org_id: OrgId, mentions: Mentions) -> None:
    """Remove the person. A letter about others as well is put in again without them, and then removed.

    Raises StreamFull or StreamUnavailable.
    """
    for letter in list(letters_naming(letters, org_id, mentions)):
        left = _without(letter, mentions)
        if left is not None:
            letters.add(letter.subject, left, letter.reason)
        letters.remove([letter.id])


def _names(letter: DeadLetter, org_id: OrgId, mentions: Mentions) -> bool:
    message = message_in(letter)
    match message:
        case Envelope():
            is_named = message.server_ip is not None and mentions.is_in(message.server_ip)
            return message.org_id == org_id and (is_named or _is_in_body(message.body, mentions))
        case Detection():
            data = msgspec.to_builtins(message)
            return message.org_id == org_id and mentions.erase_within(data, fields=NAMING_FIELDS) != data
        case None:
            return False


def _without(letter: DeadLetter, mentions: Mentions) -> bytes | None:
    """Return what is left of a letter; None when that is nothing."""
    match message_in(letter):
        case Envelope() as envelope:
            return _envelope_without(envelope, mentions)
        case Detection() as detection if not mentions.is_in(detection.incident_key):
            data = mentions.erase_within(msgspec.to_builtins(detection), fields=NAMING_FIELDS)
            return DETECTION_ENCODER.encode(_read_detection(data))
        case _:
            return None


def _envelope_without(envelope: Envelope, mentions: Mentions) -> bytes | None:
    """Empty the items that name the person; their neighbours keep their positions, by which they have their ids."""
    try:
        body = _DECODER.decode(envelope.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    items = body.get("events") if isinstance(body, dict) else None
    if not isinstance(items, list):
        items = None if _is_named_by(body, mentions) else [body]
    if items is None:
        return None
    theirs = {index for index, item in enumerate(items) if _is_named_by(item, mentions)}
    refused = {*envelope.rejected, *theirs}
    wanted = range(len(items)) if envelope.only_index is None else [envelope.only_index]
    if all(index in refused for index in wanted):
        return None
    left = [{} if index in theirs else item for index, item in enumerate(items)]
    is_named = envelope.server_ip is not None and mentions.is_in(envelope.server_ip)
    return ENVELOPE_ENCODER.encode(
        msgspec.structs.replace(
            envelope,
            body=msgspec.json.encode({"events": left}) if theirs else envelope.body,
            rejected=tuple(sorted(refused)),
            server_ip=None if is_named else envelope.server_ip,
        )
    )


def _is_in_body(body: bytes, mentions: Mentions) -> bool:
    try:
        content = _DECODER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return mentions.is_in(body.decode("utf-8", "replace"))
    items = content.get("events") if isinstance(content, dict) else None
    return any(_is_named_by(item, mentions) for item in (items if isinstance(items, list) else [content]))


def _is_named_by(item: object, mentions: Mentions) -> bool:
    """Return whether an item names the person: in any value, or as a key of its metadata, where senders choose them."""
    metadata = item.get("metadata") if isinstance(item, dict) else None
    return mentions.is_within(item) or mentions.is_within(metadata, with_keys=True)
