"""Code that sends a first event, with the reader's key and this server's address in it."""

from dataclasses import dataclass

from litesoc_server.guides.snippet_files import filled

KEY_TO_FILL_IN = "YOUR_API_KEY"


@dataclass(frozen=True)
class Snippet:
    """One way to send an event."""

    id: str
    title: str
    install: str  # a command for the terminal, "" when there is nothing to install
    code: str


_WAYS = (
    ("curl", "curl", "", "curl.sh"),
    ("python-sdk", "Python SDK", "pip install litesoc", "python_sdk.py"),
    ("node-sdk", "Node SDK", "npm install litesoc", "node_sdk.mjs"),
    ("python", "Python", "", "first_event.py"),
    ("node", "Node", "", "first_event.mjs"),
    ("php", "PHP SDK", "composer require litesoc/litesoc-php", "php_sdk.php"),
)


def snippets_for(*, key: str, url: str) -> list[Snippet]:
    """Return every way to send one event to the server at ``url`` (without a slash at its end)."""
    return [Snippet(name, title, install, filled(file, key=key, url=url)) for name, title, install, file in _WAYS]


def five_failures(*, key: str, url: str) -> str:
    """Return a loop for the shell that makes the first alert: five failed logins from one address."""
    return filled("five_failures.sh", key=key, url=url)
