"""Framing: one stored record carries a whole group of payloads, so that one commit makes all of them durable.

A record is a msgpack array of byte strings: one row of the embedded log, one NATS message on JetStream.
"""

from collections.abc import Iterator, Sequence

import msgspec

GROUP_PAYLOADS_MAX = 1000  # also bounds how many different counts appear as subject tokens on JetStream
_HEADER_BYTES = 5  # msgpack needs at most this for an array's length, and for each byte string's

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[bytes])


def encode_group(payloads: Sequence[bytes]) -> bytes:
    """Return the record that carries ``payloads``, which must not be empty."""
    return _ENCODER.encode(payloads)


def decode_group(record: bytes) -> list[bytes]:
    """Return the payloads of ``record``.

    A record that is no group (a stranger's message, a broken disk) comes back as one payload: its consumer finds it invalid
    and puts it to the dead letters, where raising here would stop the line for ever.
    """
    try:
        return _DECODER.decode(record) or [record]
    except msgspec.DecodeError:
        return [record]


def split_into_groups(payloads: Sequence[bytes], max_record_bytes: int) -> Iterator[slice]:
    """Yield consecutive slices that cover ``payloads``; each one's record has at most ``max_record_bytes``.

    A payload that exceeds the ceiling by itself gets a slice of its own: whoever stores it has to refuse it.
    """
    start = 0
    size = _HEADER_BYTES
    for position, payload in enumerate(payloads):
        item_bytes = len(payload) + _HEADER_BYTES
        if position > start and (size + item_bytes > max_record_bytes or position - start >= GROUP_PAYLOADS_MAX):
            yield slice(start, position)
            start = position
            size = _HEADER_BYTES
        size += item_bytes
    if payloads:
        yield slice(start, len(payloads))
