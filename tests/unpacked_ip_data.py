"""The packaged IP data, unpacked once per process: that takes three seconds, and everybody reads the same."""

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

from litesoc_server.pipeline.enrich.enricher import Enricher


@cache
def unpacked_ip_data() -> Path:
    """Return a data directory that holds the unpacked IP data and nothing else; nobody may write to it."""
    directory = Path(tempfile.mkdtemp(prefix="litesoc-ip-data-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    Enricher.open(directory)
    return directory


def link_ip_data(data_dir: Path) -> None:
    """Give ``data_dir`` the unpacked IP data, as if it had been unpacked there: 80 MB, linked where that goes."""
    shutil.copytree(unpacked_ip_data() / "ipdata", data_dir / "ipdata", copy_function=_link)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # on another file system
        shutil.copy2(source, target)
