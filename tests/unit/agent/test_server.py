"""What the agent makes of answers that no LiteSOC server gives."""

import gzip
import socket
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from threading import Thread

import pytest

from litesoc_server.agent.server import Fate, Server

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextmanager
def one_answer(head: bytes, pieces: Iterator[bytes]) -> Generator[tuple[str, list[int]]]:
    """Answer one request with ``head`` and the pieces; gives the address, and a list of how many bytes went out."""
    sent = [0]

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            try:
                connection.sendall(head)
                for piece in pieces:
                    connection.sendall(piece)
                    sent[0] += len(piece)
            except OSError:  # the agent has hung up
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", sent
        thread.join(10)


def agents_side(url: str) -> closing[Server]:
    return closing(Server(url, "lsoc_live_0123456789abcdef"))


def test_of_an_endless_answer_only_the_beginning_is_read() -> None:
    pieces = (b" " * 65_536 for _ in range(2_000))  # 131 MB
    with one_answer(HEAD + b"Content-Length: 131072000\r\n\r\n", pieces) as (url, sent), agents_side(url) as server:
        answer = server.health()

    assert answer.fate is Fate.NEEDS_A_PERSON
    assert "no LiteSOC server" in answer.reason
    assert sent[0] < 20_000_000  # what lies in the buffers of two sockets is on top of what is read


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(b'{"status": "ok"}'),
        b"[" * 500_000,
        b'{"status": "\xff"}',
        b"<html>",
    ],
    ids=["compressed unasked", "deep", "no UTF-8", "a page"],
)
def test_an_answer_that_is_no_json_says_that_the_address_is_wrong(body: bytes) -> None:
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    with one_answer(head, iter([body])) as (url, _), agents_side(url) as server:
        answer = server.health()

    assert answer.fate is Fate.NEEDS_A_PERSON
    assert "no LiteSOC server" in answer.reason
