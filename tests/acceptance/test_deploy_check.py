"""What Django advises for servers on the internet, asked of the settings that docs/operations/install.md names."""

import os
import subprocess
import sys
from pathlib import Path

PUBLIC = {
    "LITESOC_PUBLIC_URL": "https://soc.shop.example",
    "LITESOC_ALLOWED_HOSTS": "soc.shop.example",
    "LITESOC_TRUSTED_PROXY_COUNT": "1",
}


def run_with(settings: dict[str, str], data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LITESOC_", "DJANGO_"))}
    env = {**kept, **settings, "LITESOC_DATA_DIR": str(data_dir), "DJANGO_SETTINGS_MODULE": "litesoc_server.settings"}
    return subprocess.run([sys.executable, *arguments], env=env, capture_output=True, text=True, timeout=60, check=False)


def test_the_advice_for_servers_on_the_internet_is_followed(tmp_path: Path) -> None:
    checked = run_with(PUBLIC, tmp_path, "-m", "django", "check", "--deploy", "--fail-level", "WARNING")
    assert checked.returncode == 0, checked.stderr
    # The check can fail: without TLS in front there is something to say.
    assert run_with({}, tmp_path, "-m", "django", "check", "--deploy", "--fail-level", "WARNING").returncode == 1


def test_only_a_proxy_that_is_trusted_says_that_tls_was_used(tmp_path: Path) -> None:
    ask = (
        "import django; django.setup()\n"
        "from django.test import Client\n"
        "client = Client(headers={'host': 'soc.shop.example', 'x-forwarded-proto': 'https'})\n"
        "answer = client.get('/.well-known/security.txt')\n"
        "print(answer.status_code, answer.headers.get('Strict-Transport-Security'))"
    )
    behind_proxy = run_with({**PUBLIC, "LITESOC_SECURITY_CONTACT": "security@shop.example"}, tmp_path, "-c", ask)
    assert behind_proxy.stdout.strip() == "200 max-age=31536000", behind_proxy.stderr
    direct = run_with({**PUBLIC, "LITESOC_TRUSTED_PROXY_COUNT": "0"}, tmp_path, "-c", ask)
    assert direct.stdout.strip() == "404 None", direct.stderr


def test_over_tls_only_this_very_host_can_set_the_cookies_of_a_session(tmp_path: Path) -> None:
    ask = (
        "import django; django.setup()\n"
        "from django.conf import settings\n"
        "from django.test import Client\n"
        "client = Client(headers={'host': 'soc.shop.example', 'x-forwarded-proto': 'https'})\n"
        "client.get('/accounts/login/')\n"
        "print(settings.SESSION_COOKIE_NAME, *(cookie.OutputString() for cookie in client.cookies.values()))"
    )
    behind_proxy = run_with(PUBLIC, tmp_path, "-c", ask)
    session, _, csrf = behind_proxy.stdout.partition(" ")
    assert session == "__Host-litesoc_session", behind_proxy.stderr
    assert csrf.startswith("__Host-litesoc_csrf=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(csrf.strip().split("; "))
    assert "Domain" not in csrf  # a browser would refuse the prefix
    assert run_with({}, tmp_path, "-c", ask).stdout.startswith("litesoc_session litesoc_csrf=")
