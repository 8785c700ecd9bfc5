"""The histories of a state in memory: those in use as objects, all others packed, so that a million actors find room.

What an actor's eight or so histories take as Python objects (about 7 KB) is mostly overhead and repetition: the same event
ids and labels stand in each. So the histories of one subject (an actor, an address) that nobody asked for lately are packed
together and compressed to about 400 bytes, and unpacked together when one of them is asked for.
"""

import zlib
from collections import OrderedDict
from itertools import islice

import msgspec

from litesoc_server.pipeline.policy import DAY_MS
from litesoc_server.pipeline.state.base import Remembered
from litesoc_server.pipeline.state.entries import Entry
from litesoc_server.pipeline.state.histories import LatestValues, SeenSet, SeenValue

_Subject = tuple[str, str]  # scope (organisation, and world if it is the test one), and name

_LEVEL = 1  # of compression; 6 takes a fifth less room and twice the time
_RAW_DEFLATE = -15
_COMPRESSED_FROM_BYTES = 256  # an address that one actor uses takes 110; to save 40 of them costs five times the time
_PLAIN, _COMPRESSED = b"0", b"1"  # what a packed record begins with
_RECORD_OVERHEAD_BYTES = 180  # bytes object, name and dictionary slot of a packed record
_LOOKED_AT = 64  # subjects in use passed over to find one to pack: bounds the time it takes
_DROPPED_SHARE = 64  # when all is full, one in so many of the largest organisation's records goes at once
_NOTHING: dict[str, bytes] = {}
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(dict[str, Entry])


def _example() -> bytes:
    """Return what packed histories look like, so that even one of them compresses well: those of an invented actor.

    Changing it is harmless: nothing is on disk.
    """
    at_ms = 1_772_366_400_000
    event_id, later_id = "019ca945-0a64-7af5-920c-6e0d286e2786", "019cb945-0a64-75b8-910a-b05bacdda5e8"
    memo = (
        '["198.51.100.7","user",59.9,10.7,"US","London",1,"Chrome","Windows",null,[false,false,false,false,false,false],'
        'null,[null,null,null,null,null,null],"user@example.com","Network",null,null,null,null]'
    )
    first_risk = (
        "[[0,0,0,[[],[],[],[],[],[],[],[],[],[],[]],[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],[0,0,0,0,0],[0,0,0,0,0,0]],"
        f'["{event_id}",12,[2207337,9886441,5,4205887,13552496,484170,10315312,5850206,1,0,0]]]'
    )
    later_risk = (
        "[[2930,29540880,2000,[[[2207337,2000]],[[9886441,2000]],[[5,2000]],[[4205887,2000]],[[13552496,2000]],"
        "[[484170,2000]],[[10315312,2000]],[[5850206,2000]],[[1,2000]],[],[]],[0,0,0,0,1000,0,0,0,0,0,0,0,1000,0,0,0],"
        f'[1000,0,0,0,0],[1000,0,0,0,0,0]],["{later_id}",4,[2207337,9886441,5,4205887,13552496,484170,10315312,5850206,1,0,0]]]'
    )

    def latest(keep_days: int, *values: str) -> Entry:
        return LatestValues(keep_days * DAY_MS, values=tuple(Remembered(at_ms, event_id, value) for value in values))

    def known(*values: str) -> Entry:
        return SeenSet(100 * DAY_MS, values={value: SeenValue(at_ms, [(at_ms, later_id)], 2, at_ms) for value in values})

    return _encoder.encode(
        {
            "|risk|": latest(180, first_risk, later_risk),
            "|logins|": latest(400, memo, memo),
            "|habits|": known("399|Chrome/Windows", "399|Safari/iOS"),
            "|networks|": known("399"),
            "|devices|": known("Chrome/Windows", "Firefox/Linux"),
            "|countries|": known("US", "DE"),
            "|places|": known("198.51.100.7", "198.51.100.0/24"),
            "|users|": known("user"),
        }
    )


_EXAMPLE = _example()


class HistoryKeys:
    """At most ``max_keys`` as objects and ``packed_bytes_max`` of packed ones. ``entries`` may be read freely.

    Nothing is lost when objects become too many: the subjects that were not asked for longest (nearly: the clock algorithm)
    are packed. When the packed ones are too large, the organisation that takes most loses those packed longest ago.
    """

    def __init__(self, max_keys: int, packed_bytes_max: int) -> None:
        self.entries: dict[str, Entry] = {}
        self._max_keys = max_keys
        self._packed_bytes_max = packed_bytes_max
        self._packed_bytes = 0
        self._subjects: OrderedDict[_Subject, list[str]] = OrderedDict()  # their keys; the next one to be looked at first
        self._packed: dict[str, dict[str, bytes]] = {}  # scope -> name -> its histories
        self._sizes: dict[str, int] = {}  # scope -> bytes of its packed ones

    @property
    def packed_bytes(self) -> int:
        """What the packed histories take, as counted for their ceiling."""
        return self._packed_bytes

    def recall(self, key: str) -> Entry | None:
        """Return the entry of a key that is not among ``entries`` if it is packed; then its subject is in use again."""
        if not self._packed_bytes:
            return None
        subject = _subject_of(key)
        scope, name = subject
        blob = self._packed.get(scope, _NOTHING).pop(name, None)
        if blob is None:
            return None
        self._count(scope, -_size(name, blob))
        for label, entry in _unpack(blob).items():
            self._put(subject, scope + label + name, entry)
        return self.entries.get(key)

    def add(self, key: str, entry: Entry) -> None:
        """Add a key that is neither among ``entries`` nor packed."""
        self._put(_subject_of(key), key, entry)

    def _put(self, subject: _Subject, key: str, entry: Entry) -> None:
        keys = self._subjects.get(subject)
        if keys is None:
            self._subjects[subject] = [key]
        else:
            keys.append(key)
        self.entries[key] = entry
        while len(self.entries) > self._max_keys and len(self._subjects) > 1:
            self._pack_one(but=subject)

    def _pack_one(self, *, but: _Subject) -> None:
        """Pack the next subject that was not in use since it came up last."""
        for _ in range(_LOOKED_AT):
            subject, keys = next(iter(self._subjects.items()))
            entries = [self.entries[key] for key in keys]
            if subject != but and not any(entry.is_used for entry in entries):
                break
            for entry in entries:
                entry.is_used = False
            self._subjects.move_to_end(subject)
        else:
            subject = next(other for other in self._subjects if other != but)
        self._put_away(subject, self._subjects.pop(subject))

    def _put_away(self, subject: _Subject, keys: list[str]) -> None:
        scope, name = subject
        labelled: dict[str, Entry] = {}
        for key in keys:
            entry = self.entries.pop(key)
            entry.is_used, entry.checked_ms = False, 0
            labelled[key[len(scope) : len(key) - len(name)]] = entry
        blob = _pack(labelled)
        self._packed.setdefault(scope, {})[name] = blob
        self._count(scope, _size(name, blob))
        while self._packed_bytes > self._packed_bytes_max:
            self._drop_some()

    def _drop_some(self) -> None:
        largest = max(self._sizes, key=self._sizes.__getitem__)
        packed = self._packed[largest]
        for name in list(islice(packed, max(1, len(packed) // _DROPPED_SHARE))):
            self._count(largest, -_size(name, packed.pop(name)))

    def _count(self, scope: str, size: int) -> None:
        self._sizes[scope] = self._sizes.get(scope, 0) + size
        self._packed_bytes += size


def _subject_of(key: str) -> _Subject:
    """Take a key apart, ``scope|purpose|name``; what has no name is the scope's own. See subjects.scope_of."""
    scope, _, rest = key.partition("|")
    if rest.startswith("test|"):
        scope, rest = f"{scope}|test", rest[len("test|") :]
    return scope, rest.partition("|")[2]


def _pack(entries: dict[str, Entry]) -> bytes:
    data = _encoder.encode(entries)
    if len(data) < _COMPRESSED_FROM_BYTES:
        return _PLAIN + data
    compress = zlib.compressobj(_LEVEL, wbits=_RAW_DEFLATE, zdict=_EXAMPLE)
    return b"".join((_COMPRESSED, compress.compress(data), compress.flush()))


def _unpack(blob: bytes) -> dict[str, Entry]:
    data = memoryview(blob)[1:]
    if blob[:1] == _COMPRESSED:
        return _decoder.decode(zlib.decompressobj(_RAW_DEFLATE, zdict=_EXAMPLE).decompress(data))
    return _decoder.decode(data)


def _size(name: str, blob: bytes) -> int:
    return len(blob) + len(name) + _RECORD_OVERHEAD_BYTES
