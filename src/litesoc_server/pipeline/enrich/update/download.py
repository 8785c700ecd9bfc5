"""One download: over https only, bounded in size and time, resumed where it was cut.

Proxies are taken from HTTPS_PROXY, ALL_PROXY and NO_PROXY, as httpx reads them.
"""

import email.utils
import re
import time
from collections.abc import Callable, Sequence
from datetime import date
from http import HTTPStatus
from pathlib import Path

import httpx
import msgspec

from litesoc_server import __version__
from litesoc_server.pipeline.enrich.update.errors import UpdateError

ATTEMPTS_MAX = 4  # each goes on where the one before was cut
REDIRECTS_MAX = 5
FILE_S_MAX = 1_800.0  # for all attempts at one file
_TIMEOUT = httpx.Timeout(30.0, connect=15.0)  # seconds without a byte
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")
_LOOPBACK = frozenset({"127.0.0.1", "::1"})

Received = Callable[[int, int | None], None]  # bytes so far, bytes in all if known


class Fetched(msgspec.Struct, frozen=True):
    """A complete file."""

    path: Path
    url: str
    etag: str | None
    modified: date | None  # as the server says


class NotModified(msgspec.Struct, frozen=True):
    """The server still has the version that is in force."""


class _NotFoundAnywhere(Exception):
    """Nothing is at one address; there may be at another."""


class _Cut(Exception):
    """The connection broke off; what came is kept."""


class _Part(msgspec.Struct, frozen=True):
    """What is known about a file that has come in part."""

    url: str
    validator: str  # strong ETag or Last-Modified


class _Job(msgspec.Struct, frozen=True):
    """What is asked for."""

    url: str
    name: str  # of the file in the folder
    bytes_max: int
    etag: str | None  # of the version in force
    headers: dict[str, str]
    received: Received
    deadline_s: float  # on the monotonic clock


_PART_DECODER = msgspec.json.Decoder(_Part)


class Downloader:
    """Fetches files into one folder, where cut ones wait as ``NAME.part`` for the next time."""

    def __init__(
        self,
        folder: Path,
        *,
        is_loopback_http_allowed: bool = False,
        sleep: Callable[[float], None] = time.sleep,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare. ``is_loopback_http_allowed`` is for tests: http to this machine then passes."""
        self._folder = folder
        self._is_loopback_http_allowed = is_loopback_http_allowed
        self._sleep = sleep
        self._monotonic_s = monotonic_s
        self._client = httpx.Client(
            timeout=_TIMEOUT,
            follow_redirects=False,  # followed here, where each target is checked and no body is read
            headers={"User-Agent": f"litesoc-server/{__version__}", "Accept-Encoding": "identity"},
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def fetch(
        self,
        urls: Sequence[str],
        name: str,
        *,
        bytes_max: int,
        etags: dict[str, str],
        headers: dict[str, str],
        received: Received,
    ) -> Fetched | NotModified:
        """Fetch the first of ``urls`` that exists. Raises UpdateError; a part that came is kept for the next time."""
        deadline_s = self._monotonic_s() + FILE_S_MAX
        for url in urls:
            try:
                return self._fetch_one(_Job(url, name, bytes_max, etags.get(url), headers, received, deadline_s))
            except _NotFoundAnywhere:
                continue
        msg = f"there is nothing at {_shown(urls[-1])} (404): the address has changed; update litesoc-server"
        raise UpdateError(msg)

    def _fetch_one(self, job: _Job) -> Fetched | NotModified:
        problem = ""
        for attempt in range(ATTEMPTS_MAX):
            if attempt:
                self._sleep(2.0**attempt)
            try:
                return self._attempt(job)
            except (_Cut, httpx.TransportError) as error:
                problem = str(error) or type(error).__name__
            except OSError as error:
                msg = f"{self._folder} cannot be written ({error.strerror}): make room there"
                raise UpdateError(msg) from error
            if self._monotonic_s() > job.deadline_s:
                break
        again = "run the command again, it goes on where it was cut"
        msg = f"{_shown(job.url)} cannot be fetched ({problem}): {again}"
        raise UpdateError(msg)

    def _attempt(self, job: _Job) -> Fetched | NotModified:
        part, about = self._folder / f"{job.name}.part", self._folder / f"{job.name}.part.json"
        asked = dict(job.headers)
        offset = 0
        known = _read_part(about)
        if known is not None and known.url == job.url and part.exists() and part.stat().st_size:
            offset = part.stat().st_size
            asked |= {"Range": f"bytes={offset}-", "If-Range": known.validator}
        elif job.etag is not None:
            asked["If-None-Match"] = job.etag
        response = self._send(job.url, asked)
        try:
            if response.status_code == HTTPStatus.NOT_MODIFIED and "If-None-Match" in asked:
                return NotModified()
            if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and offset:
                about.unlink(missing_ok=True)  # the file on the server is another one now
                raise _Cut("the part does not fit what the server has")
            _check_status(response, job.url)
            total = _total(response, offset)
            is_continued = response.status_code == HTTPStatus.PARTIAL_CONTENT
            if total is not None and total > job.bytes_max:
                msg = f"{_shown(job.url)} has {total:,} bytes, more than the {job.bytes_max:,} it may have"
                raise UpdateError(msg)
            if not is_continued:
                offset = 0
                _write_part(about, job.url, response)
            self._receive(response, job, part, offset, total)
        finally:
            response.close()
        about.unlink(missing_ok=True)
        complete = self._folder / job.name
        part.replace(complete)
        return Fetched(complete, job.url, response.headers.get("ETag"), _modified(response))

    def _send(self, url: str, headers: dict[str, str]) -> httpx.Response:
        request = self._client.build_request("GET", url, headers=headers)
        for _ in range(REDIRECTS_MAX + 1):
            self._check_address(request.url)
            response = self._client.send(request, stream=True)
            if response.next_request is None:
                return response
            response.close()
            request = response.next_request  # httpx has taken credentials out if it is another host
        msg = f"{_shown(url)} redirects more than {REDIRECTS_MAX} times"
        raise UpdateError(msg)

    def _check_address(self, url: httpx.URL) -> None:
        is_local = self._is_loopback_http_allowed and url.scheme == "http" and url.host in _LOOPBACK
        if url.scheme != "https" and not is_local:
            msg = f"{url.scheme}://{url.host} is not https: nothing is fetched from there"
            raise UpdateError(msg)

    def _receive(self, response: httpx.Response, job: _Job, part: Path, offset: int, total: int | None) -> None:
        size = offset
        with part.open("ab" if offset else "wb") as file:
            # As it comes: asked for chunks of a size, httpx would throw the last one away when the connection breaks off.
            for chunk in response.iter_raw():
                size += len(chunk)
                if size > job.bytes_max:
                    part.unlink()  # else the next run would go on with it
                    msg = f"it has more than the {job.bytes_max:,} bytes it may have"
                    raise UpdateError(msg)
                file.write(chunk)
                job.received(size, total)
                if self._monotonic_s() > job.deadline_s:
                    msg = f"it took longer than {FILE_S_MAX:.0f} s"
                    raise _Cut(msg)
        if total is not None and size != total:
            msg = f"{size:,} of {total:,} bytes came"
            raise _Cut(msg)


def _check_status(response: httpx.Response, url: str) -> None:
    status = response.status_code
    if status == HTTPStatus.NOT_FOUND:
        raise _NotFoundAnywhere
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        msg = f"{_shown(url)} refuses access ({status}): check account and key, or whether you are blocked"
        raise UpdateError(msg)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        msg = f"{_shown(url)} says it was asked too often (429): try again tomorrow"
        raise UpdateError(msg)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        msg = f"status {status}"
        raise _Cut(msg)
    if status not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
        msg = f"{_shown(url)} answers with status {status}"
        raise UpdateError(msg)
    if response.headers.get("Content-Encoding", "identity") != "identity":
        msg = f"{_shown(url)} sends in an encoding that was not asked for"
        raise UpdateError(msg)


def _total(response: httpx.Response, offset: int) -> int | None:
    """Return the size of the whole file, if it is told. Raises _Cut when a part does not begin where ours ends."""
    if response.status_code == HTTPStatus.PARTIAL_CONTENT:
        found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if found is None or int(found[1]) != offset:
            raise UpdateError("the server sent another part than it was asked for: run the command again")
        return int(found[2])
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else None


def _write_part(about: Path, url: str, response: httpx.Response) -> None:
    validator = _strong_etag(response) or response.headers.get("Last-Modified")
    if validator is None:
        about.unlink(missing_ok=True)  # without one nobody can tell whether a later part belongs to this one
    else:
        about.write_bytes(msgspec.json.encode(_Part(url, validator)))


def _read_part(about: Path) -> _Part | None:
    try:
        return _PART_DECODER.decode(about.read_bytes())
    except (OSError, msgspec.MsgspecError):
        return None


def _strong_etag(response: httpx.Response) -> str | None:
    etag = response.headers.get("ETag")
    return etag if etag is not None and not etag.startswith("W/") else None


def _modified(response: httpx.Response) -> date | None:
    try:
        return email.utils.parsedate_to_datetime(response.headers.get("Last-Modified", "")).date()
    except ValueError:
        return None


def _shown(url: str) -> str:
    return url.partition("?")[0]
