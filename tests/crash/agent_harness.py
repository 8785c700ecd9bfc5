"""Kill the agent and the server again and again while a rotating log grows; then compare its lines with what is stored.

Run as `python -m crash.agent_harness --kills 12` from tests/, or through `make agent-crash`.
"""

import argparse
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from crash.log_writer import LogWriter
from live_server import LiveServer
from started_before import started_before

DRAIN_TIMEOUT_S = 900
IN_FLIGHT_MAX = 400  # events that an agent sends together, so that the server may store them in any order
SETTLE_S = 5  # for those to be stored as well
STILL_S = 300  # nothing new for so long, its rebuilding after a start included: it is not coming any more
LINES_PER_S = 5_000
ROTATE_EVERY_S = 3.0


@dataclass(frozen=True)
class Verdict:
    """What a run showed. `lost`, `doubled` and `invented` must be empty."""

    written: int
    rotations: int
    agent_kills: int
    server_kills: int
    lost: list[str]
    doubled: list[str]
    invented: list[str]
    seconds: float
    agent: str  # of the last agent: its own line of figures

    @property
    def is_clean(self) -> bool:
        """Whether each line's event is stored exactly once."""
        return not (self.lost or self.doubled or self.invented)

    def summary(self) -> str:
        """One line of figures."""
        return (
            f"{self.written} lines, {self.rotations} rotations, {self.agent_kills} kills of the agent and "
            f"{self.server_kills} of the server in {self.seconds:.0f} s: {len(self.lost)} lost, "
            f"{len(self.doubled)} doubled, {len(self.invented)} from nothing; {self.agent}"
        )


class AgentProcess:
    """`litesoc agent` on one log and one state directory."""

    def __init__(self, directory: Path, server: LiveServer, url: str, key: str, log: Path) -> None:
        self._arguments = [
            *(sys.executable, "-m", "litesoc_server", "agent", "run", "--server", url, "--from-start"),
            *("--watch", f"{log}:sshd", "--state-dir", str(directory / "agent")),
        ]
        self._env = {**server.env, "LITESOC_KEY": key}
        self._output = directory / "agent.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(self._arguments, env=self._env, stderr=output)

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None
        assert self._process.poll() is None, self._output.read_text()[-3000:]
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def finish(self) -> str:
        """Let it send what is left and return its figures."""
        with self._output.open("ab") as output:
            done = subprocess.run(
                [*self._arguments, "--once"], env=self._env, stderr=output, timeout=DRAIN_TIMEOUT_S, check=False
            )
        text = self._output.read_text()
        assert done.returncode == 0, text[-3000:]
        return re.findall(r"figures: ([^\"]*)", text)[-1]


def run(
    directory: Path,
    *,
    agent_kills: int,
    server_kills: int,
    lines_per_s: int,
    rotate_every_s: float,
    seed: int,
    say: Callable[[str], None],
) -> Verdict:
    """Kill agent and server so often, at random moments, and return the verdict."""
    rng = random.Random(seed)
    started = time.monotonic()
    server = started_before(directory / "data", args=("--port", str(_free_port())))
    key = server.init()["api_key"]
    url = server.start()
    writer = LogWriter(directory / "auth.log", lines_per_s=lines_per_s, rotate_every_s=rotate_every_s)
    agent = AgentProcess(directory, server, url, key, directory / "auth.log")
    try:
        writer.start()
        agent.start()
        for number, victim in enumerate(_victims(rng, agent_kills, server_kills), start=1):
            time.sleep(rng.uniform(0.3, 2.5))
            if victim == "agent":
                agent.kill()
                time.sleep(rng.uniform(0, 1))
                agent.start()
            else:
                server.kill()
                time.sleep(rng.uniform(0, 1))
                server.start()
            say(f"{number}/{agent_kills + server_kills}: killed the {victim}; {writer.count} lines so far")
        time.sleep(rng.uniform(0.3, 2.5))
        writer.stop()
        agent.kill()
        say(f"{writer.count} lines are written; sending what is left")
        figures = agent.finish()
        stored = _stored(server, key, writer.count, say)
    finally:
        writer.stop()
        if server.is_running:
            server.kill()
    expected = {f"u{number}" for number in range(writer.count)}
    return Verdict(
        written=writer.count,
        rotations=writer.rotations,
        agent_kills=agent_kills + 1,
        server_kills=server_kills,
        lost=sorted(expected - stored.keys()),
        doubled=sorted(actor for actor, count in stored.items() if count > 1),
        invented=sorted(stored.keys() - expected),
        seconds=time.monotonic() - started,
        agent=figures,
    )


def _victims(rng: random.Random, agent_kills: int, server_kills: int) -> list[str]:
    victims = ["agent"] * agent_kills + ["server"] * server_kills
    rng.shuffle(victims)
    return victims


def _stored(server: LiveServer, key: str, expected: int, say: Callable[[str], None]) -> dict[str, int]:
    """Return how often each actor is stored, once the pipeline has caught up."""
    # Events go through the pipeline in the order in which they were sent, so the last one is the sign.
    deadline, newest, newest_since = time.monotonic() + DRAIN_TIMEOUT_S, "", time.monotonic()
    while time.monotonic() < min(deadline, newest_since + STILL_S):
        found = _newest_actor(server.url, key)
        if found.startswith("u") and int(found[1:]) >= expected - IN_FLIGHT_MAX:
            time.sleep(SETTLE_S)
            break
        if found != newest:
            newest, newest_since = found, time.monotonic()
        time.sleep(0.5)
    say("comparing")
    server.kill()  # whatever it is at just now, what it has stored is what counts
    look = Path(__file__).with_name("agent_look.py")
    env = {**server.env, "DJANGO_SETTINGS_MODULE": "litesoc_server.settings"}
    done = subprocess.run([sys.executable, str(look)], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, int] = json.loads(done.stdout)
    return found


def _newest_actor(url: str, key: str) -> str:
    request = urllib.request.Request(f"{url}/events?limit=1", headers={"X-API-Key": key})
    with urllib.request.urlopen(request, timeout=60) as response:
        events = json.load(response)["data"]
    return str(events[0]["actor_id"]) if events else ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    """Run and end with 1 when a line was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--lines-per-s", type=int, default=LINES_PER_S)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}, process {os.getpid()}", flush=True)
    with tempfile.TemporaryDirectory(prefix="litesoc-agent-crash-") as directory:
        verdict = run(
            Path(directory),
            agent_kills=options.kills,
            server_kills=options.kills,
            lines_per_s=options.lines_per_s,
            rotate_every_s=ROTATE_EVERY_S,
            seed=options.seed,
            say=lambda text: print(f"  {text}", flush=True),
        )
    print(verdict.summary(), flush=True)
    sys.exit(0 if verdict.is_clean else 1)


if __name__ == "__main__":
    main()
