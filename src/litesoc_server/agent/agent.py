"""The agent: read, write down what is to be sent, send it until it is accepted, go on. Nothing is lost or doubled by a kill.

What is on its way is written to disk before it is sent, in one step with the positions behind it. A start after a kill sends
the same bytes with the same Idempotency-Keys, of which the server takes each once; lines behind the positions are read anew.
"""

import logging
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from litesoc_server.agent.batches import EVENTS_MAX, make_requests, to_item
from litesoc_server.agent.entries import LogUnreadable
from litesoc_server.agent.figures import Figures
from litesoc_server.agent.heartbeat import Heartbeat
from litesoc_server.agent.server import Answer, Backoff, Fate, Server
from litesoc_server.agent.settings import AgentSettings
from litesoc_server.agent.state import AgentState, LogState, Request, StateFile
from litesoc_server.agent.watching import WatchedLog, open_logs

log = logging.getLogger(__name__)

ROUND_EVENTS = 2_000  # written down and sent at once: 20 requests, some 700 KB
# Each waits for the server's disk, so one after the other would leave both idle. These may be stored in another order.
SENT_AT_ONCE = 4
GATHER_S = 2.0  # how long an event waits for others, so that few are not sent one by one
LOOK_EVERY_S = 0.25
SAVE_IDLE_EVERY_S = 30.0  # while lines tell nothing: reading these again after a kill does no harm
FIGURES_EVERY_S = 60.0
COMPLAIN_EVERY_S = 60.0
ASK_SCOPES_EVERY_S = 600.0


class Agent:
    """Does one small step at a time; `run` does them on and on."""

    def __init__(
        self,
        settings: AgentSettings,
        server: Server,
        state_file: StateFile,
        *,
        rng: random.Random | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Load the state. Raises StateUnusable."""
        self._settings = settings
        self._server = server
        self._file = state_file
        self._monotonic = monotonic
        self._saved: AgentState = state_file.load()
        self._logs: list[WatchedLog] = open_logs(settings, self._saved.logs)
        self._senders = ThreadPoolExecutor(SENT_AT_ONCE, thread_name_prefix="send")
        self._backoff = Backoff(rng or random.Random())  # noqa: S311 # spreads retries
        self._heartbeat = Heartbeat(settings.server, settings.hostname)
        self.figures = Figures()
        self._is_file_behind = False  # it holds requests that are accepted by now
        self._items: list[dict[str, object]] = []
        self._first_item_at_s = 0.0
        self._may_backdate: bool | None = None  # not known yet
        self._scopes_asked_at_s = 0.0
        self._idle_saved_at_s = self._figures_said_at_s = monotonic()
        self._complained_at_s: dict[str, float] = {}

    def run(self, should_stop: Callable[[], bool], sleep: Callable[[float], object]) -> None:
        """Work until ``should_stop``. Raises StateUnusable."""
        wait_s = 0.0
        while not should_stop():
            wait_until_s = self._monotonic() + wait_s
            while not should_stop() and (left_s := wait_until_s - self._monotonic()) > 0:
                sleep(min(left_s, LOOK_EVERY_S))
            if not should_stop():
                wait_s = self.step()
        self._say_figures()

    def run_once(self, sleep: Callable[[float], object]) -> None:
        """Read what is there now, send it, and return. Raises StateUnusable."""
        while True:
            wait_s = self.step(is_last=True)
            if not self._saved.requests and not self._items and wait_s == LOOK_EVERY_S:
                self._say_figures()
                return
            sleep(wait_s)

    def step(self, *, is_last: bool = False) -> float:
        """Do what is due and return the seconds until there is more to do. Raises StateUnusable.

        ``is_last`` says that no more events are coming for which the gathered ones could wait.
        """
        now_s = self._monotonic()
        self._say_figures_if_due(now_s)
        if self._may_backdate is None or now_s - self._scopes_asked_at_s > ASK_SCOPES_EVERY_S:
            wait_s = self._ask_scopes(now_s)
            if self._may_backdate is None:
                return wait_s
        self._beat_if_due(now_s)
        if self._saved.requests:
            return self._send()
        self._remember_starts(now_s)
        read_count = self._gather(now_s)
        waited_s = now_s - self._first_item_at_s
        if self._items and (len(self._items) >= EVENTS_MAX or waited_s >= GATHER_S or is_last):
            self._write_down()
            return 0.0
        if not self._items and (self._is_file_behind or now_s - self._idle_saved_at_s >= SAVE_IDLE_EVERY_S):
            self._save(requests=[], logs=self._log_states())
        return 0.0 if read_count else LOOK_EVERY_S

    def close(self) -> None:
        """Release everything. What was not written down is read again by the next start."""
        for watched in self._logs:
            watched.source.close()
        self._senders.shutdown()
        self._server.close()
        self._file.close()

    def _remember_starts(self, now_s: float) -> None:
        """Write down where the reading of a log begins before any of it is read: a later start then begins there, too."""
        for watched in self._logs:
            name = watched.source.name
            if name in self._saved.logs:
                continue
            try:
                watched.source.peek()
            except LogUnreadable as error:
                self._complain(name, str(error), now_s)
                continue
            state = watched.state()
            if state is not None:
                self._save(requests=[], logs={**self._saved.logs, name: state})

    def _gather(self, now_s: float) -> int:
        """Read what the logs have, up to a ceiling; return how many lines that was."""
        read_count = 0
        for watched in self._logs:
            room = ROUND_EVENTS - len(self._items)
            if room <= 0:
                break
            try:
                part = watched.read(room)
            except LogUnreadable as error:
                self._complain(watched.source.name, str(error), now_s)
                continue
            read_count += part.line_count
            self.figures.lines += part.line_count
            self.figures.events += len(part.acts)
            for act, line in part.acts:
                if not self._items:
                    self._first_item_at_s = now_s
                item = to_item(
                    act, watched.source.name, hostname=self._settings.hostname, with_time=bool(self._may_backdate)
                )
                self._items.append(item)
                if line:
                    self._heartbeat.saw(line, now_s)
        return read_count

    def _write_down(self) -> None:
        after = self._log_states()
        requests = make_requests(self._items, agent_id=self._saved.agent_id, before=self._saved.logs, after=after)
        self._save(requests=requests, logs=after)
        self._items = []

    def _save(self, *, requests: list[Request], logs: dict[str, LogState]) -> None:
        state = AgentState(self._saved.agent_id, logs, requests)
        self._file.save(state)
        self._saved, self._is_file_behind = state, False
        self._idle_saved_at_s = self._monotonic()

    def _log_states(self) -> dict[str, LogState]:
        """Return how far the logs were read; one that is not read any more keeps its place for when it is again."""
        states = dict(self._saved.logs)
        for watched in self._logs:
            state = watched.state()
            if state is not None:
                states[watched.source.name] = state
        return states

    def _send(self) -> float:
        """Send what is written down, a few requests at a time; return the seconds to wait before the next attempt."""
        requests = list(self._saved.requests)
        while requests:
            window, rest = requests[:SENT_AT_ONCE], requests[SENT_AT_ONCE:]
            answers = list(self._senders.map(self._send_one, window))
            waiting = [request for request, answer in zip(window, answers, strict=True) if answer.is_to_come]
            for request, answer in zip(window, answers, strict=True):
                if not answer.is_to_come:
                    self._count(request, answer)
            requests = waiting + rest
            if waiting:
                self.figures.attempts_failed += len(waiting)
                refusal = max((answer for answer in answers if answer.is_to_come), key=lambda answer: answer.wait_s or 0.0)
                self._complain("server", f"events wait: {refusal.reason}", self._monotonic())
                self._saved = AgentState(self._saved.agent_id, self._saved.logs, requests)
                return self._backoff.after(refusal)
            self._backoff.succeeded()
        # The file still has them: it is written anew with the next ones, and sending them again changes nothing.
        self._saved = AgentState(self._saved.agent_id, self._saved.logs, [])
        self._is_file_behind = True
        return 0.0

    def _send_one(self, request: Request) -> Answer:
        return self._server.send_batch(request.body, request.idempotency_key)

    def _count(self, request: Request, answer: Answer) -> None:
        queued = answer.body.get("queued")
        accepted = queued if isinstance(queued, int) and answer.fate is Fate.ACCEPTED else 0
        accepted = request.count if answer.fate is Fate.ACCEPTED and not isinstance(queued, int) else accepted
        self.figures.accepted += accepted
        if refused := request.count - accepted:
            self.figures.refused += refused
            reason = answer.reason or _first_code(answer)
            self._complain("refused", f"the server refused {refused} events for good: {reason}", self._monotonic())

    def _ask_scopes(self, now_s: float) -> float:
        """Ask what the key may do; return the seconds to wait when that could not be learned."""
        answer = self._server.health()
        if answer.fate is Fate.ACCEPTED:
            scopes = answer.body.get("scopes")
            self._may_backdate = isinstance(scopes, list) and "backfill" in scopes
            self._scopes_asked_at_s = now_s
            self._backoff.succeeded()
            return 0.0
        self.figures.attempts_failed += 1
        self._scopes_asked_at_s = now_s  # what is known stays good for a while
        self._complain("server", f"nothing is sent yet: {answer.reason}", now_s)
        return self._backoff.after(answer)

    def _beat_if_due(self, now_s: float) -> None:
        if not self._heartbeat.is_due(now_s):
            return
        answer = self._server.beat(self._heartbeat.body())
        self._heartbeat.sent(now_s, is_accepted=answer.fate is Fate.ACCEPTED)
        if answer.fate is not Fate.ACCEPTED:
            self._complain("heartbeat", f"a heartbeat was not taken: {answer.reason}", now_s)
        update = answer.body.get("update")
        if isinstance(update, dict):
            log.info("the server knows of another version of its agent; this one is updated with the package litesoc-server")

    def _complain(self, about: str, text: str, now_s: float) -> None:
        """Log a warning, the same kind at most once a minute."""
        if now_s - self._complained_at_s.get(about, -COMPLAIN_EVERY_S) >= COMPLAIN_EVERY_S:
            self._complained_at_s[about] = now_s
            log.warning(text)

    def _say_figures_if_due(self, now_s: float) -> None:
        if now_s - self._figures_said_at_s >= FIGURES_EVERY_S:
            self._figures_said_at_s = now_s
            self._say_figures()

    def _say_figures(self) -> None:
        behind = sum(watched.source.behind_bytes for watched in self._logs)
        gaps = sum(watched.source.gaps for watched in self._logs)
        waiting = len(self._items) + sum(request.count for request in self._saved.requests)
        log.info("figures: %s", self.figures.text(waiting=waiting, behind_bytes=behind, gaps=gaps))


def _first_code(answer: Answer) -> str:
    errors = answer.body.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return str(errors[0].get("code", ""))
    return ""
