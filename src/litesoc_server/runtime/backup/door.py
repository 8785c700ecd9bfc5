"""Where the server hands its events out to a backup: a socket in the data directory.

The embedded event store belongs to one process, so `litesoc backup` cannot open it while a server runs. Whoever may
connect can read the data directory anyhow: the socket is its owner's alone. A connection that ends, on either side, is all
there is to clean up; the events go through it and are nowhere else on disk.
"""

import logging
import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import msgspec

from litesoc_server.runtime.backup.errors import BackupError
from litesoc_server.runtime.backup.event_parts import End, Failed, Part, parts_of
from litesoc_server.store.base import EventCopies, StoreUnavailable

log = logging.getLogger(__name__)

SOCKET_NAME = "backup.sock"
_DRAFT_NAME = "backup.new"  # until somebody listens, for its owner alone
_LOOK_S = 0.5  # how often a server that ends is noticed
_STUCK_S = 60.0  # a side that takes or sends nothing for so long is gone
_LENGTH = struct.Struct(">I")
_ADDRESS_BYTES_MAX = 100  # of a path in sockaddr_un: 108 on Linux, 104 elsewhere

_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[Part] = msgspec.msgpack.Decoder(Part)


class EventDoor:
    """Serves one backup after the other until told to stop. For one thread."""

    def __init__(self, *, store: EventCopies, data_dir: Path) -> None:
        self._store = store
        self._data_dir = data_dir

    def run(self, stop: threading.Event) -> None:
        """Wait for backups. Without a socket there are none while the server runs, which is logged; all else goes on."""
        try:
            with _address(self._data_dir, _DRAFT_NAME) as address, closing(socket.socket(socket.AF_UNIX)) as listener:
                draft = self._data_dir / _DRAFT_NAME
                draft.unlink(missing_ok=True)
                listener.bind(address)
                draft.chmod(0o600)
                listener.listen()
                draft.replace(self._data_dir / SOCKET_NAME)  # where one of a server that was killed may be
                listener.settimeout(_LOOK_S)
                self._serve(listener, stop)
            (self._data_dir / SOCKET_NAME).unlink(missing_ok=True)
        except OSError as error:
            log.warning("backups are not possible while this server runs: %s", error.strerror)

    def _serve(self, listener: socket.socket, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            with closing(connection):
                connection.settimeout(_STUCK_S)
                self._hand_out(connection, stop)

    def _hand_out(self, connection: socket.socket, stop: threading.Event) -> None:
        log.info("a backup takes the events")
        try:
            for part in parts_of(self._store):
                if stop.is_set():
                    _send(connection, Failed("the server ends"))
                    return
                _send(connection, part)
        except StoreUnavailable as error:
            with suppress(OSError):
                _send(connection, Failed(str(error)))
        except OSError:
            log.warning("a backup went away before it had all events")
        else:
            log.info("a backup has the events")


def parts_from(data_dir: Path) -> Iterator[Part]:
    """Yield the parts that the server on ``data_dir`` hands out. Raises BackupError, also midway."""
    try:
        with _address(data_dir, SOCKET_NAME) as address, closing(socket.socket(socket.AF_UNIX)) as connection:
            connection.settimeout(_STUCK_S)
            connection.connect(address)
            with connection.makefile("rb") as incoming:
                part: Part | None = None
                while not isinstance(part, End):
                    part = _DECODER.decode(incoming.read(_LENGTH.unpack(incoming.read(_LENGTH.size))[0]))
                    if isinstance(part, Failed):
                        msg = f"the server could not hand out its events: {part.reason}"
                        raise BackupError(msg, "run `litesoc doctor`, then start the backup again")
                    yield part
    except (OSError, struct.error, msgspec.DecodeError) as error:
        msg = "the server that owns the data directory does not hand out its events, or stopped doing so"
        raise BackupError(msg, "see its log; run the backup again, as the user that runs the server") from error


@contextmanager
def _address(data_dir: Path, name: str) -> Iterator[str]:
    """Yield a socket's address; where the path is too long for one, it leads through the open directory."""
    address = str(data_dir / name)
    if len(os.fsencode(address)) <= _ADDRESS_BYTES_MAX:
        yield address
        return
    descriptor = os.open(data_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{name}"
    finally:
        os.close(descriptor)


def _send(connection: socket.socket, part: Part) -> None:
    content = _ENCODER.encode(part)
    connection.sendall(_LENGTH.pack(len(content)))
    connection.sendall(content)
