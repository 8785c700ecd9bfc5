"""How the disk ceiling of the stream is shared out."""

import msgspec

from litesoc_server.stream.subjects import Subject

_TENTHS = 10


class Ceilings(msgspec.Struct, frozen=True):
    """Bytes on disk that each part may use at most."""

    subjects: dict[Subject, int]
    dead_letters: int


def share_out(max_bytes: int) -> Ceilings:
    """Give a tenth of ``max_bytes`` to the dead letters and to each subject but raw, which gets all the rest.

    The parts are separate on purpose: when raw events have filled their own, what the pipeline makes of them must still
    find room, or the pipeline could never acknowledge the raw events that are in the way.
    """
    tenth = max_bytes // _TENTHS
    subjects = dict.fromkeys(Subject, tenth)
    subjects[Subject.RAW] = max_bytes - tenth * len(subjects)
    return Ceilings(subjects, tenth)
