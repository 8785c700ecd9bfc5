"""The histories of a state in memory: those in use as objects, all others packed, so that a million actors find room.

What an actor's eight or so histories take as Python objects is about 7 KB. So the histories of one subject (an actor, an
address) that nobody asked for lately are packed together, and unpacked together when one of them is asked for.
"""

from collections import OrderedDict

import msgspec

from litesoc_server.events.mentions import Mentions
from litesoc_server.pipeline.state.entries import Entry, without
from litesoc_server.pipeline.state.key_parts import is_named_by, subject_of
from litesoc_server.pipeline.state.packed_histories import PackedHistories

_Subject = tuple[str, str]  # scope (organisation, and world if it is the test one), and name

_LOOKED_AT = 64  # subjects in use passed over to find one to pack: bounds the time it takes
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(dict[str, Entry])


class HistoryKeys:
    """At most ``max_keys`` as objects and ``packed_bytes_max`` of packed ones. ``entries`` may be read freely.

    Nothing is lost when objects become too many: the subjects that were not asked for longest (nearly: the clock algorithm)
    are packed.
    """

    def __init__(self, max_keys: int, packed_bytes_max: int) -> None:
        self.entries: dict[str, Entry] = {}
        self._max_keys = max_keys
        self._subjects: OrderedDict[_Subject, list[str]] = OrderedDict()  # their keys; the next one to be looked at first
        self._packed = PackedHistories(packed_bytes_max)

    @property
    def packed_bytes(self) -> int:
        """What the packed histories take, as counted for their ceiling."""
        return self._packed.bytes_used

    def recall(self, key: str) -> Entry | None:
        """Return the entry of a key that is not among ``entries`` if it is packed; then its subject is in use again."""
        if not self._packed.bytes_used:
            return None
        subject = subject_of(key)
        if subject in self._subjects:  # in use, so nothing of it is packed: no need to look
            return None
        scope, name = subject
        packed = self._packed.take(scope, name)
        if packed is None:
            return None
        for label, entry in _decoder.decode(packed).items():
            self._put(subject, scope + label + name, entry)
        return self.entries.get(key)

    def add(self, key: str, entry: Entry) -> None:
        """Add a key that is neither among ``entries`` nor packed."""
        self._put(subject_of(key), key, entry)

    def forget(self, org_id: str, *, only_test: bool) -> None:
        """Drop all keys of an organisation, in use and packed, of both its worlds or of the test one only."""
        scopes = (f"{org_id}|test",) if only_test else (org_id, f"{org_id}|test")
        for subject in [subject for subject in self._subjects if subject[0] in scopes]:
            for key in self._subjects.pop(subject):
                del self.entries[key]
        for scope in scopes:
            self._packed.forget(scope)

    def forget_actor(self, org_id: str, mentions: Mentions) -> None:
        """Drop the keys of an organisation that name an actor, in use and packed, and in its others what does."""
        scopes = (org_id, f"{org_id}|test")
        for subject in [subject for subject in self._subjects if subject[0] in scopes]:
            kept = []
            for key in self._subjects.pop(subject):
                left = _left_of(key, self.entries.pop(key), mentions)
                if left is not None:
                    self.entries[key] = left
                    kept.append(key)
            if kept:
                self._subjects[subject] = kept
        for scope in scopes:
            for name, packed in self._packed.all_of(scope):
                before = _decoder.decode(packed)
                left_of = {label: _left_of(scope + label + name, entry, mentions) for label, entry in before.items()}
                labelled = {label: entry for label, entry in left_of.items() if entry is not None}
                if any(labelled.get(label) is not entry for label, entry in before.items()):
                    self._packed.take(scope, name)
                    if labelled:
                        self._packed.put(scope, name, _encoder.encode(labelled))

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
        self._packed.put(scope, name, _encoder.encode(labelled))


def _left_of(key: str, entry: Entry, mentions: Mentions) -> Entry | None:
    return None if is_named_by(key, mentions) else without(entry, mentions)
