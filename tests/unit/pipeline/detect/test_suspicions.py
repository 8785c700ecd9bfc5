"""Why a login was marked as risky, in words."""

import inspect

from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.pipeline.detect.suspicions import DENIED_BY_OWNER, words_of


def test_every_detector_that_marks_logins_has_words_of_its_own() -> None:
    marking = [
        detector.id for detector in DETECTORS if "mark_risky(" in inspect.getsource(inspect.getmodule(detector.examine))
    ]
    assert "risky_login" in marking
    for detector in marking:
        assert "by the detector" not in words_of(detector), detector


def test_the_owners_word_is_told_as_such() -> None:
    assert words_of(DENIED_BY_OWNER) == "its owner said that the login was not theirs"


def test_a_detector_of_another_version_is_named() -> None:
    assert words_of("odd_login") == "the login was marked as risky by the detector odd login"
