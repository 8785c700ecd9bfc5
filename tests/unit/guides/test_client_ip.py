"""Which address the code of docs/integrations/ takes for the user's: never one that came with the request."""

import importlib.util
import json
import subprocess
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from example_apps import NODE
from litesoc_server.guides.snippet_files import filled

# connected from, X-Forwarded-For, trusted proxies, and the user's address
CASES: list[tuple[str, str | None, int, str]] = [
    ("198.51.100.77", None, 0, "198.51.100.77"),
    ("198.51.100.77", "6.6.6.6", 0, "198.51.100.77"),
    ("10.0.0.7", "198.51.100.77", 1, "198.51.100.77"),
    ("10.0.0.7", "6.6.6.6, 198.51.100.77", 1, "198.51.100.77"),
    ("10.0.0.7", "6.6.6.6, 198.51.100.77, 10.0.0.8", 2, "198.51.100.77"),
    ("10.0.0.7", " 6.6.6.6 ,, 198.51.100.77 ,", 1, "198.51.100.77"),
    ("10.0.0.7", "2001:db8::7", 1, "2001:db8::7"),
    ("10.0.0.7", None, 1, "10.0.0.7"),
    ("10.0.0.7", "", 1, "10.0.0.7"),
    ("10.0.0.7", "6.6.6.6", 2, "10.0.0.7"),
]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    file = tmp_path_factory.mktemp("guide") / "litesoc_events.py"
    file.write_text(filled("litesoc_events.py", key="k", url="http://127.0.0.1:1"))
    spec = importlib.util.spec_from_file_location("litesoc_events", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LITESOC_URL", "http://127.0.0.1:1")
        environment.setenv("LITESOC_API_KEY", "k")
        spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("remote", "forwarded", "proxies", "user"), CASES)
def test_in_python(python: ModuleType, remote: str, forwarded: str | None, proxies: int, user: str) -> None:
    assert python.client_ip(remote, forwarded, proxies) == user


def test_in_node(tmp_path: Path) -> None:
    (tmp_path / "litesoc.mjs").write_text(filled("litesoc.mjs", key="k", url="http://127.0.0.1:1"))
    calls = json.dumps([case[:3] for case in CASES])
    script = f'import {{ clientIp }} from "./litesoc.mjs"; console.log(JSON.stringify({calls}.map((c) => clientIp(...c))))'
    done = subprocess.run(
        [NODE, "--input-type=module"], input=script, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60
    )

    assert json.loads(done.stdout) == [case[3] for case in CASES], done.stderr


@given(
    made_up=st.lists(st.sampled_from(["6.6.6.6", "evil", "::1", "127.0.0.1"])),
    seen=st.lists(st.sampled_from(["198.51.100.77", "10.0.0.8", "10.0.0.9"]), min_size=1, max_size=3),
)
def test_what_came_with_the_request_changes_nothing(python: ModuleType, made_up: list[str], seen: list[str]) -> None:
    honest = python.client_ip("10.0.0.7", ", ".join(seen), len(seen))

    assert python.client_ip("10.0.0.7", ", ".join([*made_up, *seen]), len(seen)) == honest == seen[0]
