"""Tags about passkeys."""

from urllib.parse import urlsplit

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.template.context import Context

from litesoc_server.accounts.host_names import host_without_port, is_address

register = template.Library()


@register.simple_tag(takes_context=True)
def address_in_place_of_a_name(context: Context) -> str:
    """Return the IP address under which this page is asked for, "" when it is a name: passkeys need one."""
    request = context["request"]
    assert isinstance(request, HttpRequest)
    host = urlsplit(settings.PUBLIC_URL).hostname or host_without_port(request.get_host())
    return host if is_address(host) else ""
