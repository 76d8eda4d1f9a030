"""The line between a browser and the server: bytes pass in both directions until it is cut, or loses the answers."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


class Line:
    """A port of loopback that leads to the server at `address` for as long as the line holds."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._server = (parts.hostname or "", parts.port or 0)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._loses_answers = False
        self._listener: socket.socket | None = None
        self._port = 0
        self.mend()

    @property
    def address(self) -> str:
        """Return where the line begins."""
        return f"http://127.0.0.1:{self._port}"

    def mend(self) -> None:
        """Let everything pass."""
        self._loses_answers = False
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self._port))
            self._port = self._listener.getsockname()[1]
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def lose_answers(self) -> None:
        """Let requests reach the server from now on, and drop the connection instead of passing on what it answers."""
        self._loses_answers = True

    def cut(self) -> None:
        """Refuse new connections and drop the open ones."""
        if self._listener is not None:
            # Wakes accept(), which close() alone does not.
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        with self._lock:
            ends, self._open = self._open, set()
        for end in ends:
            _close(end)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(self._server)
            except OSError:
                return
            with self._lock:
                self._open |= {near, far}
            threading.Thread(target=self._pass_on, args=(near, far, False), daemon=True).start()
            threading.Thread(target=self._pass_on, args=(far, near, True), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:  # noqa: FBT001
        with suppress(OSError):
            while data := source.recv(65536):
                if is_answer and self._loses_answers:
                    break
                target.sendall(data)
        with self._lock:
            self._open -= {source, target}
        _close(source)
        _close(target)


def _close(end: socket.socket) -> None:
    # A thread that waits in recv() wakes by shutdown only.
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@contextmanager
def line_to(address: str) -> Iterator[Line]:
    """Yield a line to the server at `address`, cut in the end."""
    line = Line(address)
    try:
        yield line
    finally:
        line.cut()
