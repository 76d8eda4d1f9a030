"""A light load: many keep-alive connections driven by one loop, so that the client leaves the processors to the server.

Each client is a script: a generator that yields the bytes of a request and is given the answer.
"""

import selectors
import socket
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from tests.support.crowd import SignedIn

READ_AT_ONCE = 65536


@dataclass(frozen=True)
class Answer:
    """One answer; status 0 when the connection broke before it was complete. Times are of time.monotonic()."""

    status: int
    location: str
    body: bytes
    invoked: float
    returned: float

    @property
    def seconds(self) -> float:
        return self.returned - self.invoked


Script = Generator[bytes, Answer, None]


def post(path: str, fields: dict[str, str], browser: SignedIn) -> bytes:
    """Return the request with which a browser sends a form."""
    body = urlencode(fields | {"csrf_token": browser.csrf_token}).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nCookie: checkin={browser.cookie}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def get(path: str, browser: SignedIn | None = None) -> bytes:
    """Return the request with which a browser, signed in or not, asks for a page."""
    cookie = f"Cookie: checkin={browser.cookie}\r\n" if browser else ""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{cookie}\r\n".encode()


def drive(address: str, scripts: Sequence[Script], *, seconds: float = 60) -> None:
    """Run all scripts to their ends, each on a connection of its own.

    Raises TimeoutError when they have not ended in time.
    """
    deadline = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        running = 0
        for script in scripts:
            client = _Client(address, script)
            running += client.begin(selector)
        while running:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{running} clients have not ended in {seconds:.0f} s")
            for key, _ in selector.select(timeout=1):
                running -= not key.data.read(selector)


class _Client:
    def __init__(self, address: str, script: Script) -> None:
        parts = urlsplit(address)
        self.where = (parts.hostname or "", parts.port or 80)
        self.script = script
        self.socket: socket.socket | None = None
        self.received = bytearray()
        self.invoked = 0.0

    def begin(self, selector: selectors.BaseSelector) -> bool:
        """Send the first request; False when the script wants none."""
        return self._send(next(self.script, None), selector)

    def read(self, selector: selectors.BaseSelector) -> bool:
        """Read what came; False when the script has ended."""
        assert self.socket is not None
        try:
            part = self.socket.recv(READ_AT_ONCE)
        except OSError:
            part = b""
        self.received += part
        answer = self._answer() if part else Answer(0, "", b"", self.invoked, time.monotonic())
        if answer is None:
            return True
        if answer.status == 0 or b"\r\nconnection: close" in self.received[:2000].lower():
            self._leave(selector)
        self.received.clear()
        try:
            request = self.script.send(answer)
        except StopIteration:
            request = None
        return self._send(request, selector)

    def _answer(self) -> Answer | None:
        head, separator, body = self.received.partition(b"\r\n\r\n")
        if not separator:
            return None
        headers = head.decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in headers[1:])}
        if len(body) < int(fields.get("content-length", "0")):
            return None
        status = int(headers[0].split(" ", 2)[1])
        return Answer(status, fields.get("location", ""), bytes(body), self.invoked, time.monotonic())

    def _send(self, request: bytes | None, selector: selectors.BaseSelector) -> bool:
        if request is None:
            self._leave(selector)
            return False
        if self.socket is None:
            self.socket = socket.create_connection(self.where, timeout=30)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(self.socket, selectors.EVENT_READ, self)
        self.invoked = time.monotonic()
        self.socket.sendall(request)
        return True

    def _leave(self, selector: selectors.BaseSelector) -> None:
        if self.socket is not None:
            selector.unregister(self.socket)
            self.socket.close()
            self.socket = None
