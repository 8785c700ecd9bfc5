"""Updates sources one after another; one that fails is told, keeps what it had in force, and does not stop the others."""

import base64
import contextlib
import fcntl
from collections.abc import Callable, Generator, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import msgspec

from litesoc_server.clock import Clock
from litesoc_server.pipeline.enrich.manifest import Entry, updates_dir
from litesoc_server.pipeline.enrich.update.download import Downloader, Fetched, NotModified, Received
from litesoc_server.pipeline.enrich.update.errors import UpdateError
from litesoc_server.pipeline.enrich.update.install import Provenance, current_manifest, install
from litesoc_server.pipeline.enrich.update.sources import Source


class Result(StrEnum):
    """What became of a source."""

    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"


class Outcome(msgspec.Struct, frozen=True):
    """What became of a source, and what is in force now."""

    source: Source
    result: Result
    detail: str  # why it was skipped or failed, with the fix
    in_force: Entry | None


class MaxMindKey(msgspec.Struct, frozen=True):
    """Credentials for GeoLite2."""

    account_id: int
    license_key: str

    @property
    def headers(self) -> dict[str, str]:
        """The header that goes to MaxMind, and to no host it redirects to."""
        pair = f"{self.account_id}:{self.license_key}".encode()
        return {"Authorization": "Basic " + base64.b64encode(pair).decode("ascii")}


class Watcher(Protocol):
    """Is told how it goes."""

    def started(self, source: Source) -> Received:
        """Say that a source is next; return what to call with the bytes that came."""
        ...

    def finished(self, outcome: Outcome) -> None:
        """Say what became of it."""
        ...


class Busy(Exception):
    """Another update runs on this data directory."""


class _Skip(Exception):
    """A source is left out, for a reason that is no failure."""


class Updater:
    """Updates the data in one data directory."""

    def __init__(
        self,
        data_dir: Path,
        downloader_for: Callable[[Path], Downloader],
        clock: Clock,
        *,
        maxmind: MaxMindKey | None,
        offline_dir: Path | None,
        is_forced: bool,
    ) -> None:
        """Prepare. With ``offline_dir`` files are taken from that folder and nothing is fetched."""
        self._folder = updates_dir(data_dir)
        self._downloads = self._folder / "downloads"
        self._downloader_for = downloader_for
        self._clock = clock
        self._maxmind = maxmind
        self._offline_dir = offline_dir
        self._is_forced = is_forced

    def run(self, sources: Sequence[Source], watcher: Watcher, *, is_asked_for: bool) -> list[Outcome]:
        """Update ``sources``. ``is_asked_for`` says that each was named, so that leaving one out is a failure.

        Raises Busy, and OSError when the data directory cannot be written.
        """
        self._downloads.mkdir(parents=True, exist_ok=True)
        outcomes: list[Outcome] = []
        with _lock(self._folder / "lock"), contextlib.closing(self._downloader_for(self._downloads)) as downloader:
            for source in sources:
                received = watcher.started(source)
                result, detail = self._update(source, downloader, received, is_asked_for=is_asked_for)
                outcome = Outcome(source, result, detail, current_manifest(self._folder).entries.get(source.id))
                outcomes.append(outcome)
                watcher.finished(outcome)
        return outcomes

    def _update(
        self, source: Source, downloader: Downloader, received: Received, *, is_asked_for: bool
    ) -> tuple[Result, str]:
        try:
            if self._offline_dir is not None:
                return self._from_folder(source, self._offline_dir)
            return self._from_network(source, downloader, received)
        except _Skip as reason:
            return (Result.FAILED if is_asked_for else Result.SKIPPED), str(reason)
        except UpdateError as error:
            return Result.FAILED, str(error)

    def _from_folder(self, source: Source, folder: Path) -> tuple[Result, str]:
        paths: list[Path] = []
        for file in source.files:
            found = sorted(path for path in folder.glob(file.name) if path.is_file())
            if not found:
                msg = f"there is no {file.name} in {folder}"
                raise _Skip(msg)
            paths.append(found[-1])
        oldest = min(datetime.fromtimestamp(path.stat().st_mtime, UTC).date() for path in paths)
        install(source, paths, self._provenance({}, oldest), self._folder, is_forced=self._is_forced)
        return Result.UPDATED, ""

    def _from_network(self, source: Source, downloader: Downloader, received: Received) -> tuple[Result, str]:
        headers: dict[str, str] = {}
        if source.needs_maxmind_key:
            if self._maxmind is None:
                raise _Skip("it needs LITESOC_MAXMIND_ACCOUNT_ID and LITESOC_MAXMIND_LICENSE_KEY")
            headers = self._maxmind.headers
        in_force = current_manifest(self._folder).entries.get(source.id)
        is_usable = in_force is not None and (self._folder / in_force.file).exists() and not self._is_forced
        etags = in_force.etags if in_force is not None and is_usable else {}
        fetched: list[Fetched] = []
        today = self._today()
        try:
            for number, file in enumerate(source.files):
                answer = downloader.fetch(
                    file.urls(today),
                    f"{source.id}-{number}",
                    bytes_max=file.bytes_max,
                    # Of several files all are fetched or none: those that did not change are needed with those that did.
                    etags=etags if len(source.files) == 1 else {},
                    headers=headers,
                    received=received,
                )
                if isinstance(answer, NotModified):
                    return Result.UNCHANGED, ""
                fetched.append(answer)
            new_etags = {each.url: each.etag for each in fetched if each.etag is not None}
            modified = max((each.modified for each in fetched if each.modified is not None), default=today)
            provenance = self._provenance(new_etags, min(modified, today))
            install(source, [each.path for each in fetched], provenance, self._folder, is_forced=self._is_forced)
        finally:
            for each in fetched:
                each.path.unlink(missing_ok=True)
        return Result.UPDATED, ""

    def _provenance(self, etags: dict[str, str], data_date: date) -> Provenance:
        return Provenance(etags, data_date, self._clock.now_ms())

    def _today(self) -> date:
        return datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC).date()


@contextlib.contextmanager
def _lock(path: Path) -> Generator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy("another `litesoc geo update` runs on this data directory: wait for it") from error
        yield
