"""A list of ranges as a file: what `litesoc geo update` makes of a download, so that the server opens it without parsing."""

import hashlib
import io
import zipfile
from pathlib import Path

import msgspec
import numpy as np

from litesoc_server.pipeline.enrich.packed import IpDataError
from litesoc_server.pipeline.enrich.range_list import V4_TYPE, V6_TYPE, Column, Label, RangeList, Ranges

FILE_BYTES_MAX = 128 * 1024**2  # 3 million ranges; the largest list has 20,000 after merging
_LABEL_TYPE = np.dtype("<u2")
_LABELS_DECODER = msgspec.json.Decoder(tuple[Label, ...])


def dump_list(ranges: RangeList) -> bytes:
    """Return the file's content."""
    columns: dict[str, Column] = {"labels": np.frombuffer(msgspec.json.encode(ranges.labels), np.uint8)}
    for family, each in (("v4", ranges.v4), ("v6", ranges.v6)):
        columns |= {f"{family}_first": each.first, f"{family}_last": each.last, f"{family}_label": each.label}
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **columns)
    return content.getvalue()


def digest(content: bytes) -> str:
    """Return the checksum that the manifest keeps of a list's file."""
    return hashlib.sha256(content).hexdigest()


def load_list(path: Path, sha256: str) -> RangeList:
    """Read a list. Raises IpDataError when it is missing, was changed or is damaged."""
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise IpDataError(_unusable(path, "it is too large"))
        content = path.read_bytes()
        if digest(content) != sha256:
            raise IpDataError(_unusable(path, "it is not as it was written"))
        with np.load(io.BytesIO(content), allow_pickle=False) as columns:
            labels = _LABELS_DECODER.decode(columns["labels"].tobytes())
            return RangeList(labels, _ranges(columns, "v4", V4_TYPE), _ranges(columns, "v6", V6_TYPE))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, msgspec.MsgspecError) as error:
        raise IpDataError(_unusable(path, str(error))) from error


def _ranges(columns: "np.lib.npyio.NpzFile", family: str, kind: np.dtype[np.generic]) -> Ranges:
    first, last, label = (columns[f"{family}_{name}"] for name in ("first", "last", "label"))
    if (first.dtype, last.dtype, label.dtype) != (kind, kind, _LABEL_TYPE) or not len(first) == len(last) == len(label):
        raise ValueError("its columns do not fit together")
    return Ranges(first, last, label)


def _unusable(path: Path, problem: str) -> str:
    return f"the list {path.name} cannot be used ({problem}): run `litesoc geo update --force`"
