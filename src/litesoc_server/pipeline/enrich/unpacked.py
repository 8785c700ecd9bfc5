"""IP data as memory-mapped arrays in the data directory: unpacked at first use, checked at each start."""

import os
import shutil
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np
import numpy.typing as npt

from litesoc_server.pipeline.enrich.packed import Arrays, Header, IpDataError, Packed, Progress, read_header, read_packed

PACKAGED_DIR = Path(__file__).parents[2] / "ipdata"
_MANIFEST = "manifest.json"
_LAYOUT = 1  # raised whenever the arrays change, so that an older cache is made anew
_UNPACK_SHARE = 0.8  # of the whole time, the rest is writing; measured
_SAMPLES_COUNT = 16
_SAMPLE_BYTES = 4096
_LEFTOVER_AGE_S = 3600  # a temporary folder this old belongs to a process that was killed


class Dataset(msgspec.Struct, frozen=True):
    """One kind of IP data."""

    kind: str  # "city", "asn": name of its folder
    suffix: str  # of the packed file in the package
    magic: bytes
    unpack: Callable[[Packed], Arrays]
    directory: Path = PACKAGED_DIR

    @property
    def path(self) -> Path:
        """The packed file that came with the package. Raises IpDataError when it is not there."""
        found = sorted(self.directory.glob("*" + self.suffix))
        if not found:
            msg = f"the package lacks its {self.kind} data (*{self.suffix}): install it again"
            raise IpDataError(msg)
        return found[-1]

    def read_header(self) -> Header:
        """Read what the packed file says about itself."""
        return read_header(self.path, self.magic)


class _Manifest(msgspec.Struct, frozen=True):
    layout: int
    header: Header
    arrays: dict[str, tuple[int, int]]  # name -> size in bytes, fingerprint


_MANIFEST_DECODER = msgspec.json.Decoder(_Manifest)


class Unpacked(msgspec.Struct, frozen=True):
    """An open data set."""

    header: Header
    arrays: Arrays  # memory-mapped, read-only

    def line(self, name: str, row: int) -> str:
        """Return line ``row`` (0-based) of a text column; empty means unknown."""
        ends = self.arrays[name + "_end"]
        start = int(ends[row - 1]) + 1 if row else 0
        return self.arrays[name + "_text"][start : int(ends[row])].tobytes().decode()


def open_dataset(dataset: Dataset, data_dir: Path, progress: Progress) -> Unpacked:
    """Open a data set in milliseconds, or unpack it first (seconds, 80 MB for both kinds) if there is no sound cache of it.

    Raises IpDataError when the packed file is damaged or the data directory cannot be written.
    """
    packed_path = dataset.path
    folder = data_dir / "ipdata" / f"{dataset.kind}-{packed_path.name.split('.')[0]}-{packed_path.stat().st_size}"
    opened = _open_cache(folder)
    if opened is None:
        packed = read_packed(packed_path, dataset.magic, lambda share: progress(dataset.kind, share * _UNPACK_SHARE))
        try:
            _write_cache(folder, packed.header, dataset.unpack(packed))
        except OSError as error:
            msg = (
                f"IP data cannot be unpacked into {folder.parent} ({error.strerror}): make 80 MB free and let it write there"
            )
            raise IpDataError(msg) from error
        opened = _open_cache(folder)
        progress(dataset.kind, 1.0)
    if opened is None:
        msg = f"IP data in {folder} was damaged while it was written: check the disk"
        raise IpDataError(msg)
    return opened


def _open_cache(folder: Path) -> Unpacked | None:
    """Map the arrays of a cache; None when there is none, or it is damaged, incomplete or of another layout."""
    try:
        manifest = _MANIFEST_DECODER.decode((folder / _MANIFEST).read_bytes())
        if manifest.layout != _LAYOUT:
            return None
        for name, expected in manifest.arrays.items():
            if _fingerprint(folder / f"{name}.npy") != expected:
                return None
        return Unpacked(manifest.header, {name: _map(folder / f"{name}.npy") for name in manifest.arrays})
    except (OSError, ValueError, EOFError):
        return None


def _map(path: Path) -> npt.NDArray[Any]:
    # A plain array over the map: np.memmap's own class makes each access slower.
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))


def _fingerprint(path: Path) -> tuple[int, int]:
    """Return the size and a checksum over evenly spread samples: finds cut and zeroed files without reading all 80 MB."""
    size = path.stat().st_size
    checksum = 0
    with path.open("rb") as file:
        for sample in range(_SAMPLES_COUNT):
            file.seek(max(0, size - _SAMPLE_BYTES) * sample // (_SAMPLES_COUNT - 1))
            checksum = zlib.crc32(file.read(_SAMPLE_BYTES), checksum)
    return size, checksum


def _write_cache(folder: Path, header: Header, arrays: Arrays) -> None:
    """Write a cache beside its place and move it there in one step, so that a killed process leaves nothing half-made."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(folder)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        written: dict[str, tuple[int, int]] = {}
        for name, array in arrays.items():
            path = temporary / f"{name}.npy"
            with path.open("wb") as file:
                np.save(file, array, allow_pickle=False)
                _sync(file)
            written[name] = _fingerprint(path)
        with (temporary / _MANIFEST).open("wb") as file:
            file.write(msgspec.json.encode(_Manifest(_LAYOUT, header, written)))
            _sync(file)
        _move_into_place(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _move_into_place(temporary: Path, folder: Path) -> None:
    if folder.exists():
        # A folder that is in the way was found damaged; another process may have just replaced it, which is as good.
        shutil.rmtree(folder, ignore_errors=True)
    try:
        temporary.rename(folder)
    except OSError:
        if not folder.exists():
            raise


def _remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left behind, and caches of older data of the same kind."""
    kind = folder.name.split("-")[0]
    for sibling in folder.parent.iterdir():
        is_older_data = sibling.name.startswith(f"{kind}-") and sibling != folder
        is_abandoned = sibling.name.startswith(".") and time.time() - sibling.stat().st_mtime > _LEFTOVER_AGE_S
        if is_older_data or is_abandoned:
            shutil.rmtree(sibling, ignore_errors=True)
