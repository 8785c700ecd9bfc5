from importlib import import_module
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command

from litesoc_server.accounts.models import User
from people import PASSWORD, browser, sign_in


@pytest.mark.django_db
def test_migrations_match_the_models() -> None:
    call_command("makemigrations", check=True, dry_run=True, stdout=StringIO())


@pytest.mark.django_db
def test_system_checks_find_nothing() -> None:
    call_command("check", fail_level="WARNING", databases=["default"])


@pytest.mark.django_db
def test_people_from_before_go_on_signing_in() -> None:
    User.objects.create_user(email="mira@shop.example", password=PASSWORD)
    confirmed = import_module("litesoc_server.accounts.migrations.0002_confirmed_addresses")
    confirmed.confirm_addresses(apps, None)
    confirmed.confirm_addresses(apps, None)
    assert sign_in(browser())["Location"] == "/"
