"""Print docs/reference/settings.md, made from the descriptions in config.py."""

import sys
import textwrap
import types
import typing
from pathlib import Path

from annotated_types import Ge, Gt, Le, Lt
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from litesoc_server.config import Config

# Defaults that are worked out on the machine; the page must be the same everywhere.
COMPUTED_DEFAULTS = {"data_dir": "`$XDG_DATA_HOME/litesoc`, else `~/.local/share/litesoc`"}

TYPE_NAMES: dict[object, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "`true` or `false`",
    Path: "path",
    SecretStr: "secret text",
    list[str]: "texts separated by commas",
}

LINE_LENGTH = 116  # characters, as in the other pages

HEADER = """\
# Settings

This page is made from `src/litesoc_server/config.py` by `docs/generate_settings.py`; a test fails when it is out of
date.

Every setting is an environment variable. Each has a default that works on one machine, so none has to be set.

- Any setting can come from a file: `LITESOC_SECRET_KEY_FILE=/run/secrets/key` reads the file's text. Use it for secrets
  and for URLs that hold a password. Setting both `NAME` and `NAME_FILE` is refused.
- A `LITESOC_` variable that is not on this page, or a value that is not valid, stops the start.
- Options of the command line win over the environment.
"""


def type_name(field: FieldInfo) -> str:
    """Return the type in words, with the allowed range. Raises KeyError for a type that has no words yet."""
    annotation: object = field.annotation
    if isinstance(annotation, types.UnionType):
        (annotation,) = (part for part in typing.get_args(annotation) if part is not types.NoneType)
    words = TYPE_NAMES[annotation]
    limits: list[str] = []
    for rule in field.metadata:
        match rule:
            case Ge(ge):
                limits.append(f"at least {ge}")
            case Gt(gt):
                limits.append(f"more than {gt}")
            case Le(le):
                limits.append(f"at most {le}")
            case Lt(lt):
                limits.append(f"less than {lt}")
            case _ if pattern := getattr(rule, "pattern", None):
                return " or ".join(f"`{choice}`" for choice in str(pattern).strip("^()$").split("|"))
            case _:
                pass  # a check whose rule stands in the description
    return ", ".join([words, *limits])


def default_text(name: str, field: FieldInfo) -> str:
    """Return the default as the page shows it. Raises KeyError for a computed default that has no words yet."""
    if field.default is PydanticUndefined:
        return COMPUTED_DEFAULTS[name]
    if field.default is None or field.default == []:
        return "unset"
    if isinstance(field.default, list):
        return "`" + ",".join(field.default) + "`"
    return f"`{field.default}`"


def section(name: str, field: FieldInfo) -> str:
    """Return what the page says about one setting."""
    description = "\n".join(textwrap.wrap(field.description or "", LINE_LENGTH, break_on_hyphens=False))
    return f"""
## `LITESOC_{name.upper()}`
{description}

Type: {type_name(field)}. Default: {default_text(name, field)}.
"""


def render() -> str:
    """Return the whole page."""
    return HEADER + "".join(section(name, field) for name, field in Config.model_fields.items())


if __name__ == "__main__":
    sys.stdout.write(render())
