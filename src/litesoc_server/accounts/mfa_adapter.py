"""What allauth asks of us about second factors: how secrets are kept, and what passkeys belong to."""

from typing import Any, ClassVar
from urllib.parse import urlsplit

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from qrcode.main import QRCode

from litesoc_server.accounts.host_names import host_without_port
from litesoc_server.accounts.models import User
from litesoc_server.accounts.sealing import SecretUnreadable, seal, unseal


class MfaAdapter(DefaultMFAAdapter):
    """Two-factor sign-in of this server."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "This code is wrong or was used before.",
    }

    def encrypt(self, text: str) -> str:
        """Return ``text``, the secret of an authenticator app or of recovery codes, as it is stored."""
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Return what ``encrypt`` was given. Raises ValidationError when the key that encrypted it is gone."""
        try:
            return unseal(encrypted_text)
        except SecretUnreadable:
            text = "Your second factor cannot be checked: the server's key was changed. Ask who runs the server to reset it."
            raise ValidationError(text) from None

    def build_totp_svg(self, url: str) -> str:
        """Return ``url`` as a QR code, one path without inline styles."""
        code = QRCode(border=2)  # modules of margin; the page adds more
        code.add_data(url)
        rows = code.get_matrix()
        path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark)
        return format_html(
            '<svg class="qr" viewBox="0 0 {0} {0}" role="img" aria-label="QR code for the app" shape-rendering="crispEdges">'
            '<path d="{1}"/></svg>',
            len(rows),
            path,
        )

    def generate_authenticator_name(self, user: User, type: str) -> str:  # noqa: A002 # allauth's own name
        """Return the name that a new passkey has until somebody gives it one."""
        del type
        return f"Passkey {Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).count() + 1}"

    def get_public_key_credential_rp_entity(self) -> dict[str, Any]:
        """Return what passkeys are bound to: the host name of the public address, else the one that was asked."""
        host = urlsplit(settings.PUBLIC_URL).hostname or host_without_port(context.request.get_host())
        return {"id": host, "name": "LiteSOC"}
