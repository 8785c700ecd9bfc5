"""What the owner of a forwarder reads when Splunk refuses a batch."""

import pytest

from litesoc_server.forwarding.hec_answer import read_hec_refusal


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"text":"Invalid token","code":4}', "Invalid token (code 4): enter the token of the collector's input"),
        (
            '{"text":"Data channel is missing","code":10}',
            "Data channel is missing (code 10): switch indexer acknowledgement off for this token",
        ),
        ('{"text":"Server is busy","code":9}', "Server is busy (code 9)"),
        ("<html>502 Bad Gateway</html>", ""),
        ('{"text":["Invalid token"],"code":"4"}', ""),
        ("", ""),
    ],
)
def test_a_refusal_is_told_with_its_fix(body: str, told: str) -> None:
    assert read_hec_refusal(body).words == told


def test_words_of_a_stranger_stay_short_and_on_one_line() -> None:
    told = read_hec_refusal('{"text":"a\\n' + "b" * 5_000 + '","code":9}').words
    assert "\n" not in told
    assert len(told) < 250


@pytest.mark.parametrize(("code", "is_about_setup"), [(4, True), (7, True), (10, True), (5, False), (6, False)])
def test_what_the_setup_lacks_is_told_from_what_a_record_lacks(code: int, is_about_setup: bool) -> None:
    assert read_hec_refusal(f'{{"text":"Said","code":{code}}}').is_about_setup is is_about_setup
