"""`make bench-web`: pages over ten million events, as a browser on the same machine sees them.

    python benchmarks/web.py [--directory DIR] [--rows 10000000] [--runs 5]

Makes a data directory with an organisation and a month of events where DIR holds none yet (some minutes), starts a real
server on it and prints for each page: time of the server, bytes, first paint and largest paint in Chromium, each from a new
browser window without a cache; for each interaction: from the click until what was asked for is there; and the weight of all
scripts and styles. Fails when these weigh more than the ceiling.
"""

import argparse
import gzip
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))
from browser.people import sign_in_everybody  # noqa: E402 # the tests' own server and people
from browser.visits import find_chromium, launch  # noqa: E402
from live_server import LiveServer  # noqa: E402

ASSETS = HERE.parent / "src/litesoc_server/web/static/dashboard"
REST_TIMEOUT_S = 1_800
WEIGHT_MAX_KB = 120  # gzip, everything a browser may ever fetch of ours beside pages
BUSY_ACTOR = "usr_000000"
PAGES = (
    ("overview, 24 h", ""),
    ("overview, 7 days", "?range=7d"),
    ("overview, 30 days", "?range=30d"),
    ("overview: ranks, 30 days", "overview/tops/?range=30d"),
    ("overview: map, 30 days", "overview/map/?range=30d"),
    ("events", "events/"),
    ("events, failed logins, 30 days", "events/?q=event:auth.login_failed&range=30d"),
    ("alerts", "alerts/"),
    ("actors", "actors/"),
    ("one actor (26,000 events)", f"actors/actor?id={BUSY_ACTOR}"),
    ("addresses", "addresses/"),
    ("one address", "addresses/address?ip=%(ip)s"),
    ("detections", "detections/"),
)
PAINT = """
() => new Promise((done) => {
  const first = performance.getEntriesByName("first-contentful-paint")[0];
  new PerformanceObserver((list) => done([first?.startTime ?? -1, list.getEntries().at(-1).startTime]))
    .observe({ type: "largest-contentful-paint", buffered: true });
  setTimeout(() => done([first?.startTime ?? -1, -1]), 2000);
})
"""


class Site:
    """A server on a filled data directory, and a browser to look at it."""

    def __init__(self, server: LiveServer, session: str, browser: Browser) -> None:
        self.base = f"{server.url}/o/shop-example/live/"
        self.session = session
        self.server = server
        self.browser = browser

    def window(self) -> BrowserContext:
        """Open a window without a cache, signed in."""
        context = self.browser.new_context(viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": "litesoc_session", "value": self.session, "url": self.server.url}])
        return context

    def fetch(self, path: str) -> tuple[float, int]:
        """Return how many ms the server took for a page, and how many packed bytes it is."""
        headers = {"Cookie": f"litesoc_session={self.session}", "Accept-Encoding": "gzip", "Accept": "text/html"}
        request = urllib.request.Request(self.base + path, headers=headers)
        started = time.perf_counter()
        with urllib.request.urlopen(request) as answer:
            body = answer.read()
        return (time.perf_counter() - started) * 1000, len(body)

    def paint(self, path: str) -> tuple[float, float]:
        """Return first and largest paint in ms since the page was asked for."""
        context = self.window()
        page = context.new_page()
        page.goto(self.base + path, wait_until="networkidle")
        first, largest = page.evaluate(PAINT)
        context.close()
        return first, largest


def made_up(directory: Path, rows: int) -> tuple[LiveServer, str]:
    """Return a server that is not started and the session of an analyst; fill the directory when it is new."""
    server = LiveServer(directory / "data")
    note = directory / "session"
    if not note.exists():
        if server.data_dir.exists():
            sys.exit(f"{directory} was left half filled: delete it")
        directory.mkdir(parents=True, exist_ok=True)
        account = server.init(email="founder@shop.example")
        sessions = sign_in_everybody(server, account["org_id"])
        fill = [sys.executable, str(HERE / "fill_store.py"), str(server.data_dir / "events")]
        subprocess.run([*fill, "--rows", str(rows), "--org", account["org_id"]], check=True)
        note.write_text(sessions["analyst"])
    return server, note.read_text()


def cpu_ms(process_id: int) -> float:
    """Return the CPU time that a process has had, all threads together: what other work on the machine does not disturb."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") * 1000


def wait_until_at_rest(process_id: int) -> None:
    """Wait until detection has learnt from a week of stored events and the store has merged its parts: minutes."""
    print("The server learns from the stored events ...", flush=True)
    deadline = time.monotonic() + REST_TIMEOUT_S
    while time.monotonic() < deadline:
        before_ms = cpu_ms(process_id)
        time.sleep(5)
        if cpu_ms(process_id) - before_ms < 250:
            return
    sys.exit(f"the server is still busy after {REST_TIMEOUT_S} seconds")


def measure_pages(site: Site, runs: int, busy_ip: str) -> None:
    """Print a line for each page, the medians of several looks."""
    print("| page | server ms | CPU of it ms | kB | first paint ms | largest paint ms |\n|---|---|---|---|---|---|")
    for name, pattern in PAGES:
        path = pattern.replace("%(ip)s", busy_ip)
        site.fetch(path)
        cpu_before_ms = cpu_ms(site.server.process_id)
        fetched = [site.fetch(path) for _ in range(runs)]
        cpu = (cpu_ms(site.server.process_id) - cpu_before_ms) / runs
        is_part = path.startswith("overview/")
        painted = [] if is_part else [site.paint(path) for _ in range(runs)]
        paints = [f"{statistics.median(column):.0f}" for column in zip(*painted, strict=True)] or ["-", "-"]
        server_ms = statistics.median(one[0] for one in fetched)
        print(f"| {name} | {server_ms:.0f} | {cpu:.0f} | {fetched[0][1] / 1000:.1f} | {' | '.join(paints)} |", flush=True)


def measure_interactions(site: Site, runs: int) -> None:
    """Print a line for each interaction: from the click until what was asked for is on the page."""

    def click(link: str, awaited: str) -> Callable[[Page], None]:
        def act(page: Page) -> None:
            page.locator(link).first.click()
            page.wait_for_selector(awaited)

        return act

    def search(page: Page) -> None:
        page.locator("input[name=start]").press("Enter")
        page.wait_for_selector('[data-row-link][title^="usr_0400"]')

    current = 'nav[aria-label="Time range"] a[aria-current]:text-is("{}")'
    interactions: tuple[tuple[str, str, Callable[[Page], None]], ...] = (
        ("overview: 24 h to 7 days", "", click('a:text-is("7d")', f"{current.format('7d')} >> visible=true")),
        ("overview: 24 h to 30 days", "", click('a:text-is("30d")', f"{current.format('30d')} >> visible=true")),
        ("events: next page", "events/", click("a[rel=next]", "a[rel=prev]")),
        ("events: a facet, its list", "events/", click("a.facet-choice", 'input[name=q][value*=":"]')),
        ("events: a facet, with new counts", "events/", click("a.facet-choice", "a.facet-choice[aria-current]")),
        ("actors: next page", "actors/", click("a[rel=next]", 'a:text-is("Back to the top")')),
        ("actors: search", "actors/", search),
    )
    print("\n| interaction | ms |\n|---|---|")
    for name, path, act in interactions:
        times_ms = []
        for _ in range(runs):
            context = site.window()
            page = context.new_page()
            page.goto(site.base + path, wait_until="networkidle")
            if "search" in name:
                page.locator("input[name=start]").fill("usr_0400")
            started = time.perf_counter()
            act(page)
            times_ms.append((time.perf_counter() - started) * 1000)
            context.close()
        print(f"| {name} | {statistics.median(times_ms):.0f} |", flush=True)


def weigh() -> float:
    """Print what scripts and styles weigh, packed, and return the sum in kB."""
    files = sorted(path for path in ASSETS.iterdir() if path.suffix in {".js", ".css"})
    weights = {path.name: len(gzip.compress(path.read_bytes(), 9)) / 1000 for path in files}
    print("\n| file | kB, gzip |\n|---|---|")
    for name, weight in sorted(weights.items(), key=lambda one: -one[1]):
        print(f"| {name} | {weight:.1f} |")
    total = sum(weights.values())
    print(f"| all | {total:.1f} (ceiling {WEIGHT_MAX_KB}) |")
    return total


def busiest_address(site: Site) -> str:
    """Return the address with most events of the last day."""
    request = urllib.request.Request(
        site.base + "overview/tops/", headers={"Cookie": f"litesoc_session={site.session}", "Accept": "text/html"}
    )
    with urllib.request.urlopen(request) as answer:
        text: str = answer.read().decode()
    return text.split("address?ip=", 1)[1].split('"', 1)[0]


def main() -> None:
    """Fill, start, measure, weigh."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--directory", type=Path, default=Path(tempfile.gettempdir(), "litesoc-bench-web"))
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", choices=("pages", "interactions"), help="measure one of the two")
    options = parser.parse_args()
    chromium = find_chromium()
    if chromium is None:
        sys.exit("Chromium is missing: install Debian's package chromium")
    server, session = made_up(options.directory, options.rows)
    server.start()
    try:
        wait_until_at_rest(server.process_id)
        with sync_playwright() as playwright:
            site = Site(server, session, launch(playwright, chromium))
            if options.only != "interactions":
                measure_pages(site, options.runs, busiest_address(site))
            if options.only != "pages":
                measure_interactions(site, options.runs)
            site.browser.close()
    finally:
        server.stop()
    if weigh() > WEIGHT_MAX_KB:
        sys.exit(f"scripts and styles weigh more than {WEIGHT_MAX_KB} kB")


if __name__ == "__main__":
    main()
