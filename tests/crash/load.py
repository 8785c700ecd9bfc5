"""Senders that keep on sending while the server is killed under them, and remember exactly what was acknowledged."""

import http.client
import itertools
import json
import random
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

SENDERS = 6
BATCH_EVENTS_MAX = 20
# An event that is a critical alert of its address whatever else happens: others are gathered when there are very many.
ATTACK = "security.suspicious_activity"
ATTACK_EVENTS = 3  # of one address: one alert
ATTACK_SHARE = 0.05
REQUEST_TIMEOUT_S = 10
PAUSE_S = 0.02  # between a sender's requests: some 2,000 events a second, which can be counted through the API afterwards
CALM_PAUSE_S = 0.1  # for tests in which much else is done with every event


@dataclass
class Ledger:
    """What was sent. A number without an answer is unknown: the server may or may not have stored it."""

    acknowledged: set[int] = field(default_factory=set)
    unknown: set[int] = field(default_factory=set)
    refused: dict[int, int] = field(default_factory=dict)  # status -> requests
    attacks: dict[str, list[int]] = field(default_factory=dict)  # address -> the numbers of its events

    def certain_attacks(self) -> set[str]:
        """Addresses of which an event was acknowledged, so that an alert is due."""
        return {ip for ip, numbers in self.attacks.items() if any(n in self.acknowledged for n in numbers)}

    def possible_attacks(self) -> set[str]:
        """Addresses that may have an alert, because unanswered requests may have been stored."""
        known = self.acknowledged | self.unknown
        return {ip for ip, numbers in self.attacks.items() if any(n in known for n in numbers)}


class Load:
    """Runs the senders until stopped."""

    def __init__(self, api_key: str, seed: int, *, pause_s: float = PAUSE_S) -> None:
        self.ledger = Ledger()
        self._api_key = api_key
        self._seed = seed
        self._pause_s = pause_s
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._address: tuple[str, int] | None = None
        self._is_stopping = threading.Event()
        self._threads = [threading.Thread(target=self._send_on, args=(i,), daemon=True) for i in range(SENDERS)]

    def start(self, url: str) -> None:
        """Start sending to ``url``."""
        self.point_at(url)
        for thread in self._threads:
            thread.start()

    def point_at(self, url: str) -> None:
        """Send to ``url`` from now on."""
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._address = (parts.hostname, parts.port)

    def stop(self) -> None:
        """Stop and wait for the last answers."""
        self._is_stopping.set()
        for thread in self._threads:
            thread.join(REQUEST_TIMEOUT_S + 5)

    def _send_on(self, sender: int) -> None:
        rng = random.Random(self._seed * 1000 + sender)
        connection: http.client.HTTPConnection | None = None
        connected_to: tuple[str, int] | None = None
        while not self._is_stopping.is_set():
            if connection is None or connected_to != self._address:
                assert self._address is not None
                if connection is not None:
                    connection.close()
                connected_to = self._address
                connection = http.client.HTTPConnection(*connected_to, timeout=REQUEST_TIMEOUT_S)
            numbers, body = self._next_request(rng)
            if not self._send(connection, numbers, body):
                connection.close()
                connection = None
            time.sleep(self._pause_s)
        if connection is not None:
            connection.close()

    def _next_request(self, rng: random.Random) -> tuple[list[int], bytes]:
        is_attack = rng.random() < ATTACK_SHARE
        count = ATTACK_EVENTS if is_attack else rng.randint(1, BATCH_EVENTS_MAX)
        with self._lock:
            numbers = [next(self._numbers) for _ in range(count)]
        if is_attack:
            ip = f"11.{numbers[0] >> 16 & 255}.{numbers[0] >> 8 & 255}.{numbers[0] & 255}"
            with self._lock:
                self.ledger.attacks[ip] = numbers
            events = [self._event(ATTACK, n, ip) for n in numbers]
        else:
            events = [self._event("data.import", n, None) for n in numbers]
        return numbers, json.dumps(events[0] if count == 1 else {"events": events}).encode()

    @staticmethod
    def _event(name: str, number: int, ip: str | None) -> dict[str, object]:
        actor = None if name == ATTACK else {"id": f"user-{number}"}
        return {"event": name, "actor": actor, "user_ip": ip, "metadata": {"number": number}}

    def _send(self, connection: http.client.HTTPConnection, numbers: list[int], body: bytes) -> bool:
        headers = {"X-API-Key": self._api_key, "Content-Type": "application/json"}
        try:
            connection.request("POST", "/api/v1/collect", body, headers)
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException):
            with self._lock:
                self.ledger.unknown.update(numbers)
            return False
        with self._lock:
            if response.status == 202:
                self.ledger.acknowledged.update(numbers)
            else:
                self.ledger.unknown.update(numbers)  # a 503 may come after a commit whose success was not seen
                self.ledger.refused[response.status] = self.ledger.refused.get(response.status, 0) + 1
        return True
