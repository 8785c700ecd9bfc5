"""What the build of frontend/ made: hashed files by their plain names, and icons."""

import re
from functools import cache
from pathlib import Path

import msgspec
from django.core.exceptions import ImproperlyConfigured

_BUILT = Path(__file__).parent / "static" / "dashboard"
_HASHED = re.compile(r"/dashboard/[\w.-]+-[0-9A-Z]{8}\.(js|css)$")  # as frontend/build.mjs names them
_DECODER = msgspec.json.Decoder(dict[str, str])


def asset_path(name: str) -> str:
    """Return where a file such as "app.js" lies below the static files. Raises ImproperlyConfigured."""
    return f"dashboard/{_built('manifest.json')[name]}"


def icon_markup(name: str) -> str:
    """Return what stands inside an icon's <svg>. Raises KeyError for a name that frontend/icons.json does not hold."""
    return _built("icons.json")[name]


def is_immutable(path: str, url: str) -> bool:
    """Return whether a static file may be kept for ever: its name changes with its content. For WhiteNoise."""
    del path
    return _HASHED.search(url) is not None


@cache
def _built(name: str) -> dict[str, str]:
    try:
        return _DECODER.decode((_BUILT / name).read_bytes())
    except FileNotFoundError as error:
        msg = "the dashboard's scripts and styles are not built: run `make demo`, or `npm ci && npm run build` in frontend/"
        raise ImproperlyConfigured(msg) from error
