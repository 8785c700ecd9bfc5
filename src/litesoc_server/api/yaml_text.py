"""JSON values as YAML 1.2, in blocks: to read and to compare line by line."""

import json
from collections.abc import Iterator
from typing import Any


def yaml_text(value: Any) -> str:  # noqa: ANN401 # whatever JSON can hold
    """Return ``value`` as a YAML document. Texts and names are written as in JSON, which YAML 1.2 contains."""
    return "".join(f"{line}\n" for line in _lines(value))


def _lines(value: Any) -> Iterator[str]:  # noqa: ANN401 # same
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _entry(f"{json.dumps(str(name))}:", inner)
    elif isinstance(value, list) and value:
        for inner in value:
            yield from _item(inner)
    else:
        yield json.dumps(value)


def _entry(name: str, value: Any) -> Iterator[str]:  # noqa: ANN401 # same
    if isinstance(value, dict | list) and value:
        yield name
        yield from (f"  {line}" for line in _lines(value))
    else:
        yield f"{name} {json.dumps(value)}"


def _item(value: Any) -> Iterator[str]:  # noqa: ANN401 # same
    first, *rest = _lines(value)
    yield f"- {first}"
    yield from (f"  {line}" for line in rest)
