"""One browser on one site: pages whose every complaint is collected, and looks at them by axe and by eye."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from live_server import LiveServer

Theme = Literal["light", "dark"]
DESKTOP, PHONE = (1440, 900), (390, 844)
# The first, where most goes wrong, is what `make test` looks at; all four are `make test-looks`.
_EVERY_LOOK: list[tuple[Theme, tuple[int, int]]] = [
    *(("dark", PHONE), ("light", DESKTOP)),
    *(("dark", DESKTOP), ("light", PHONE)),
]
_IS_WHOLE = bool(os.environ.get("LITESOC_TEST_EVERY_LOOK"))
LOOKS = _EVERY_LOOK if _IS_WHOLE else _EVERY_LOOK[:1]
# Of what repeats, axe looks at the first few: most of its time goes into the contrast of every text.
_REPEATED = ["[data-row]:nth-child(n+6)", "tbody tr:nth-child(n+6)", "li:nth-child(n+12)"]
_PARTS = None if _IS_WHOLE else {"exclude": [[selector] for selector in _REPEATED]}
_AXE_OPTIONS = {"resultTypes": ["violations"], "preload": False}  # what it would fetch again is for rules that are off
# The first has no window to draw and takes half the time; it shows pages as the others do.
CHROMIUM_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
NOTED_IN_PAGE = """
window.__violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.__violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
});
"""
# The colours of another theme are there with the frame after the next.
TWO_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def find_chromium() -> str | None:
    """Return the path of a Chromium that is installed, or None."""
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


def launch(playwright: Playwright, executable: str, *options: str) -> Browser:
    """Start it without a sandbox, which a container's root user cannot have."""
    return playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu", *options])


@dataclass
class Visit:
    """A page in a context that nobody else uses, and what went wrong on it so far."""

    page: Page
    site: "Site"
    complaints: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()  # parts of complaints that the test provokes on purpose

    def go(self, path: str) -> None:
        """Open a path below the organisation, such as "alerts/"; one with a leading slash is taken as it is."""
        self.page.goto(self.site.url_of(path))

    def findings_in_all_looks(self) -> list[str]:
        """Return what axe finds wrong and where the page is too wide, in each of LOOKS, without loading the page anew."""
        found = [finding for look in LOOKS for finding in self._findings(look)]
        self._resize(DESKTOP)
        return found

    def findings_on(self, *paths: str, after: Callable[[Page], None] = lambda page: None) -> list[str]:
        """Return what `findings_in_all_looks` does, on pages that are opened one after the other in each of LOOKS.

        ``after`` sees each page as it is then.
        """
        found = []
        for look in LOOKS:
            for path in paths:
                self.go(path)  # in the look of the page before: drawing a page again takes as long as loading it
                found += [f"{path}: {finding}" for finding in self._findings(look)]
                after(self.page)
        self._resize(DESKTOP)
        return found

    def _findings(self, look: tuple[Theme, tuple[int, int]]) -> list[str]:
        theme, size = look
        if self.page.viewport_size != {"width": size[0], "height": size[1]}:
            self._resize(size)
        self.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        self.page.evaluate(TWO_FRAMES)
        found = [f"{theme}, {size[0]} px: {finding}" for finding in self.axe_findings()]
        return [*found, f"{size[0]} px: scrolls sideways"] if self.overflows() else found

    def _resize(self, size: tuple[int, int]) -> None:
        self.page.set_viewport_size({"width": size[0], "height": size[1]})

    def axe_findings(self) -> list[str]:
        """Return what axe finds wrong on the page as it is now."""
        results = Axe().run(self.page, context=_PARTS, options=_AXE_OPTIONS)
        return [
            f"{one['id']} ({one['impact']}): {[node['target'] for node in one['nodes']][:3]}"
            for one in results.response["violations"]
        ]

    def check(self) -> None:
        """Fail when the browser complained: console errors, CSP violations, outside requests, failed requests."""
        violations = self.page.evaluate("window.__violations ?? []")
        found = [one for one in [*self.complaints, *violations] if not any(part in one for part in self.expected)]
        assert not found, found

    def overflows(self) -> bool:
        """Return whether the page is wider than the window, so that all of it scrolls sideways."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"))


@dataclass
class Site:
    """A real server with traffic in it, and a session for each role."""

    server: LiveServer
    org_id: str
    org_slug: str
    api_key: str
    sessions: dict[str, str]
    browser: Browser
    _idle: list[BrowserContext] = field(default_factory=list)  # emptied, for the next visits

    def url_of(self, path: str) -> str:
        """Return the whole address of a path below the organisation, or of a path with a leading slash."""
        return f"{self.server.url}{path}" if path.startswith("/") else f"{self.server.url}/o/{self.org_slug}/live/{path}"

    @contextmanager
    def visit(
        self,
        role: str | None = "owner",
        *,
        theme: Theme = "light",
        size: tuple[int, int] = DESKTOP,
        expected: tuple[str, ...] = (),
        has_own_clock: bool = False,
    ) -> Iterator[Visit]:
        """Open a browser as a member of a role (None: signed out) and check at the end that nothing went wrong.

        A context is used again unless the test failed or sets its clock, which cannot be put back.
        """
        context = self._idle.pop() if self._idle else self._new_context()
        try:
            if role is not None:
                context.add_cookies([{"name": "litesoc_session", "value": self.sessions[role], "url": self.server.url}])
            page = context.new_page()
            page.set_viewport_size({"width": size[0], "height": size[1]})
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            yield from self._watched(page, expected)
            page.close()
            _empty(context)
        except BaseException:
            context.close()
            raise
        if has_own_clock:
            context.close()
        else:
            self._idle.append(context)

    def _new_context(self) -> BrowserContext:
        """Return a context with a page that stays open: it keeps the process alive that has the scripts compiled."""
        context = self.browser.new_context(locale="en-GB", timezone_id="Europe/Oslo")
        context.set_default_timeout(15_000)
        context.add_init_script(NOTED_IN_PAGE)
        context.new_page().goto(f"{self.server.url}/health")
        return context

    def _watched(self, page: Page, expected: tuple[str, ...]) -> Iterator[Visit]:
        visit = Visit(page, self, expected=expected)
        page.on("console", lambda message: message.type == "error" and visit.complaints.append(message.text))
        page.on("pageerror", lambda error: visit.complaints.append(f"script: {error}"))
        page.on("request", lambda request: self._note_outside(request.url, visit))
        yield visit
        visit.check()

    def _note_outside(self, url: str, visit: Visit) -> None:
        if not url.startswith((self.server.url, "data:", "blob:")):
            visit.complaints.append(f"outside request: {url}")


def _empty(context: BrowserContext) -> None:
    """Forget what a visit left: cookies, permissions, and what the site keeps in the browser."""
    context.clear_cookies()
    context.clear_permissions()
    [kept] = context.pages
    kept.evaluate("localStorage.clear(), sessionStorage.clear()")


def picture(visit: Visit, path: Path) -> None:
    """Write the whole page as a PNG."""
    visit.page.screenshot(path=path, full_page=True)
