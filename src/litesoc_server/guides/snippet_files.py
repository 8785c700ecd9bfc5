"""The files with code to copy: one source for the setup guide, docs/integrations/, llms-full.txt, and their tests."""

from functools import cache
from importlib.resources import files

_FOLDER = files("litesoc_server.guides") / "snippets"


def filled(name: str, *, key: str, url: str) -> str:
    """Return the code of one file with a key and the address of a server in it, without a line break at its end."""
    return _text(name).replace("@key@", key).replace("@url@", url).rstrip("\n")


@cache
def _text(name: str) -> str:
    return (_FOLDER / f"{name}.txt").read_text(encoding="utf-8")
