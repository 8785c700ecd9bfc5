"""The command `litesoc`."""

import sys

EXIT_INTERRUPTED = 130  # what a shell expects of a command that Ctrl-C ended


def main() -> None:
    """Run the command line."""
    try:
        from litesoc_server.cli.app import main as run  # noqa: PLC0415 # takes a second, in which Ctrl-C may come

        run()
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
