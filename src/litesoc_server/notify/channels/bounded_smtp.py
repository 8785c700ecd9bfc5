"""smtplib's connections, but for how much a server may answer: smtplib keeps every line of an answer that never ends."""

import smtplib
from typing import BinaryIO

ANSWERS_BYTES_MAX = 256 * 1024  # of one connection, and once more after STARTTLS; real ones are some hundred bytes


class _Bounded(smtplib.SMTP):
    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = _FewLines(self.sock.makefile("rb"))
        return super().getreply()


class BoundedSMTP(_Bounded):
    """`smtplib.SMTP` that raises SMTPServerDisconnected when it is told more than ANSWERS_BYTES_MAX."""


class BoundedSMTPOverTLS(_Bounded, smtplib.SMTP_SSL):
    """`smtplib.SMTP_SSL` that does the same."""


class _FewLines:
    """What smtplib uses of a file: lines, until there were too many."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = ANSWERS_BYTES_MAX

    def readline(self, size: int) -> bytes:
        line = self._file.readline(size)
        self._left -= len(line)
        if self._left < 0:
            raise OSError("it answers without end")
        return line

    def close(self) -> None:
        self._file.close()
