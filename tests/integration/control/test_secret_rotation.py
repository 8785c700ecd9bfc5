"""The key that encrypts second factors is rotated while people sign in; nobody is locked out."""

from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from control_factories import OrganizationFactory
from litesoc_server.accounts.models import User
from litesoc_server.accounts.sealing import KeysUnusable, draw_key, put_key_first, seal, unseal
from litesoc_server.audit.by import By
from litesoc_server.audit.models import AuditEntry
from litesoc_server.events.envelope import Environment
from litesoc_server.inbound.change_connection import set_secret
from litesoc_server.inbound.models import SourceConnection
from litesoc_server.notify.channel_changes import webhook_secret
from litesoc_server.runtime.secret_rotation import rotate_secrets
from notify_factories import LOOPBACK, make_channel
from people import browser, code_of, is_signed_in, make_person, set_up_totp, sign_in, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def key_path(settings: Any, tmp_path: Path) -> Path:
    settings.SECRETS_KEY_PATH = tmp_path / "secrets_key"
    return tmp_path / "secrets_key"


@pytest.fixture
def person() -> User:
    return make_person()


@pytest.fixture
def secret(person: User) -> str:
    return set_up_totp(signed_in())


def lets_in(code: str) -> bool:
    client: Client = browser()
    sign_in(client, next="/profile/")
    client.post("/accounts/2fa/authenticate/", {"code": code})
    return is_signed_in(client)


def stored() -> list[dict[str, object]]:
    return [factor.data for factor in Authenticator.objects.order_by("id")]


def rotate() -> int:
    return rotate_secrets(by=By.operator()).secrets


def test_all_is_encrypted_anew_and_codes_go_on_letting_in(secret: str, key_path: Path) -> None:
    assert not key_path.exists()
    before = stored()
    assert rotate() == len(before) == 2, "the app and the recovery codes"
    after = stored()
    assert not {str(data["secret"]) for data in before if "secret" in data} & {str(data.get("secret")) for data in after}
    assert not {str(data["seed"]) for data in before if "seed" in data} & {str(data.get("seed")) for data in after}
    assert secret not in key_path.read_text()
    assert key_path.stat().st_mode & 0o077 == 0
    assert lets_in(code_of(secret))
    entry = AuditEntry.objects.filter(action="secrets.rotated").get()
    assert entry.principal == "operator"


def test_what_only_the_old_key_encrypted_is_lost_without_it(secret: str, key_path: Path, settings: Any) -> None:
    rotate()
    settings.SECRET_KEY = "the one that signs sessions may change from now on"
    first = key_path.read_text().split()
    assert lets_in(code_of(secret))
    rotate()
    second = key_path.read_text().split()
    assert len(second) == 2
    assert second[1] == first[0]
    rotate()
    assert first[0] not in key_path.read_text(), "two rotations later nothing needs it"
    assert unseal(str(Authenticator.objects.get(type="totp").data["secret"])) == secret


def test_the_secrets_of_sources_are_encrypted_anew_with_the_rest() -> None:
    _, drawn = set_secret(OrganizationFactory(), Environment.LIVE, "keycloak", None, by=By.operator())
    before = SourceConnection.objects.get().sealed_secret
    assert rotate() == 1
    after = SourceConnection.objects.get().sealed_secret
    assert after != before
    assert unseal(after) == drawn


def test_a_factor_that_no_key_fits_stays_and_stops_nobody_else(secret: str, person: User) -> None:
    lost = Authenticator.objects.get(type="recovery_codes")
    lost.data = {**lost.data, "seed": "gAAAAA-of-another-server"}
    lost.save()
    rotation = rotate_secrets(by=By.operator())
    assert (rotation.secrets, rotation.unreadable) == (1, 1)
    assert Authenticator.objects.get(pk=lost.pk).data == lost.data


def test_keys_in_settings_are_rotated_by_who_makes_the_settings(secret: str, settings: Any) -> None:
    old, new = draw_key(), draw_key()
    settings.SECRETS_KEYS = [old]
    assert rotate() == 2
    settings.SECRETS_KEYS = [new, old]
    rotation = rotate_secrets(by=By.operator())
    assert (rotation.secrets, rotation.is_key_new) == (2, False)
    settings.SECRETS_KEYS = [new]
    assert lets_in(code_of(secret))


def test_a_damaged_key_file_is_never_taken_for_none(key_path: Path) -> None:
    put_key_first(draw_key())
    sealed = seal("secret")
    key_path.write_text("")
    with pytest.raises(KeysUnusable, match="damaged"):
        unseal(sealed)
    with pytest.raises(KeysUnusable):
        put_key_first(draw_key())


def test_settings_of_channels_are_encrypted_anew(settings: Any) -> None:
    settings.EGRESS_POLICY = LOOPBACK
    channel = make_channel(OrganizationFactory())
    before, secret = channel.sealed_settings, webhook_secret(channel)
    assert rotate() == 1
    channel.refresh_from_db()
    assert channel.sealed_settings != before
    assert webhook_secret(channel) == secret
