"""What the owner of a forwarder reads when Splunk refuses a batch."""

import pytest

from litesoc_server.forwarding.hec_answer import refusal_told


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"text":"Invalid token","code":4}', ": Invalid token (code 4): enter the token of the collector's input"),
        (
            '{"text":"Data channel is missing","code":10}',
            ": Data channel is missing (code 10): switch indexer acknowledgement off for this token",
        ),
        ('{"text":"Server is busy","code":9}', ": Server is busy (code 9)"),
        ("<html>502 Bad Gateway</html>", ""),
        ('{"text":["Invalid token"],"code":"4"}', ""),
        ("", ""),
    ],
)
def test_a_refusal_is_told_with_its_fix(body: str, told: str) -> None:
    assert refusal_told(body) == told


def test_words_of_a_stranger_stay_short_and_on_one_line() -> None:
    told = refusal_told('{"text":"a\\n' + "b" * 5_000 + '","code":9}')
    assert "\n" not in told
    assert len(told) < 250
