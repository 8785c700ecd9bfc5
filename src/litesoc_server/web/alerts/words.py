"""Words of alerts as people read them."""

from litesoc_server.alerts.storm import STORM
from litesoc_server.pipeline.detect.registry import DETECTORS

_TITLES = {**{detector.id: detector.title for detector in DETECTORS}, STORM: "Storm of incidents"}


def detector_title(detector: str) -> str:
    """Return what a detector is called; one that this version does not know by its id."""
    return _TITLES.get(detector, type_title(detector))


def type_title(word: str) -> str:
    """Return a word such as "brute_force_attack" as it reads."""
    return word.replace("_", " ").capitalize()
