"""`/ip-data`: sources, ages and problems of the IP data."""

from management_api import IP_DATA, Tenant, call


def test_each_data_set_is_shown_with_its_age(tenant: Tenant) -> None:
    data = tenant.get("/ip-data")["data"]
    assert data["data_sets"] == [
        {
            "kind": "city",
            "source": "City test data 2026-05-01",
            "licence": "CC0",
            "date": "2026-05-01",
            "age_days": 27,
            "ranges": 6,
        },
        {"kind": "ranges", "source": "tor-exits", "licence": "CC0", "date": "2026-05-28", "age_days": 0, "ranges": 1_200},
    ]
    assert data["problems_count"] == len(IP_DATA.problems) > 0


def test_it_needs_a_key(tenant: Tenant) -> None:
    assert call("GET", "/ip-data").status_code == 401
