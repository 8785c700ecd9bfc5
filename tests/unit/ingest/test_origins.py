import pytest

from litesoc_server.ingest.origins import OriginInvalid, Origins, canonical_origin, is_wildcard

SHOP = Origins(["https://app.shop.example", "https://*.litesoc.example", "http://*.dev.example:8080"])


@pytest.mark.parametrize(
    ("origin", "is_included"),
    [
        ("https://app.shop.example", True),
        ("https://APP.shop.example", True),
        ("http://app.shop.example", False),
        ("https://app.shop.example:8443", False),
        ("https://shop.example", False),
        ("https://x.app.shop.example", False),
        ("https://docs.litesoc.example", True),
        ("https://a.b.litesoc.example", True),
        ("https://litesoc.example", False),
        ("https://evillitesoc.example", False),
        ("https://litesoc.example.evil.test", False),
        ("https://docs.litesoc.example:444", False),
        ("http://docs.litesoc.example", False),
        ("http://a.dev.example:8080", True),
        ("http://a.dev.example", False),
        ("https://.litesoc.example", False),
        ("http://localhost:3000", True),
        ("https://127.0.0.1:3000", True),
        ("http://127.0.0.1:3000", False),
        ("http://localhost", False),
        ("null", False),
        ("", False),
    ],
)
def test_whole_labels_schemes_and_ports_are_compared(origin: str, is_included: bool) -> None:
    assert SHOP.include(origin) is is_included


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        (" https://App.Shop.example/ ", "https://app.shop.example"),
        ("https://app.shop.example:443", "https://app.shop.example"),
        ("http://app.shop.example:80", "http://app.shop.example"),
        ("http://app.shop.example:8080", "http://app.shop.example:8080"),
        ("https://*.shop.example", "https://*.shop.example"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("http://[2001:db8::1]:8080", "http://[2001:db8::1]:8080"),
        ("http://192.0.2.1", "http://192.0.2.1"),
        ("http://intranet", "http://intranet"),
    ],
)
def test_origins_are_kept_as_browsers_send_them(typed: str, stored: str) -> None:
    assert canonical_origin(typed) == stored
    assert canonical_origin(stored) == stored
    assert is_wildcard(stored) is ("*" in stored)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "app.shop.example",
        "*",
        "null",
        "ftp://shop.example",
        "https://",
        "https://shop.example/path",
        "https://shop.example?x",
        "https://shop.example#x",
        "https://user@shop.example",
        "https://shop.example:port",
        "https://shop.example:99999",
        "https://*",
        "https://*.com",
        "https://a.*.example",
        "https://*shop.example",
        "https://*.*.example.com",
        "https://*.0.0.1",
        "https://sh op.example",
        "https://shop..example",
        "https://-shop.example",
        "https://[::1",
        "https://" + "a" * 250 + ".example",
    ],
)
def test_what_is_no_origin_is_refused(typed: str) -> None:
    with pytest.raises(OriginInvalid, match=r"[.]$"):
        canonical_origin(typed)
