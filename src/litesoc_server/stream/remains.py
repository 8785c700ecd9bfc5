"""What the stream still holds of an organisation: messages on their way, and dead letters."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice

import msgspec

from litesoc_server.events.detection import DETECTION_DECODER, Detection
from litesoc_server.events.envelope import ENVELOPE_DECODER, Envelope, Environment
from litesoc_server.events.ids import OrgId
from litesoc_server.stream.base import DeadLetter, DeadLetters, Stream
from litesoc_server.stream.subjects import Subject

LETTERS_AT_ONCE = 100  # each may be a request of 1 MB
LETTERS_COUNTED_MAX = 2_000


def is_drained(stream: Stream, before_ms: float) -> bool:
    """Return whether all that was appended before a moment, Unix ms, has been processed. Raises StreamUnavailable."""
    backlogs = [stream.backlog(subject).oldest_ms for subject in Subject]
    return all(oldest_ms is None or oldest_ms > before_ms for oldest_ms in backlogs)


def remove_dead_letters(letters: DeadLetters, *, org_id: OrgId, environment: Environment | None = None) -> None:
    """Remove an organisation's dead letters, of one environment or of both. Raises StreamUnavailable."""
    for some in all_letters(letters):
        messages = ((letter.id, message_in(letter)) for letter in some)
        letters.remove(
            [
                letter_id
                for letter_id, message in messages
                if message is not None and message.org_id == org_id and environment in (None, message.environment)
            ]
        )


def count_dead_letters(letters: DeadLetters) -> Mapping[OrgId, int]:
    """Count the oldest LETTERS_COUNTED_MAX dead letters by organisation, if they can be read. Raises StreamUnavailable."""
    some = islice((letter for page in all_letters(letters) for letter in page), LETTERS_COUNTED_MAX)
    return Counter(message.org_id for message in map(message_in, some) if message is not None)


def all_letters(letters: DeadLetters) -> Iterator[list[DeadLetter]]:
    """Yield all dead letters, the oldest first, in lists. Raises StreamUnavailable."""
    after: str | None = None
    while some := letters.list(LETTERS_AT_ONCE, after=after):
        yield some
        after = some[-1].id


def message_in(letter: DeadLetter) -> Envelope | Detection | None:
    """Return the message; None when it cannot be read, so that nobody knows whose it was."""
    try:
        match letter.subject:
            case Subject.RAW:
                return ENVELOPE_DECODER.decode(letter.payload)
            case Subject.DETECTIONS:
                return DETECTION_DECODER.decode(letter.payload)
    except msgspec.MsgspecError:
        return None
