"""Static files, served from the package: ours, and of other packages what a page asks for."""

import re
from os import stat_result

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile

# Packages bring much that no page asks for: a second viewer for the API's documentation, source maps, scripts before they
# are packed (Django's administration asks for those in debug mode only), their languages, scripts of pages we replace.
_SERVED = (
    re.compile(r"dashboard/[^/]+\.(css|js)"),
    re.compile(r"web/[^/]+\.(css|svg)"),
    re.compile(r"ninja/swagger-ui(\.css|-bundle\.js|-init\.js)"),
    re.compile(r"admin/(css|img|js)/(?!vendor/).+\.(css|js|svg)"),
    re.compile(r"admin/(css|js)/vendor/.+(\.min\.css|\.min\.js|/i18n/en\.js)"),
)


def is_served(path: str) -> bool:
    """Return whether a page may ask for a static file. ``path`` is below /static/."""
    return any(pattern.fullmatch(path) for pattern in _SERVED)


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc] # whitenoise has no type hints
    """WhiteNoise with whole answers: its own streams from a file, which Django's ASGI handler can only do with a warning."""

    def add_file_to_dictionary(self, url: str, path: str, stat_cache: dict[str, stat_result] | None = None) -> None:
        """Serve a file that was found in a package, if a page may ask for it."""
        if is_served(url.removeprefix(self.static_prefix)):
            super().add_file_to_dictionary(url, path, stat_cache=stat_cache)

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponse:
        """Return the file, 304 when the browser has it, or 404 when it is gone. The largest has 1.5 MB."""
        try:
            found = static_file.get_response(request.method, request.META)
        except FileNotFoundError:  # the package was replaced under the running server
            return HttpResponse("this file was replaced: restart the server and reload the page", status=404)
        content = b""
        if found.file is not None:
            with found.file:
                content = found.file.read()
        response = HttpResponse(content, status=int(found.status))
        del response["Content-Type"]
        for name, value in found.headers:
            response[name] = value
        return response
