"""The command `litesoc`."""

from litesoc_server.cli.app import main

__all__ = ["main"]
