"""A real `litesoc serve` process on a free port, for tests that go through HTTP and for those that kill it."""

import json
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import IO, Any

from forked_processes import ForkedProcess, run_forked, start_forked

START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 15


class LiveServer:
    """One data directory and, between ``start`` and ``stop`` or ``kill``, the server on it."""

    def __init__(self, data_dir: Path, *, env: dict[str, str] | None = None, args: tuple[str, ...] = ()) -> None:
        self.data_dir = data_dir
        self.url = ""
        self._args = args
        # Compiling everything anew makes each of the many processes start three times as slowly.
        dropped = {name for name in os.environ if name.startswith("LITESOC_") or name == "PYTHONDONTWRITEBYTECODE"}
        kept = {name: value for name, value in os.environ.items() if name not in dropped}
        self.env = {**kept, "LITESOC_DATA_DIR": str(data_dir), "NO_COLOR": "1", **(env or {})}
        self._process: ForkedProcess | None = None
        self._stdout: IO[str] | None = None
        self._log = data_dir.parent / f"{data_dir.name}.log"

    def litesoc(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a `litesoc` command on the same data directory and return what it said."""
        return run_forked("litesoc_server", *arguments, env=self.env, stdin=stdin)

    def litesoc_json(self, *arguments: str, stdin: str = "") -> Any:
        """Run a `litesoc … --json` command that must succeed and return its answer."""
        done = self.litesoc(*arguments, "--json", stdin=stdin)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def init(self, org: str = "Shop Example", email: str = "owner@shop.example") -> dict[str, str]:
        """Create an organisation; returns org_id, owner and api_key."""
        answer: dict[str, str] = self.litesoc_json(
            "init", "--org", org, "--email", email, "--password-stdin", stdin="correct-horse-battery\n"
        )
        return answer

    def create_key(self, *scopes: str, org: str | None = None) -> str:
        """Create a key with these scopes and return it."""
        where = ("--org", org) if org else ()
        answer = self.litesoc_json("keys", "create", "--name", "test", "--scope", ",".join(scopes), *where)
        return str(answer["api_key"])

    def start(self) -> str:
        """Start the server and return its address once it accepts requests."""
        assert self._process is None
        says, said = os.pipe()
        with os.fdopen(said, "w") as stdout, self._log.open("a") as log:
            serve = ("serve", "--port", "0", *self._args)
            self._process = start_forked("litesoc_server", *serve, env=self.env, stdout=stdout, stderr=log)
        timer = threading.Timer(START_TIMEOUT_S, self._process.kill)
        timer.start()
        self._stdout = os.fdopen(says)  # until it has ended: it may say more
        line = self._stdout.readline()
        timer.cancel()
        assert line.startswith("ready http://"), f"{line!r}; log:\n{self.log_text()[-4000:]}"
        self.url = line.removeprefix("ready ").strip()
        return self.url

    def stop(self) -> int:
        """Ask it to end with SIGTERM and return its exit code; fails when that takes too long."""
        return self.end_with(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would: SIGKILL."""
        self.end_with(signal.SIGKILL)

    def log_text(self) -> str:
        """Return what the server wrote to stderr so far."""
        return self._log.read_text()

    @property
    def process_id(self) -> int:
        """The process id while it runs."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it was started and not ended by us."""
        return self._process is not None

    def end_with(self, signal_number: int) -> int:
        """Send it a signal that ends it and return its exit code, negative for a signal; fails when that takes too long."""
        assert self._process is not None
        self._process.send_signal(signal_number)
        try:
            exit_code = self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGABRT)  # it then writes to its log where every thread hangs
            self._process.wait()
            msg = f"the server hangs; log:\n{self.log_text()[-8000:]}"
            raise AssertionError(msg) from None
        if self._stdout is not None:
            self._stdout.close()
        self._process = None
        return exit_code
