"""Downloads from a real server: whole, cut, resumed, unchanged, too large, redirected."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from file_server import FileServer, Served, file_server
from litesoc_server.pipeline.enrich.update.download import ATTEMPTS_MAX, Downloader, Fetched, NotModified
from litesoc_server.pipeline.enrich.update.errors import UpdateError

CONTENT = bytes(range(256)) * 2_000
MAX = 1_000_000


@pytest.fixture
def server() -> Iterator[FileServer]:
    with file_server() as running:
        yield running


class Pauses(list[float]):
    def __call__(self, seconds: float) -> None:
        self.append(seconds)


class Fetcher:
    def __init__(self, folder: Path, server: FileServer) -> None:
        self.pauses = Pauses()
        self.server = server
        self.folder = folder
        self.received: list[tuple[int, int | None]] = []
        self.now_s = 0.0

    def __call__(
        self, *paths: str, bytes_max: int = MAX, etags: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> Fetched | NotModified:
        downloader = Downloader(
            self.folder, is_loopback_http_allowed=True, sleep=self.pauses, monotonic_s=lambda: self.now_s
        )
        try:
            return downloader.fetch(
                [path if "://" in path else self.server.root + path for path in paths],
                "list",
                bytes_max=bytes_max,
                etags=etags or {},
                headers=headers or {},
                received=lambda size, total: self.received.append((size, total)),
            )
        finally:
            downloader.close()

    def content(self, *paths: str) -> bytes:
        answer = self(*paths)
        assert isinstance(answer, Fetched)
        return answer.path.read_bytes()

    def leftovers(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def fetch(tmp_path: Path, server: FileServer) -> Fetcher:
    return Fetcher(tmp_path, server)


def test_a_whole_file(server: FileServer, fetch: Fetcher) -> None:
    server.files["/list"] = Served(CONTENT)
    answer = fetch("/list")
    assert isinstance(answer, Fetched)
    assert answer.path.read_bytes() == CONTENT
    assert (answer.etag, answer.modified) == ('"one"', date(2026, 11, 2))
    assert fetch.received[-1] == (len(CONTENT), len(CONTENT))
    assert fetch.leftovers() == ["list"]
    assert "accept-encoding" in server.asked[0].headers
    assert server.asked[0].headers["accept-encoding"] == "identity"


def test_the_newest_file_that_exists_is_taken(server: FileServer, fetch: Fetcher) -> None:
    server.files["/2026-10"] = Served(CONTENT)
    assert fetch.content("/2026-11", "/2026-10", "/2026-09") == CONTENT


def test_a_cut_file_is_continued_where_it_was_cut(server: FileServer, fetch: Fetcher) -> None:
    server.files["/list"] = Served(CONTENT, cuts=[300_000, 100_000])
    assert fetch.content("/list") == CONTENT
    assert server.ranges() == [None, "bytes=300000-", "bytes=400000-"]
    assert server.asked[1].headers["if-range"] == '"one"'
    assert fetch.pauses == [2.0, 4.0]


def test_the_next_run_goes_on_where_the_last_one_gave_up(server: FileServer, fetch: Fetcher) -> None:
    server.files["/list"] = Served(CONTENT, cuts=[1_000] * ATTEMPTS_MAX)
    with pytest.raises(UpdateError, match="goes on where it was cut"):
        fetch("/list")
    assert fetch.leftovers() == ["list.part", "list.part.json"]
    assert fetch.content("/list") == CONTENT
    assert server.ranges()[-1] == f"bytes={1_000 * ATTEMPTS_MAX}-"


def test_a_part_of_another_version_is_thrown_away(server: FileServer, fetch: Fetcher) -> None:
    server.files["/list"] = Served(b"x" * 500_000, cuts=[1_000] * ATTEMPTS_MAX)
    with pytest.raises(UpdateError):
        fetch("/list")
    server.files["/list"] = Served(CONTENT, etag='"two"', modified=None)
    assert fetch.content("/list") == CONTENT


def test_a_part_that_is_longer_than_the_file_now_is_thrown_away(server: FileServer, fetch: Fetcher) -> None:
    server.files["/list"] = Served(CONTENT, cuts=[100_000] + [0] * (ATTEMPTS_MAX - 1))
    with pytest.raises(UpdateError):
        fetch("/list")
    server.files["/list"] = Served(b"short")
    assert fetch.content("/list") == b"short"


@pytest.mark.parametrize(
    "served", [{"takes_ranges": False}, {"etag": None, "modified": None}, {"etag": 'W/"weak"', "modified": None}]
)
def test_a_server_that_cannot_continue_starts_again(server: FileServer, fetch: Fetcher, served: dict[str, None]) -> None:
    server.files["/list"] = Served(CONTENT, cuts=[300_000], **served)  # type: ignore[arg-type]
    assert fetch.content("/list") == CONTENT


def test_a_file_without_a_length_ends_where_it_ends(server: FileServer, fetch: Fetcher) -> None:
    server.files["/list"] = Served(CONTENT, has_length=False)
    assert fetch.content("/list") == CONTENT
    assert fetch.received[-1] == (len(CONTENT), None)


def test_what_is_in_force_is_not_fetched_again(server: FileServer, fetch: Fetcher) -> None:
    server.files["/list"] = Served(CONTENT)
    url = server.root + "/list"
    assert fetch("/list", etags={url: '"one"'}) == NotModified()
    assert isinstance(fetch("/list", etags={url: '"zero"'}), Fetched)


@pytest.mark.parametrize("has_length", [True, False])
def test_a_file_that_is_too_large_is_refused_and_not_kept(server: FileServer, fetch: Fetcher, has_length: bool) -> None:
    server.files["/list"] = Served(CONTENT, has_length=has_length)
    with pytest.raises(UpdateError, match=r"more than the 1,000"):
        fetch("/list", bytes_max=1_000)
    assert fetch("/list", bytes_max=MAX)


@pytest.mark.parametrize(
    ("status", "text"), [(403, "refuses access"), (401, "refuses access"), (429, "asked too often"), (410, "status 410")]
)
def test_refusals_are_told_at_once(server: FileServer, fetch: Fetcher, status: int, text: str) -> None:
    server.files["/list"] = Served(CONTENT, statuses=[status])
    with pytest.raises(UpdateError, match=text):
        fetch("/list?license=secret")
    assert fetch.pauses == []


def test_nothing_anywhere(fetch: Fetcher) -> None:
    with pytest.raises(UpdateError, match="404"):
        fetch("/a", "/b")


def test_a_server_in_trouble_is_tried_again(server: FileServer, fetch: Fetcher) -> None:
    server.files["/list"] = Served(CONTENT, statuses=[503, 500])
    assert fetch.content("/list") == CONTENT


def test_nobody_listening(fetch: Fetcher) -> None:
    with pytest.raises(UpdateError, match="cannot be fetched"):
        fetch("http://127.0.0.1:9/list")
    assert len(fetch.pauses) == ATTEMPTS_MAX - 1


def test_a_download_that_never_ends_is_given_up(server: FileServer, fetch: Fetcher) -> None:
    server.files["/list"] = Served(CONTENT)
    fetch.now_s = 0.0
    times = iter(range(0, 100_000, 1_000))
    downloader = Downloader(
        fetch.folder, is_loopback_http_allowed=True, sleep=fetch.pauses, monotonic_s=lambda: float(next(times))
    )
    with pytest.raises(UpdateError, match="took longer than"):
        downloader.fetch(
            [server.root + "/list"], "list", bytes_max=MAX, etags={}, headers={}, received=lambda size, total: None
        )
    downloader.close()


def test_an_answer_in_an_encoding_nobody_asked_for_is_refused(server: FileServer, fetch: Fetcher) -> None:
    server.files["/list"] = Served(CONTENT, headers={"Content-Encoding": "gzip"})
    with pytest.raises(UpdateError, match="encoding"):
        fetch("/list")


def test_a_redirect_is_followed_and_credentials_stay_behind(server: FileServer, fetch: Fetcher) -> None:
    with file_server() as elsewhere:
        elsewhere.files["/list"] = Served(CONTENT)
        server.files["/list"] = Served(b"", redirect=elsewhere.root + "/list")
        assert isinstance(fetch("/list", headers={"Authorization": "Basic c2VjcmV0"}), Fetched)
        assert server.asked[0].headers["authorization"] == "Basic c2VjcmV0"
        assert "authorization" not in elsewhere.asked[0].headers


def test_a_redirect_to_plain_http_is_refused(server: FileServer, fetch: Fetcher) -> None:
    server.files["/list"] = Served(b"", redirect="http://lists.example/list")
    with pytest.raises(UpdateError, match="not https"):
        fetch("/list")


def test_endless_redirects_end(server: FileServer, fetch: Fetcher) -> None:
    server.files["/list"] = Served(b"", redirect="/list")
    with pytest.raises(UpdateError, match="redirects more than 5 times"):
        fetch("/list")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/x", "http://lists.example/x", "ftp://lists.example/x", "file:///etc/passwd"]
)
def test_by_default_only_https_is_fetched(tmp_path: Path, url: str) -> None:
    downloader = Downloader(tmp_path)
    with pytest.raises(UpdateError, match="is not https"):
        downloader.fetch([url], "list", bytes_max=MAX, etags={}, headers={}, received=lambda size, total: None)
    downloader.close()


def test_a_proxy_is_taken_from_the_environment(server: FileServer, fetch: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", server.root)
    downloader = Downloader(fetch.folder, sleep=fetch.pauses)
    with pytest.raises(UpdateError, match="cannot be fetched"):
        downloader.fetch(
            ["https://lists.example/x"], "list", bytes_max=MAX, etags={}, headers={}, received=lambda size, total: None
        )
    downloader.close()
    assert fetch.pauses  # the proxy here knows no CONNECT, so each attempt fails; none went out by itself
