"""What the agent keeps on disk: how far each log was read, and what is on its way to the server."""

import fcntl
import os
import secrets
from pathlib import Path

import msgspec

from litesoc_server.agent.entries import Position
from litesoc_server.sources.sshd_attempts import Connection

FILE_NAME = "state.json"
_LOCK_NAME = "lock"


class StateUnusable(Exception):
    """The state directory cannot be used; the text says why and what to do."""


class Request(msgspec.Struct, frozen=True):
    """One batch, byte for byte as it is sent again and again until it is answered."""

    idempotency_key: str
    body: bytes
    count: int  # events in it


class LogState(msgspec.Struct, frozen=True):
    """How far one log was read, and what its reader remembers of the lines before."""

    position: Position
    connections: list[tuple[str, str, Connection]] = msgspec.field(default_factory=list[tuple[str, str, Connection]])


class AgentState(msgspec.Struct, frozen=True):
    """The whole file. ``logs`` is how it is once ``requests`` are accepted: both are written in one step."""

    agent_id: str  # random, so that no two agents have one Idempotency-Key
    logs: dict[str, LogState] = msgspec.field(default_factory=dict[str, LogState])
    requests: list[Request] = msgspec.field(default_factory=list[Request])


_DECODER = msgspec.json.Decoder(AgentState)


class StateFile:
    """The state in a directory of the agent's own, of which one agent at a time is the owner."""

    def __init__(self, directory: Path) -> None:
        """Make the directory if it is not there and lock it. Raises StateUnusable."""
        self._path = directory / FILE_NAME
        self._directory = directory
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(directory / _LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            msg = f"{directory} cannot be used ({error.strerror}): name another one with --state-dir"
            raise StateUnusable(msg) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            msg = f"another agent is using {directory}: stop it, or give this one its own --state-dir"
            raise StateUnusable(msg) from error

    def load(self) -> AgentState:
        """Return what was saved last, or the state of a first start. Raises StateUnusable."""
        try:
            return _DECODER.decode(self._path.read_bytes())
        except FileNotFoundError:
            return AgentState(agent_id=secrets.token_hex(16))
        except (OSError, msgspec.DecodeError) as error:
            # Starting anew by itself would leave out or send again whatever was logged meanwhile.
            msg = f"{self._path} cannot be read ({type(error).__name__}): remove it to start as for the first time"
            raise StateUnusable(msg) from error

    def save(self, state: AgentState) -> None:
        """Put ``state`` in the place of the one before, on disk, whole or not at all. Raises StateUnusable."""
        draft = self._path.with_suffix(".new")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:
                file.write(msgspec.json.encode(state))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._path)
            directory = os.open(self._directory, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except OSError as error:
            msg = f"{self._path} cannot be written ({error.strerror}): free some space or mend the permissions"
            raise StateUnusable(msg) from error

    def close(self) -> None:
        """Let another agent use the directory."""
        os.close(self._lock)
