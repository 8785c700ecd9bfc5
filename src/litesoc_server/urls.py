"""Every address that Django answers: the management API at the root, and pages."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from litesoc_server.accounts.admin_sign_in import admin_sign_in
from litesoc_server.api.app import api
from litesoc_server.api.llms.views import llms, llms_full
from litesoc_server.api.openapi import openapi_download, openapi_json

urlpatterns = [
    path("", include("litesoc_server.web.urls")),
    path("openapi.json", openapi_json, name="openapi"),
    path("docs/litesoc-openapi.json", openapi_download, {"file_format": "json"}, name="openapi_download"),
    path("docs/litesoc-openapi.yaml", openapi_download, {"file_format": "yaml"}, name="openapi_download"),
    path("llms.txt", llms, name="llms"),
    path("llms-full.txt", llms_full, name="llms_full"),
    path("accounts/", include("allauth.urls")),
    # Passwords are asked and changed in one place, with its limits and second factors.
    path("admin/login/", admin_sign_in),
    path("admin/password_change/", RedirectView.as_view(pattern_name="account_change_password")),
    path("admin/", admin.site.urls),
    path("", api.urls),
]
handler400 = "litesoc_server.web.views.errors.bad_request"
handler403 = "litesoc_server.web.views.errors.forbidden"
handler404 = "litesoc_server.web.views.errors.not_found"
handler429 = "litesoc_server.web.views.errors.too_many_requests"  # read by allauth
handler500 = "litesoc_server.web.views.errors.server_error"
