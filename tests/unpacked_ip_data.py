"""The packaged IP data, unpacked once: that takes three seconds, and everybody reads the same."""

import os
import shutil
from functools import cache
from pathlib import Path

from litesoc_server.pipeline.enrich.enricher import Enricher
from made_once import made_once


@cache
def unpacked_ip_data() -> Path:
    """Return a data directory that holds the unpacked IP data and nothing else; nobody may write to it."""
    return made_once("ip-data", Enricher.open)


def link_ip_data(data_dir: Path) -> None:
    """Give ``data_dir`` the unpacked IP data, as if it had been unpacked there: 80 MB, linked where that goes."""
    shutil.copytree(unpacked_ip_data() / "ipdata", data_dir / "ipdata", copy_function=_link)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # on another file system
        shutil.copy2(source, target)
