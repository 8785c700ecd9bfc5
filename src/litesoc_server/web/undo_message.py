"""A message of what was done, with a button that takes it back."""

from django.contrib import messages
from django.middleware.csrf import get_token
from django.utils.html import format_html, format_html_join

from litesoc_server.web.member import PageRequest

_FORM = (
    '<span>{}</span><form method="post" action="{}" class="actions">'
    '<input type="hidden" name="csrfmiddlewaretoken" value="{}">{}'
    '<button type="submit" class="button small">Undo</button></form>'
)


def say_with_undo(request: PageRequest, text: str, undo: str, **values: str) -> None:
    """Tell ``text`` on the next page; its button posts ``values`` to the address ``undo``."""
    hidden = format_html_join("", '<input type="hidden" name="{}" value="{}">', values.items())
    messages.success(request, format_html(_FORM, text, undo, get_token(request), hidden))
