"""What a crash in native code does: it ends the process, so that a supervisor starts it again."""

import faulthandler
import signal

_FATAL = (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT, signal.SIGTRAP, signal.SIGSYS)


def end_on_fatal_signals() -> None:
    """Have fatal signals print where every thread was, by file and line, and end the process. For the main thread.

    To be called after the event store was opened: chDB handles these signals itself, and as a library it then waits for ever
    (chdb-core 26.9), with every lock of the process held. Ctrl-Z, which it takes as well, is given back too.
    """
    for number in (*_FATAL, signal.SIGTSTP):
        signal.signal(number, signal.SIG_DFL)
    faulthandler.enable()
