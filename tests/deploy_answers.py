"""What Django advises about the settings in the environment, and how they let a proxy's client be answered.

Run as a script it prints one JSON document: settings are read once per process.
"""

import json
from typing import Any


def _answers() -> dict[str, Any]:
    import django  # noqa: PLC0415 # only this process needs it

    django.setup()
    from django.conf import settings  # noqa: PLC0415 # needs Django set up
    from django.core.checks import WARNING, run_checks  # noqa: PLC0415 # needs Django set up
    from django.test import Client  # noqa: PLC0415 # needs Django set up

    said = run_checks(include_deployment_checks=True)
    advice = [str(message) for message in said if message.level >= WARNING and not message.is_silenced()]
    client = Client(headers={"host": "soc.shop.example", "x-forwarded-proto": "https"})
    contact = client.get("/.well-known/security.txt")
    client.get("/accounts/login/")
    return {
        "advice": advice,
        "security_txt": [contact.status_code, contact.headers.get("Strict-Transport-Security")],
        "session_cookie": settings.SESSION_COOKIE_NAME,
        "cookies": [cookie.OutputString() for cookie in client.cookies.values()],
    }


if __name__ == "__main__":
    print(json.dumps(_answers()))
