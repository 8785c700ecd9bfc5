"""The API's documentation page: Swagger UI from our own server, fed by the OpenAPI document."""

from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

# validatorUrl: its badge would ask a server on the internet.
_SETTINGS = {
    "url": "/openapi.json",
    "layout": "BaseLayout",
    "deepLinking": True,
    "validatorUrl": None,
    "defaultModelsExpandDepth": 0,
}


@csp_update({"img-src": "data:"})  # the icons inside Swagger UI's own style sheet
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Show the documentation."""
    return render(request, "web/docs/page.html", {"swagger_settings": _SETTINGS})
