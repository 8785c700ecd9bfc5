"""The stream in a backup: what was not processed yet, and the dead letters."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from litesoc_server.runtime.backup.files import BackupFiles, records_of, write_record
from litesoc_server.stream.base import DeadLetter, DeadLetters, Stream
from litesoc_server.stream.framing import decode_group, encode_group
from litesoc_server.stream.remains import all_letters
from litesoc_server.stream.subjects import Subject

DEAD_LETTERS = "stream/dead_letters.gz"

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(DeadLetter)


def file_of(subject: Subject) -> str:
    """Return the file's name in a backup."""
    return f"stream/{subject.value}.gz"


def copy_waiting(files: BackupFiles, stream: Stream, subject: Subject) -> int:
    """Write what waits on ``subject``; return how many messages. Raises StreamUnavailable and OSError."""
    count = 0
    with files.packed(file_of(subject)) as file:
        for payloads in stream.waiting(subject):
            write_record(file, encode_group(payloads))
            count += len(payloads)
    return count


def groups_in(directory: Path, subject: Subject) -> Iterator[list[bytes]]:
    """Yield the messages of a backup, in the groups they were in. Raises OSError."""
    return map(decode_group, records_of(directory / file_of(subject)))


def copy_letters(files: BackupFiles, letters: dict[str, DeadLetter]) -> None:
    """Write dead letters. Raises OSError."""
    with files.packed(DEAD_LETTERS) as file:
        for letter in letters.values():
            write_record(file, _ENCODER.encode(letter))


def letters_in(directory: Path) -> Iterator[DeadLetter]:
    """Yield the dead letters of a backup. Raises OSError and msgspec.DecodeError."""
    return map(_DECODER.decode, records_of(directory / DEAD_LETTERS))


def letters_by_id(dead_letters: DeadLetters) -> dict[str, DeadLetter]:
    """Return all dead letters by id, oldest first. Raises StreamUnavailable."""
    return {letter.id: letter for some in all_letters(dead_letters) for letter in some}
