"""A double of a vendor's documented endpoint: a real HTTPS server, at which the vendor's name ends in this process.

Names are resolved to the double, and its certificate is signed by an authority that this test alone trusts. Nothing of the
product is changed: it looks names up, connects, checks the certificate and speaks as it does outside.
"""

import datetime as dt
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_httpserver import HTTPServer

from litesoc_server.egress import http
from litesoc_server.egress.policy import EgressPolicy

LOOPBACK_TOO = EgressPolicy((ip_network("127.0.0.0/8"),))
_real_getaddrinfo = socket.getaddrinfo


class Authority:
    """A certificate authority of one test run."""

    def __init__(self, directory: Path) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        certificate = self._signed(self._name, self._key.public_key(), x509.BasicConstraints(ca=True, path_length=0))
        self.file = directory / "authority.pem"
        self.file.write_bytes(certificate)

    def server_context(self, directory: Path, *hosts: str) -> ssl.SSLContext:
        """Return what a server at ``hosts`` shows."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        pem = self._signed(name, key.public_key(), names)
        pem += key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        file = directory / f"{hosts[0]}.pem"
        file.write_bytes(pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _signed(self, name: x509.Name, key: Any, extension: x509.ExtensionType) -> bytes:
        now = dt.datetime.now(dt.UTC)
        builder = x509.CertificateBuilder(self._name, name, key, x509.random_serial_number())
        builder = builder.not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        own = x509.SubjectKeyIdentifier.from_public_key(key)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        is_authority = isinstance(extension, x509.BasicConstraints)
        for one in (own, issuer):
            builder = builder.add_extension(one, critical=False)
        if is_authority:
            usage = x509.KeyUsage(**{**_NO_USAGE, "key_cert_sign": True, "crl_sign": True})
            builder = builder.add_extension(usage, critical=True)
        builder = builder.add_extension(extension, critical=is_authority)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


_NO_USAGE = dict.fromkeys(
    (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
        *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    ),
    False,
)


def lead(monkeypatch: pytest.MonkeyPatch, places: dict[str, tuple[str, int]]) -> None:
    """Let names lead to addresses and ports; other names lead nowhere."""

    def getaddrinfo(host: Any, port: Any, *args: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name in places:
            return _real_getaddrinfo(*places[name], *args, **named)
        if name in {"127.0.0.1", "localhost", "::1"}:
            return _real_getaddrinfo(host, port, *args, **named)
        raise socket.gaierror(socket.EAI_NONAME, "no such name in this test")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@contextmanager
def vendor(monkeypatch: pytest.MonkeyPatch, authority: Authority, *hosts: str) -> Iterator[HTTPServer]:
    """Run a double at which ``hosts`` end."""
    with HTTPServer(host="127.0.0.1", port=0, ssl_context=authority.server_context(authority.file.parent, *hosts)) as server:
        lead(monkeypatch, dict.fromkeys(hosts, ("127.0.0.1", server.port)))
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))  # httpx, and Python's ssl
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.file))
        http._public_authorities.cache_clear()  # it is read once for each process
        try:
            yield server
        finally:
            http._public_authorities.cache_clear()
        server.check()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))
