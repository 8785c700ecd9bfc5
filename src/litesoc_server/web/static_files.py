"""Static files, served from the package."""

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc] # whitenoise has no type hints
    """WhiteNoise with whole answers: its own streams from a file, which Django's ASGI handler can only do with a warning."""

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponse:
        """Return the file, 304 when the browser has it, or 404 when it is gone. The largest has 3.3 MB."""
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
