"""What `litesoc mcp` demands before it starts."""

import pytest
from typer.testing import CliRunner

from litesoc_server.cli.app import app


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "LITESOC_API_KEY"),
        (["--key", "lsoc_live_…"], "LITESOC_API_KEY"),
        (["--http", "--host", "0.0.0.0"], "--allowed-host"),
        (["--http", "--host", "example"], "is no address"),
        (["--url", "127.0.0.1:8000"], "http://"),
        (["--http", "--host", "192.0.2.1"], "cannot listen"),
    ],
)
def test_what_is_missing_is_said_and_nothing_on_stdout(arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(app, ["mcp", *arguments], env={"LITESOC_API_KEY": None, "LITESOC_URL": None})

    assert done.exit_code == 1
    assert said in done.stderr
    assert not done.stdout
