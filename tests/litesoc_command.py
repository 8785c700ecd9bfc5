"""`litesoc` commands of one organisation, run in this process."""

import json
from typing import Any

from typer.testing import CliRunner

from litesoc_server.cli.app import app
from litesoc_server.orgs.models import Organization


class Command:
    """One group of commands, such as `litesoc forward`."""

    def __init__(self, group: str, org: Organization) -> None:
        self._group = group
        self._where = ("--org", str(org.slug))

    def __call__(self, name: str, *arguments: str) -> str:
        """Run one that must succeed and return what it prints."""
        done = CliRunner().invoke(app, [self._group, name, *arguments, *self._where])
        assert done.exit_code == 0, done.stderr
        return " ".join(done.stdout.split())

    def json(self, name: str, *arguments: str) -> Any:
        """Run one and return its JSON."""
        return json.loads(CliRunner().invoke(app, [self._group, name, *arguments, *self._where, "--json"]).stdout)

    def refused(self, name: str, *arguments: str) -> str:
        """Run one that must fail and return what it says."""
        done = CliRunner().invoke(app, [self._group, name, *arguments, *self._where])
        assert done.exit_code == 1, done.stdout
        assert done.stdout == ""
        return " ".join(done.stderr.split())
