"""What browsers ask for by themselves on pages that name no icon."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.views.decorators.http import require_safe


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Lead to the icon."""
    del request
    return redirect(static("web/icon.svg"))
