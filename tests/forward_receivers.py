"""Real receivers of what is forwarded: HTTPS and syslog over TLS on 127.0.0.1, with an authority of their own."""

import contextlib
import gzip
import http.server
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Authority:
    """A certificate authority, and a certificate of it for 127.0.0.1."""

    def __init__(self, directory: Path) -> None:
        key, self._key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test CA")])
        now = datetime.now(UTC)
        basics = x509.BasicConstraints(ca=True, path_length=None)
        usage = x509.KeyUsage(*(one in {5, 6} for one in range(9)))
        ca = self._built(name, name, self._key.public_key(), now).add_extension(basics, critical=True)
        ca = ca.add_extension(usage, critical=True).sign(self._key, hashes.SHA256())
        self.pem = ca.public_bytes(serialization.Encoding.PEM).decode()
        alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("localhost")])
        leaf_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver")])
        leaf = self._built(leaf_name, name, key.public_key(), now).add_extension(alternative, critical=False)
        leaf = leaf.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
        ).sign(self._key, hashes.SHA256())
        self._chain = directory / "receiver.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self._chain.write_bytes(private + leaf.public_bytes(serialization.Encoding.PEM))

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._chain)
        return context

    def _built(self, subject: x509.Name, issuer: x509.Name, key: Any, now: datetime) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        )


class HttpReceiver:
    """Takes batches over HTTPS and keeps them; ``status`` is what it answers with.

    ``rejected`` are ids of records of which each batch is rejected that holds one, with ``rejection``; ``largest`` is how
    many records it takes at once, answering 413 to more. ``answer_headers`` go with each answer.
    """

    def __init__(self, authority: Authority, port: int = 0) -> None:
        self.status = 200
        self.answer_headers: dict[str, str] = {}
        self.rejected: set[str] = set()
        self.rejection = 400
        self.largest: int | None = None
        self.batches: list[tuple[str, list[dict[str, Any]]]] = []  # batch id and records
        self.headers: list[dict[str, str]] = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.headers.append({name.lower(): value for name, value in self.headers.items()} | {"path": self.path})
                records = [json.loads(line) for line in gzip.decompress(body).splitlines()]
                status = receiver.answer_to(records)
                if status == 200:
                    receiver.batches.append((self.headers["X-LiteSOC-Batch-Id"], records))
                self.send_response(status)
                for name, value in {**receiver.answer_headers, "Content-Length": "0"}.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.socket = authority.server_context().wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        self.port = self._server.server_address[1]
        self.url = f"https://127.0.0.1:{self.port}/ingest"

    def answer_to(self, records: list[dict[str, Any]]) -> int:
        if self.largest is not None and len(records) > self.largest:
            return 413
        if any(record.get("metadata", {}).get("uid") in self.rejected for record in records):
            return self.rejection
        return self.status

    @property
    def records(self) -> list[dict[str, Any]]:
        return [record for _, records in self.batches for record in records]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class SyslogReceiver:
    """Takes octet-counted messages over TLS. ``breaks_off`` closes connections without having read to their end."""

    def __init__(self, authority: Authority, port: int = 0, *, answers_close: bool = True) -> None:
        self.messages: list[str] = []
        self.breaks_off = False
        self.connections_count = 0
        self._answers_close = answers_close
        self._context = authority.server_context()
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            with plain, contextlib.suppress(OSError):
                self._read(self._context.wrap_socket(plain, server_side=True))

    def _read(self, secured: ssl.SSLSocket) -> None:
        self.connections_count += 1
        read = b""
        with secured:
            if self.breaks_off:
                secured.recv(10)
                secured.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # reset
                return
            while chunk := secured.recv(65_536):
                read += chunk
            self.messages.extend(_frames(read))
            if self._answers_close:
                secured.unwrap()


def _frames(read: bytes) -> Iterator[str]:
    while read:
        length, _, rest = read.partition(b" ")
        yield rest[: int(length)].decode()
        read = rest[int(length) :]


class SilentReceiver:
    """Accepts connections and never says anything, as a machine does that hangs; ``taken_count`` is how many it holds."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._listener.getsockname()[1]
        self._taken: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def taken_count(self) -> int:
        return len(self._taken)

    def close(self) -> None:
        """Break off all connections."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for one in self._taken:
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                taken, _ = self._listener.accept()
            except OSError:
                return
            self._taken.append(taken)
