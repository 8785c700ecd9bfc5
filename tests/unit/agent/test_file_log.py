"""A log file as it is renamed, copied, truncated and left alone, read by one reader after another: each line once."""

import os
import shutil
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from litesoc_server.agent import file_log, rotated_files
from litesoc_server.agent.entries import LINE_BYTES_MAX, FilePosition, LogUnreadable
from litesoc_server.agent.file_log import CHUNK_BYTES, QUIET_S, FileLog

TICK_NS = 1_000_000_000


class Disk:
    """A log and its writer. Times of modification are set, so that no test waits."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "auth.log"
        self.now_ns = 1_790_000_000 * TICK_NS
        self.written: list[str] = []
        self.path.touch()
        self._stamp(self.path)

    def write(self, *lines: str, to: Path | None = None) -> None:
        path = to or self.path
        self.written += lines
        with path.open("a") as file:
            file.writelines(f"{line}\n" for line in lines)
        self._stamp(path)

    def rename(self) -> Path:
        self._shift()
        self.path.rename(self.put_aside(1))
        self.path.touch()
        self._stamp(self.path)
        return self.put_aside(1)

    def copy_and_truncate(self) -> None:
        self._shift()
        shutil.copy(self.path, self.put_aside(1))
        self._stamp(self.put_aside(1))
        os.truncate(self.path, 0)
        self._stamp(self.path)

    def put_aside(self, number: int) -> Path:
        return self.path.with_name(f"auth.log.{number}")

    def now_s(self) -> float:
        return self.now_ns / TICK_NS

    def pass_time(self, seconds: float = QUIET_S) -> None:
        self.now_ns += int(seconds * TICK_NS)

    def reader(self, position: FilePosition | None = None, *, from_start: bool = True) -> FileLog:
        return FileLog(self.path, position, from_start=from_start, now_s=self.now_s)

    def _shift(self) -> None:
        for number in range(30, 0, -1):
            if self.put_aside(number).exists():
                self.put_aside(number).rename(self.put_aside(number + 1))

    def _stamp(self, path: Path) -> None:
        self.now_ns += TICK_NS // 100
        os.utime(path, ns=(self.now_ns, self.now_ns))


def read_all(log: FileLog) -> list[str]:
    lines: list[str] = []
    while entries := log.peek():
        lines += [entry.text for entry in entries]
        log.advance(entries[-1].mark)
    return lines


def restarted(disk: Disk, log: FileLog) -> FileLog:
    """Return a reader that goes on from what the other one would have saved."""
    position = log.position
    log.close()
    return disk.reader(msgspec.json.decode(msgspec.json.encode(position), type=FilePosition | None))


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path)


def test_a_first_start_begins_at_the_end_unless_told_otherwise(disk: Disk) -> None:
    disk.write("old")
    with_old, without = disk.reader(from_start=True), disk.reader(from_start=False)
    assert (read_all(with_old), read_all(without)) == (["old"], [])
    disk.write("new")
    assert (read_all(with_old), read_all(without)) == (["new"], ["new"])


def test_from_the_start_begins_with_the_oldest_file_that_is_not_compressed(disk: Disk) -> None:
    disk.write("1")
    disk.rename()
    disk.write("2")
    disk.rename()
    disk.write("3")
    disk.pass_time()
    assert read_all(disk.reader(from_start=True)) == ["1", "2", "3"]
    assert read_all(disk.reader(from_start=False)) == []


def test_a_log_that_appears_later_is_read_from_its_start(disk: Disk) -> None:
    disk.path.unlink()
    log = disk.reader(from_start=False)
    assert log.peek() == []
    disk.write("first")
    assert read_all(log) == ["first"]


def test_a_line_is_read_once_it_is_whole(disk: Disk) -> None:
    log = disk.reader()
    with disk.path.open("a") as file:
        file.write("half a li")
        file.flush()
        assert read_all(log) == []
        file.write("ne\n")
    assert read_all(log) == ["half a line"]


def test_what_was_peeked_but_not_advanced_over_is_read_again(disk: Disk) -> None:
    disk.write("a", "b", "c")
    log = disk.reader()
    log.advance(log.peek()[0].mark)
    assert read_all(restarted(disk, log)) == ["b", "c"]


def test_a_renamed_file_is_read_on_until_it_is_quiet(disk: Disk) -> None:
    log = disk.reader()
    disk.write("a")
    assert read_all(log) == ["a"]
    old = disk.rename()
    disk.write("late", to=old)
    disk.write("new")
    assert read_all(log) == ["late"]
    disk.write("later", to=old)
    assert read_all(log) == ["later"]
    disk.pass_time()
    assert read_all(log) == ["new"]


def test_what_was_copied_before_a_truncation_is_read_from_the_copy(disk: Disk) -> None:
    log = disk.reader()
    disk.write("a")
    assert read_all(log) == ["a"]
    disk.write("b")
    disk.copy_and_truncate()
    disk.write("c" * 50)
    assert read_all(log) == ["b"]
    disk.pass_time()
    assert read_all(log) == ["c" * 50]


def test_what_passed_through_an_empty_file_is_read_also_while_nothing_new_comes(disk: Disk) -> None:
    log = disk.reader()
    assert read_all(log) == []
    disk.write("a")
    disk.copy_and_truncate()
    assert read_all(log) == ["a"]


@pytest.mark.parametrize("is_restarted", [True, False])
def test_a_file_that_was_filled_and_truncated_between_two_looks_at_it_is_read_from_its_copy(
    disk: Disk, is_restarted: bool
) -> None:
    log = disk.reader()
    assert read_all(log) == []
    disk.write("a")
    disk.copy_and_truncate()
    disk.write("b")
    if is_restarted:
        log = restarted(disk, log)
    disk.pass_time()
    assert read_all(log) == ["a", "b"]


def test_several_rotations_during_a_stop_are_made_up_for(disk: Disk) -> None:
    log = disk.reader()
    disk.write("1")
    assert read_all(log) == ["1"]
    disk.write("2")
    disk.rename()
    disk.write("3")
    disk.copy_and_truncate()
    disk.write("4")
    disk.rename()
    disk.write("5")
    disk.pass_time()
    assert read_all(restarted(disk, log)) == ["2", "3", "4", "5"]


def test_compressed_files_are_not_read_and_what_that_may_have_lost_is_counted(disk: Disk) -> None:
    log = disk.reader()
    disk.write("a", "b")
    log.advance(log.peek()[0].mark)
    disk.rename().rename(disk.path.with_name("auth.log.1.gz"))
    disk.write("c")
    disk.rename()
    disk.write("d")
    later = restarted(disk, log)
    disk.pass_time()
    assert read_all(later) == ["c", "d"]
    assert later.gaps == 1


def test_an_inode_that_is_used_again_is_another_file(disk: Disk) -> None:
    log = disk.reader()
    disk.write("a" * 40)
    assert read_all(log) == ["a" * 40]
    position = log.position
    assert position is not None
    disk.path.write_text("b" * 60 + "\n")  # the same inode, as after a removal and a creation
    disk._stamp(disk.path)
    later = restarted(disk, log)
    assert read_all(later) == ["b" * 60]
    assert later.gaps == 1


def test_a_line_that_is_too_long_is_passed_over_in_bounded_memory(disk: Disk) -> None:
    disk.write("before", "x" * (5 * LINE_BYTES_MAX), "after")
    assert read_all(disk.reader()) == ["before", "after"]


def test_lines_that_are_too_long_may_be_many(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_log, "PASSED_OVER_BYTES_MAX", 4 * CHUNK_BYTES)
    with disk.path.open("ab") as file:
        file.write(b"before\n" + (b"x" * (CHUNK_BYTES + 1) + b"\n") * 600 + b"after\n")
        file.write(b"y" * (9 * CHUNK_BYTES))  # one that never ends
    log = disk.reader()
    looks = [look(log) for _ in range(400)]  # each of them steps over some, and others have their turn
    assert [text for texts in looks for text in texts] == ["before", "after"]
    assert log.behind_bytes == 0


def look(log: FileLog) -> list[str]:
    entries = log.peek()
    if entries:
        log.advance(entries[-1].mark)
    return [entry.text for entry in entries]


def test_the_last_line_of_a_file_that_nobody_writes_any_more_counts_without_its_end(disk: Disk) -> None:
    log = disk.reader()
    assert read_all(log) == []
    disk.path.write_text("cut off")
    old = disk.rename()
    disk._stamp(old)
    disk.write("next")
    disk.pass_time()
    assert read_all(log) == ["cut off", "next"]


def test_many_files_beside_the_log_do_not_hide_it(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(9):
        disk.path.with_name(f"auth.log.{number}").write_text("forged\n")
    disk.write("first")
    for most in range(9):  # directories are listed in no order
        monkeypatch.setattr(rotated_files, "FILES_MAX", most)
        current = rotated_files.look_around(disk.path).current
        assert current is not None
        assert current.path == disk.path


def test_other_files_beside_the_log_are_none_of_its_own(disk: Disk, tmp_path: Path) -> None:
    log = disk.reader()
    disk.write("a")
    for name in ("auth.log.bak", "auth.log~", "other.log.1", "auth.log.1.gz"):
        (tmp_path / name).write_text("elsewhere\n")
    assert read_all(log) == ["a"]
    disk.rename()
    disk.write("b")
    disk.pass_time()
    assert read_all(log) == ["b"]


def test_a_log_that_may_not_be_read_says_how_to_mend_it(tmp_path: Path) -> None:
    (tmp_path / "auth.log").mkdir()
    log = FileLog(tmp_path / "auth.log" / "deeper.log", None, from_start=True)
    (tmp_path / "auth.log").rmdir()
    with pytest.raises(LogUnreadable, match="cannot be read"):
        log.peek()


class AnyOrder(RuleBasedStateMachine):
    """Writing, rotating, reading and restarting in any order: every line is read once, in the order of writing."""

    def __init__(self) -> None:
        super().__init__()
        self._directory = tempfile.TemporaryDirectory()
        self.disk = Disk(Path(self._directory.name))
        self.log = self.disk.reader()
        self.log.peek()
        self.read: list[str] = []
        self.rotations = 0

    @rule(count=st.integers(1, 30))
    def write(self, count: int) -> None:
        start = len(self.disk.written)
        self.disk.write(*(f"line {number}" for number in range(start, start + count)))

    @precondition(lambda self: self.rotations < 20)
    @rule(is_copy=st.booleans())
    def rotate(self, is_copy: bool) -> None:
        self.rotations += 1
        if is_copy:
            self.disk.copy_and_truncate()
        else:
            self.disk.rename()

    @rule(is_quiet=st.booleans(), entries=st.integers(1, 50))
    def read_some(self, is_quiet: bool, entries: int) -> None:
        if is_quiet:
            self.disk.pass_time()
        found = self.log.peek()[:entries]
        if found:
            self.read += [entry.text for entry in found]
            self.log.advance(found[-1].mark)

    @rule()
    def restart(self) -> None:
        self.log = restarted(self.disk, self.log)

    @invariant()
    def what_was_read_was_written_first(self) -> None:
        assert self.read == self.disk.written[: len(self.read)]

    def teardown(self) -> None:
        self.disk.pass_time()
        self.read += read_all(self.log)
        self.log.close()
        self._directory.cleanup()
        assert self.read == self.disk.written
        assert self.log.gaps == 0


AnyOrder.TestCase.settings = hypothesis_settings(max_examples=30, stateful_step_count=30, deadline=None)
TestAnyOrder = AnyOrder.TestCase
