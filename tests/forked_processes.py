"""Python processes that are forks of one with the libraries imported: of a `litesoc` command's second, half is imports.

`start_forked` is `python -m MODULE` otherwise: a process of its own with its own environment, streams and exit code, which
is killed like any other. Imported beforehand are libraries only, and of these only what neither reads the environment nor
starts threads; all of the product is imported after the fork.

Run as a script this file is the process that forks. Three processes stand in a row: this one forks a keeper for each
request, the keeper forks the process that was asked for and says how it ended. Whoever loses its parent is killed.
"""

import atexit
import ctypes
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

_LIBRARIES = (
    *(
        "alembic.command",
        "cryptography.x509",
        "fido2.server",
        "httpx",
        "jinja2",
        "jsonschema",
        "limits.storage",
        "maxminddb",
    ),
    *("django.contrib.admin.sites", "django.core.mail", "django.core.management", "django.db.backends.sqlite3.base"),
    *("django.db.migrations", "django.db.models", "django.test", "django.urls"),
    *(
        "msgspec",
        "nats",
        "packaging.version",
        "prometheus_client",
        "pydantic_settings",
        "redis",
        "rich.markdown",
        "rich.table",
    ),
    *("sqlalchemy", "structlog", "typer.rich_utils", "ua_parser", "urllib3", "uvicorn", "yaml"),
)
RUN_TIMEOUT_S = 120
_REQUEST_BYTES = 128 * 1024  # the longest: arguments and environment
_ANSWER_BYTES = 64
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class ForkedProcess:
    """A process that `start_forked` began; the part of subprocess.Popen that tests need."""

    def __init__(self, answers: socket.socket) -> None:
        self._answers = answers
        self.returncode: int | None = None
        self.pid = self._next(None)

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once it has ended; negative: the signal. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            self.returncode = os.waitstatus_to_exitcode(self._next(timeout))
            self._answers.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it is known to have ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Send it SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def _next(self, timeout: float | None) -> int:
        self._answers.settimeout(timeout)
        try:
            return int(self._answers.recv(_ANSWER_BYTES))
        except TimeoutError:
            raise subprocess.TimeoutExpired("a forked process", timeout or 0) from None


def start_forked(
    module: str, *arguments: str, env: Mapping[str, str], stdout: IO[str], stderr: IO[str], stdin: IO[str] | None = None
) -> ForkedProcess:
    """Run a module as `python -m` does. The streams are files or the ends of pipes; no ``stdin`` is an empty one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    request = json.dumps({"module": module, "arguments": arguments, "env": dict(env), "cwd": str(Path.cwd())})
    with theirs, Path(os.devnull).open() as nothing:
        streams = [(stdin or nothing).fileno(), stdout.fileno(), stderr.fileno()]
        socket.send_fds(_requests(), [request.encode()], [*streams, theirs.fileno()])
    return ForkedProcess(ours)


def run_forked(module: str, *arguments: str, env: Mapping[str, str], stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a module as `python -m` does, wait until it ends, and return what it said."""
    with TemporaryFile("w+") as given, TemporaryFile("w+") as stdout, TemporaryFile("w+") as stderr:
        given.write(stdin)
        given.seek(0)
        process = start_forked(module, *arguments, env=env, stdin=given, stdout=stdout, stderr=stderr)
        try:
            exit_code = process.wait(RUN_TIMEOUT_S)
        except BaseException:  # of the test, which may have a timeout of its own
            process.kill()
            raise
        stdout.seek(0)
        stderr.seek(0)
        return subprocess.CompletedProcess([module, *arguments], exit_code, stdout.read(), stderr.read())


@cache
def _requests() -> socket.socket:
    """Start the process that forks, once; it ends when this socket does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, __file__, str(theirs.fileno())]
        forking = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, start_new_session=True)
    atexit.register(lambda: (ours.close(), forking.wait()))
    return ours


def _serve(requests: socket.socket) -> dict[str, Any]:
    """Fork for every request. Returns only in the process that was asked for, with what it shall run."""
    for name in _LIBRARIES:
        importlib.import_module(name)
    _make_passwords_cheap()
    gc.freeze()  # what is there stays: no collection touches, and so copies, the memory that all share
    signal.signal(signal.SIGCHLD, lambda _number, _frame: _reap_keepers())
    while True:
        content, descriptors, _, _ = socket.recv_fds(requests, _REQUEST_BYTES, 4)
        if not content:
            sys.exit()
        if os.fork() == 0:
            requests.close()
            _keep(socket.socket(fileno=descriptors[3]), descriptors[:3])
            return dict(json.loads(content))
        for descriptor in descriptors:
            os.close(descriptor)


def _make_passwords_cheap() -> None:
    """Let a password be hashed in a millisecond, not in a quarter of a second: most tests sign somebody up."""
    from django.contrib.auth.hashers import PBKDF2PasswordHasher  # noqa: PLC0415 # only the process that forks needs it

    PBKDF2PasswordHasher.iterations = 1_000


def _reap_keepers() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _keep(answers: socket.socket, streams: list[int]) -> None:
    """Fork the process and return in it alone; the keeper itself waits for it, says how it ended, and ends."""
    _die_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child:
        for descriptor in (0, 1, 2, *streams):
            os.close(descriptor)
        answers.send(str(child).encode())
        answers.send(str(os.waitpid(child, 0)[1]).encode())
        os._exit(0)
    _die_with_parent()
    answers.close()
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _main() -> None:
    wanted = _serve(socket.socket(fileno=int(sys.argv[1])))
    os.environ.clear()
    os.environ.update(wanted["env"])
    os.chdir(wanted["cwd"])
    sys.argv[1:] = wanted["arguments"]
    runpy.run_module(wanted["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main()
