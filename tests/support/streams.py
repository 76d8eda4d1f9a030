"""A page that watches, without a browser: reads server-sent events from a real server in a thread."""

import queue
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Message:
    """One event of a stream; `name` is "" for those that carry the page's HTML. `at` is time.monotonic()."""

    name: str
    data: str
    at: float


class Watcher:
    """What was heard so far, and the wait for what comes."""

    def __init__(self, response: HTTPResponse) -> None:
        self.headers = response.headers
        self.retry: int | None = None
        self._response = response
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def hear(self, name: str = "", *, containing: str = "", within: float = 5.0) -> Message:
        """Return the next message of that name whose data contain the text; raises TimeoutError."""
        deadline = time.monotonic() + within
        while True:
            try:
                message = self._messages.get(timeout=max(deadline - time.monotonic(), 0.001))
            except queue.Empty:
                raise TimeoutError(f"no {name or 'unnamed'} message with {containing!r} in {within} s") from None
            if message.name == name and containing in message.data:
                return message

    def hears_nothing(self, name: str = "", *, for_seconds: float) -> bool:
        """Tell whether no message of that name comes within this time."""
        try:
            self.hear(name, within=for_seconds)
        except TimeoutError:
            return True
        return False

    def ends(self, *, within: float) -> bool:
        """Tell whether the server ends the stream within this time."""
        return self._ended.wait(within)

    def leave(self, line: socket.socket) -> None:
        """Hang up; the reader may be in the middle of it, so the line is cut before anything is closed."""
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=10)
        self._response.close()

    def _read(self) -> None:
        name, data = "", list[str]()
        try:
            for line in self._response:
                key, _, value = line.decode().rstrip("\n").partition(": ")
                if key == "event":
                    name = value
                elif key == "data":
                    data.append(value)
                elif key == "retry":
                    self.retry = int(value)
                elif not key and (name or data):
                    self._messages.put(Message(name, "\n".join(data), time.monotonic()))
                    name, data = "", []
        except (OSError, ValueError, AttributeError, HTTPException):
            pass  # closed by the test or cut by the server
        self._ended.set()


@contextmanager
def watching(address: str, path: str, *, cookie: str = "") -> Iterator[Watcher]:
    """Open a stream of the server at `address`, and close it afterwards. Raises AssertionError when it is refused."""
    connection = _connect(address)
    connection.connect()
    line = connection.sock
    try:
        response = _ask(connection, path, {"Cookie": f"checkin={cookie}"} if cookie else {})
        if response.status != 200:
            response.close()
            raise AssertionError(f"{path} answered {response.status}")
        watcher = Watcher(response)
        try:
            yield watcher
        finally:
            watcher.leave(line)
    finally:
        connection.close()
        line.close()


def ask(address: str, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, Mapping[str, str], str]:
    """Ask once and return status, headers and body; of a stream, the body is left unread."""
    connection = _connect(address)
    with closing(connection), closing(_ask(connection, path, headers or {})) as response:
        is_stream = response.headers.get_content_type() == "text/event-stream"
        return response.status, dict(response.headers), "" if is_stream else response.read().decode()


def _connect(address: str) -> HTTPConnection:
    parts = urlsplit(address)
    return HTTPConnection(parts.hostname or "", parts.port, timeout=30)


def _ask(connection: HTTPConnection, path: str, headers: Mapping[str, str]) -> HTTPResponse:
    connection.request("GET", path, headers={"Accept": "text/event-stream", **headers})
    return connection.getresponse()
