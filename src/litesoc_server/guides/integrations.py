"""How applications of each framework send their logins, with the address of their users and not that of a proxy.

What each framework does about proxies is from its documentation, which is named with it. The pages in docs/integrations/ are
written from here by docs/generate_integrations.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from litesoc_server.guides.snippet_files import filled

_PYTHON = ("litesoc_events.py", "litesoc_events.py")
_NODE = ("litesoc.mjs", "litesoc.mjs")
_RUN = "The code of this page is run by the tests of LiteSOC server."
_GLUE = "The tests of LiteSOC server run `litesoc.mjs`. The rest was run by hand with {}, behind a proxy's header."
_BY_HAND = "The tests of LiteSOC server have no {}. This code was run by hand, behind a proxy's header."
_SYNTAX = (
    "The tests of LiteSOC server have no {}, and only the syntax of this code was checked. If it fails for you, tell us."
)
_NOT_RUN = "The tests of LiteSOC server have no {}, and this code was not run. If it fails for you, tell us."


@dataclass(frozen=True)
class Step:
    """One thing to do: a command, or a file with its code."""

    title: str
    language: str  # as after ``` in Markdown
    code: str


@dataclass(frozen=True, kw_only=True)
class Integration:
    """One framework."""

    id: str  # also the name of its page
    title: str
    intro: str
    files: tuple[tuple[str, str], ...]  # what the file is called in the application, and which of ours it is
    address: str  # where the user's address comes from; `code` in backticks
    documentation: tuple[str, ...]  # where that is from
    tested: str

    def steps(self, *, key: str, url: str) -> Iterator[Step]:
        """Yield what to do, in order, with a key and the address of the server filled in."""
        yield Step("In the environment of your application", "sh", filled("environment.sh", key=key, url=url))
        for title, file in self.files:
            yield Step(title, _LANGUAGES[file.rpartition(".")[2]], filled(file, key=key, url=url))

    @property
    def tested_plainly(self) -> str:
        """Whether our tests run it, without marks for code."""
        return self.tested.replace("`", "")

    def address_parts(self) -> list[tuple[bool, str]]:
        """Return the text about addresses in parts, each with whether it is code."""
        return [(index % 2 == 1, part) for index, part in enumerate(self.address.split("`")) if part]


_LANGUAGES = {
    "py": "python",
    "mjs": "js",
    "ts": "ts",
    "php": "php",
    "rb": "ruby",
    "properties": "properties",
    "java": "java",
    "go": "go",
    "cs": "csharp",
    "sh": "sh",
}

INTEGRATIONS = (
    Integration(
        id="flask",
        title="Flask",
        intro="One module that sends in the background, with nothing to install, and two lines where you check passwords.",
        files=(_PYTHON, ("app.py", "flask.py")),
        address=(
            "`request.remote_addr` is whoever connected. `ProxyFix` takes as many addresses from the right of "
            "`X-Forwarded-For` as you say there are proxies: set `x_for` to exactly that number, and leave it out "
            "without any."
        ),
        documentation=("https://flask.palletsprojects.com/en/stable/deploying/proxy_fix/",),
        tested=_RUN,
    ),
    Integration(
        id="django",
        title="Django",
        intro="One module that sends in the background, and receivers of Django's own signals: no view changes.",
        files=(_PYTHON, ("shop/litesoc_signals.py", "django.py"), ("shop/apps.py", "django_app.py")),
        address=(
            "Django has nothing of its own for addresses behind proxies: it took out what it had in version 1.1, "
            "because it could be made up. `client_ip` counts from the right of `X-Forwarded-For`: set "
            "`LITESOC_TRUSTED_PROXIES` in your settings to the number of proxies in front of you; without it "
            "`REMOTE_ADDR` counts."
        ),
        documentation=(
            "https://docs.djangoproject.com/en/stable/releases/1.1/#removed-setremoteaddrfromforwardedfor-middleware",
            "https://docs.djangoproject.com/en/stable/ref/contrib/auth/#login-and-logout-signals",
        ),
        tested=_RUN,
    ),
    Integration(
        id="fastapi",
        title="FastAPI",
        intro="One module that sends in the background, with nothing to install, and two lines where you check passwords.",
        files=(_PYTHON, ("app.py", "fastapi.py"), ("Behind a proxy", "fastapi_run.sh")),
        address=(
            "`request.client.host` is whoever connected. With `--proxy-headers` uvicorn takes the rightmost address of "
            "`X-Forwarded-For` that is none of `--forwarded-allow-ips`: name the addresses of your proxies there, never "
            "`*`, with which it believes the leftmost one."
        ),
        documentation=(
            "https://uvicorn.dev/deployment/#proxies-and-forwarded-headers",
            "https://fastapi.tiangolo.com/advanced/behind-a-proxy/",
        ),
        tested=_RUN,
    ),
    Integration(
        id="node",
        title="Node.js http",
        intro="One module that sends in the background, with nothing to install, for servers without a framework.",
        files=(_NODE, ("server.mjs", "node.mjs")),
        address=(
            "`request.socket.remoteAddress` is whoever connected. `clientIp` counts from the right of "
            "`X-Forwarded-For`: set `TRUSTED_PROXIES` to the number of proxies in front of you."
        ),
        documentation=("https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/X-Forwarded-For",),
        tested=_RUN,
    ),
    Integration(
        id="express",
        title="Express",
        intro="One module that sends in the background, with nothing to install, and one line where you check passwords.",
        files=(_NODE, ("server.mjs", "express.mjs")),
        address=(
            "`request.ip` is whoever connected, unless `trust proxy` says how many proxies to count from the right of "
            "`X-Forwarded-For`. Never set it to `true`: then the leftmost address counts, which anybody can make up."
        ),
        documentation=("https://expressjs.com/en/guide/behind-proxies/",),
        tested=_GLUE.format("Express 5"),
    ),
    Integration(
        id="nextjs",
        title="Next.js",
        intro="A route handler that answers first and sends afterwards.",
        files=(_NODE, ("app/api/login/route.js", "next.mjs")),
        address=(
            "A route handler sees no connection, only headers, and `request.ip` is gone since version 15. `clientIp` "
            "counts from the right of `X-Forwarded-For`: set `TRUSTED_PROXIES` to the number of proxies in front of "
            "you. Have at least one: `next start` leaves a header that came with the request as it is, so everybody "
            "could choose their address."
        ),
        documentation=(
            "https://nextjs.org/docs/app/guides/upgrading/version-15",
            "https://nextjs.org/docs/app/api-reference/functions/after",
        ),
        tested=_GLUE.format("Next.js 16"),
    ),
    Integration(
        id="nestjs",
        title="NestJS",
        intro="One module that sends in the background, and one line where you check passwords (with the Express adapter).",
        files=(_NODE, ("main.ts", "nest_main.ts"), ("login.controller.ts", "nest.ts")),
        address=(
            "`@Ip()` is Express's `request.ip`: whoever connected, unless `trust proxy` says how many proxies to count "
            "from the right of `X-Forwarded-For`. Never set it to `true`."
        ),
        documentation=("https://docs.nestjs.com/controllers", "https://expressjs.com/en/guide/behind-proxies/"),
        tested=_GLUE.format("NestJS 12"),
    ),
    Integration(
        id="laravel",
        title="Laravel",
        intro="Listeners of Laravel's own events, which send once the answer is out: no controller changes.",
        files=(
            ("bootstrap/app.php", "laravel_proxies.php"),
            ("config/services.php, one more line", "laravel_config.php"),
            ("app/Providers/LitesocServiceProvider.php, listed in bootstrap/providers.php", "laravel.php"),
        ),
        address=(
            "`request()->ip()` is whoever connected. With `trustProxies` it is the rightmost address of "
            "`X-Forwarded-For` that is none of the proxies listed: list their addresses, not `*`, with which whoever "
            "connects is believed."
        ),
        documentation=("https://laravel.com/docs/12.x/requests#configuring-trusted-proxies",),
        tested=_SYNTAX.format("PHP"),
    ),
    Integration(
        id="rails",
        title="Rails",
        intro="A job that sends in the background, and one line where you check passwords.",
        files=(
            ("config/application.rb, one more line", "rails_proxies.rb"),
            ("app/jobs/litesoc_job.rb", "rails_job.rb"),
            ("app/controllers/sessions_controller.rb", "rails.rb"),
        ),
        address=(
            "`request.remote_ip` is the rightmost address of `X-Forwarded-For` that is none of `trusted_proxies`: those are "
            "private networks until you list your own proxies in their place. Without any proxy in front of you remove "
            "`ActionDispatch::RemoteIp` and use `request.ip`: otherwise everybody can choose their address."
        ),
        documentation=("https://api.rubyonrails.org/classes/ActionDispatch/RemoteIp.html",),
        tested=_SYNTAX.format("Ruby"),
    ),
    Integration(
        id="spring-boot",
        title="Spring Boot",
        intro="Listeners of Spring Security's own events, which send in the background: no controller changes.",
        files=(("application.properties", "spring.properties"), ("LitesocEvents.java", "spring.java")),
        address=(
            "`native` has Tomcat's `RemoteIpValve` go through `X-Forwarded-For` from the right and stop at the first "
            "address that `internal-proxies` does not match. `framework` (`ForwardedHeaderFilter`) takes the leftmost: "
            "do not use it for this."
        ),
        documentation=(
            "https://docs.spring.io/spring-boot/how-to/webserver.html#howto.webserver.use-behind-a-proxy-server",
            "https://tomcat.apache.org/tomcat-11.0-doc/api/org/apache/catalina/valves/RemoteIpValve.html",
            "https://github.com/spring-projects/spring-framework/pull/23582",
            "https://docs.spring.io/spring-security/reference/servlet/authentication/events.html",
        ),
        tested=_NOT_RUN.format("Spring"),
    ),
    Integration(
        id="go",
        title="Go net/http",
        intro="Two functions of the standard library: one finds the address, one sends in the background.",
        files=(("main.go", "go.go"),),
        address=(
            "`r.RemoteAddr` is whoever connected, and net/http has nothing of its own for proxies. `clientIP` counts "
            "from the right of `X-Forwarded-For`: set `trustedProxies` to the number of proxies in front of you."
        ),
        documentation=("https://pkg.go.dev/net/http#Request",),
        tested=_BY_HAND.format("Go"),
    ),
    Integration(
        id="aspnet",
        title="ASP.NET Core",
        intro="A client with a timeout that sends in the background, and one line where you check passwords.",
        files=(("Program.cs", "aspnet.cs"),),
        address=(
            "`RemoteIpAddress` is whoever connected. `UseForwardedHeaders` goes through `X-Forwarded-For` from the "
            "right, as far as `ForwardLimit` and only through `KnownProxies`: list the addresses of your proxies. For "
            "ranges there is `KnownIPNetworks` since .NET 10, and before it `KnownNetworks`, which is obsolete now."
        ),
        documentation=("https://learn.microsoft.com/aspnet/core/host-and-deploy/proxy-load-balancer",),
        tested=_NOT_RUN.format(".NET"),
    ),
)
