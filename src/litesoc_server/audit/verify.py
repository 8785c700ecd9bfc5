"""Looking through the lines of an audit log for anything that was changed, left out, put in or moved."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from litesoc_server.audit.canonical import canonical, sha256_hex
from litesoc_server.audit.commitments import Opening
from litesoc_server.audit.entry import NOTHING_BEFORE
from litesoc_server.audit.lines import Line, checkpoint_content
from litesoc_server.audit.numbers import numbers_in
from litesoc_server.audit.trust import KeyRing

PROBLEMS_MAX = 20  # said; one change early in the chain is many problems later


@dataclass(frozen=True)
class Problem:
    """Something that is not as it was recorded; the text is for people."""

    text: str
    seq: int | None = None  # of the entry that it is about

    def __str__(self) -> str:
        return self.text if self.seq is None else f"entry {self.seq}: {self.text}"


@dataclass
class Verdict:
    """What was found."""

    problems: list[Problem] = field(default_factory=list)
    entries_count: int = 0
    first_seq: int | None = None
    last_seq: int = 0
    last_hash: str = ""
    last_at: str | None = None
    erased_count: int = 0  # values
    checkpoints_count: int = 0
    signed_seq: int = 0  # the newest entry that a checkpoint signs
    signed_at: str | None = None

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        return not self.problems


class Verifier:
    """Takes the lines of one log one by one, but for the first ones and the last."""

    def __init__(self, head: Line, ring: KeyRing, *, is_part: bool = False) -> None:
        self._head = head  # the line of type "log"
        self._ring = ring
        self._missing: dict[str, set[int]] = defaultdict(set)
        self._erased: dict[str, set[int]] = defaultdict(set)
        self._has_start = is_part  # whether it may begin where it does
        self.verdict = Verdict(last_seq=int(head["first_seq"]) - 1, last_hash=str(head["start_hash"]))

    def take(self, line: Line) -> None:
        """Look at the next line."""
        match line.get("type"):
            case "entry":
                self._take_entry(line)
            case "checkpoint":
                self._take_checkpoint(line)
            case other:
                self._say(f"a line of the kind {other!r} has no place here")

    def end(self) -> Verdict:
        """Return the verdict, with what only the whole shows."""
        verdict, head = self.verdict, self._head
        if head["first_seq"] > 1 and not self._has_start:
            self._say(f"no signed checkpoint says that the log may begin with entry {head['first_seq']}")
        if head["first_seq"] == 1 and head["start_hash"] != NOTHING_BEFORE:
            self._say("the log says that something stands before its first entry")
        if (verdict.last_seq, verdict.last_hash) != (head["last_seq"], head["head_hash"]):
            self._say(f"the log should end with entry {head['last_seq']}, but ends with entry {verdict.last_seq}")
        for path, missing in self._missing.items():
            for seq in sorted(missing - self._erased[path]):
                self._say(f"the value {path} is missing, and no entry says that it was erased", seq)
        verdict.erased_count = sum(map(len, self._missing.values()))
        return verdict

    def say(self, text: str, seq: int | None = None) -> None:
        """Note a problem that was found elsewhere."""
        self._say(text, seq)

    def _say(self, text: str, seq: int | None = None) -> None:
        if len(self.verdict.problems) < PROBLEMS_MAX:
            self.verdict.problems.append(Problem(text, seq))

    def _take_entry(self, line: Line) -> None:
        verdict, body = self.verdict, line.get("body")
        seq = body.get("seq") if isinstance(body, dict) else None
        if not isinstance(body, dict) or not isinstance(seq, int):
            self._say("what follows is no entry", verdict.last_seq)
            return
        if seq != verdict.last_seq + 1:
            self._say(
                f"entry {verdict.last_seq + 1} should stand here: entries are missing, repeated or in another order", seq
            )
        if body.get("org") != self._head["org"]:
            self._say("it belongs to another organisation", seq)
        if body.get("previous") != verdict.last_hash:
            self._say("it does not follow from the entry before it", seq)
        digest = sha256_hex(canonical(body))
        if line.get("hash") != digest:
            self._say("its content does not have its hash", seq)
        self._take_values(seq, body, line.get("values"))
        self._take_erasure(seq, body)
        verdict.first_seq = seq if verdict.first_seq is None else verdict.first_seq
        verdict.entries_count += 1
        verdict.last_seq, verdict.last_hash, verdict.last_at = seq, digest, str(body.get("at"))

    def _take_values(self, seq: int, body: Line, values: object) -> None:
        committed = dict(commitments_in(body))
        given = values if isinstance(values, dict) else {}
        for path, value in given.items():
            if path not in committed:
                self._say(f"it has a value {path} that it does not commit to", seq)
            elif not is_opening(value, committed[path]):
                self._say(f"the value {path} is not the one that was recorded", seq)
        for path in committed.keys() - given.keys():
            self._missing[path].add(seq)

    def _take_erasure(self, seq: int, body: Line) -> None:
        erased = body.get("erased")
        if isinstance(erased, dict):
            for path, numbers in erased.items():
                self._erased[path].update(one for one in numbers_in(str(numbers)) if one < seq)

    def _take_checkpoint(self, line: Line) -> None:
        verdict = self.verdict
        seq, at, kind = line.get("seq"), str(line.get("at")), str(line.get("kind"))
        if (seq, line.get("hash")) != (verdict.last_seq, verdict.last_hash):
            self._say(f"a signed checkpoint about entry {seq} does not agree with what stands here", verdict.last_seq)
            return
        content = checkpoint_content(
            kind=kind,
            org_id=self._head["org"],
            seq=verdict.last_seq,
            entry_hash=verdict.last_hash,
            at=at,
            key_id=str(line.get("key")),
        )
        if not self._ring.is_signed(content, line.get("signature"), line.get("key")):
            self._say(f"the checkpoint about entry {seq} is not signed by a key that is believed", verdict.last_seq)
            return
        verdict.checkpoints_count += 1
        if kind == "start" and verdict.entries_count == 0:
            self._has_start = True
        elif kind == "head":
            verdict.signed_seq, verdict.signed_at = verdict.last_seq, at


def commitments_in(body: Line) -> Iterator[tuple[str, str]]:
    """Yield what an entry commits to: the path of each value with its commitment."""
    yield from _found(body.get("by"), "by.", ("name", "address", "user_agent"))
    yield from _found(body.get("target"), "target.", ("name",))
    yield from _found(body, "", ("note",))
    changes = body.get("changes")
    for name, sides in changes.items() if isinstance(changes, dict) else ():
        yield from _found(sides, f"changes.{name}.", ("before", "after"))


def _found(part: object, prefix: str, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        value = part.get(name) if isinstance(part, dict) else None
        if isinstance(value, dict):
            yield f"{prefix}{name}", str(value.get("sha256"))


def is_opening(value: object, commitment: str) -> bool:
    """Return whether a value with its salt is what ``commitment`` was made of."""
    if not isinstance(value, dict) or value.keys() != {"salt", "value"}:
        return False
    try:
        found = Opening(salt=str(value["salt"]), value=canonical(value["value"]).decode()).commitment
    except ValueError:  # no hexadecimal digits, no UTF-8
        return False
    return found == commitment
