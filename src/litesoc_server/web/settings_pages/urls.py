"""Addresses of the settings, below those of an organisation."""

from django.urls import path

from litesoc_server.web.views.settings import settings
from litesoc_server.web.views.settings_general import settings_general, settings_general_rename

settings_urls = [
    path("", settings, name="settings"),
    path("general/", settings_general, name="settings_general"),
    path("general/rename", settings_general_rename, name="settings_general_rename"),
]
