"""Our own list of networks, against the table of networks in the package."""

from pathlib import Path

import pytest

from litesoc_server.pipeline.enrich.asn import ASN_DATASET
from litesoc_server.pipeline.enrich.asn_classes import ASN_CLASSES_PATH, AsnClass, read_asn_classes
from litesoc_server.pipeline.enrich.packed import IpDataError, read_packed


def packaged_orgs() -> dict[int, str]:
    packed = read_packed(ASN_DATASET.path, ASN_DATASET.magic, lambda share: None)
    numbers = packed.numbers("asn", 4, "u4")
    names = bytes(packed.sections["org"]).decode().split("\n")
    return {int(number): name for number, name in zip(numbers, names, strict=True)}


def test_every_network_carries_the_name_it_is_listed_under() -> None:
    orgs = packaged_orgs()
    entries = read_asn_classes()
    wrong = {asn: (entry.org, orgs.get(asn)) for asn, entry in entries.items() if orgs.get(asn) != entry.org}
    assert wrong == {}
    assert {entry.asn_class for entry in entries.values()} == set(AsnClass)


def test_the_list_says_whose_it_is_and_is_sorted_without_repeats() -> None:
    lines = ASN_CLASSES_PATH.read_text(encoding="utf-8").splitlines()
    assert "Apache-2.0" in lines[0]
    numbers = [int(line.partition(",")[0]) for line in lines if line[0].isdigit()]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize(
    "content", ["asn,class,provider,org\n1,nonsense,,X\n", "asn,class\n1,vpn\n", "asn,class,provider,org\nx,vpn,,X\n"]
)
def test_a_damaged_list_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "asn_classes.csv"
    path.write_text(content)
    with pytest.raises(IpDataError, match=r"asn_classes\.csv cannot be used"):
        read_asn_classes(path)


def test_a_missing_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IpDataError, match=r"asn_classes\.csv cannot be used"):
        read_asn_classes(tmp_path / "asn_classes.csv")
