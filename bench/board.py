"""Measure the live board and print one line of JSON.

- `cached_per_rendered`: the rate of GET /demo/board (the fragment) from a server that holds the board, against the same
  server made to read and render it for every request; `not_modified_per_rendered`: the same with a matching ETag (304).
- `one_process`: 200 boards watch the server of `make run` (one gthread process, SQLite), which commits changes itself;
  milliseconds from the commit to the board that hears of it last: median and 99th percentile over the changes.
- `live_process`: 1,000 boards watch a gevent process of its own on PostgreSQL, while another process commits; the same
  figures, and how much the process grew, as megabytes per 1,000 watchers.

Both include the 100 ms for which the pump gathers changes. Everything runs on loopback, clients beside servers.
"""

import json
import resource
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask

from app import create_app
from checkin.config import ROOT, Settings
from checkin.db import transaction
from checkin.live import live
from checkin.queueing.moving import put_back
from checkin.queueing.taking import take_next
from tests.cast import Cast, cast_of, queue_of
from tests.support.databases import SECRET_KEY, close, make_tables
from tests.support.postgres import Durability, running_postgres
from tests.support.server import free_port, running_server

ROWS = 40
CHANGES = 20
WATCHERS_ONE, WATCHERS_LIVE = 200, 1000
CLIENTS, SECONDS = 4, 2.0
FRAGMENT = {"HX-Request": "true"}


def create_rendering_app() -> Flask:
    """Return the app that trusts nothing it holds: each request reads and renders."""
    app = create_app()
    live(app).boards._is_trusted = lambda: False
    return app


def create_committing_app() -> Flask:
    """Return the app with an address that changes a ticket and answers with the moment of the commit."""
    app = create_app()
    app.config["WTF_CSRF_ENABLED"] = False
    lock = threading.Lock()

    @app.post("/bench/change/<int:event_id>/<int:expert_id>")
    def change(event_id: int, expert_id: int) -> str:
        with lock:
            return str(_change(app, event_id, expert_id))

    return app


def main() -> None:
    """Measure all and print."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory(prefix="checkin-bench-") as folder:
        figures = _on_sqlite(Path(folder) / "sqlite") | _on_postgres(Path(folder) / "postgres")
    print(json.dumps({"bench": "board", "rows": ROWS} | figures))


def _on_sqlite(folder: Path) -> dict[str, object]:
    settings = _settings(f"sqlite:///{folder / 'bench.sqlite3'}", folder)
    with _event(settings, folder) as cast:
        with running_server(settings, threads=256) as address:
            etag = _get(address, FRAGMENT)[1]
            cached, unchanged = _rate(address, FRAGMENT), _rate(address, FRAGMENT | {"If-None-Match": etag})
        with running_server(settings, app="bench.board:create_rendering_app()", threads=256) as address:
            rendered = _rate(address, FRAGMENT)
        with running_server(settings, app="bench.board:create_committing_app()", threads=256) as address:
            path = f"/bench/change/{cast.event_id}/{cast.emil.id}"
            pushed = _pushes(address, WATCHERS_ONE, lambda: float(_post(address, path)))
    return {
        "cached_per_second": round(cached), "not_modified_per_second": round(unchanged),
        "rendered_per_second": round(rendered), "cached_per_rendered": round(cached / rendered, 1),
        "not_modified_per_rendered": round(unchanged / rendered, 1), "one_process": pushed,
    }  # fmt: skip


def _on_postgres(folder: Path) -> dict[str, object]:
    with running_postgres(Durability.ON_DISK) as server:
        settings = _settings(server.new_database(), folder)
        with _event(settings, folder) as cast, _live_process(settings) as (address, worker):
            _get(address, FRAGMENT)
            before = _megabytes(worker())
            grown: list[float] = []
            pushed = _pushes(
                address, WATCHERS_LIVE, lambda: _change(cast.app, cast.event_id, cast.emil.id),
                when_open=lambda: grown.append(_megabytes(worker()) - before),
            )  # fmt: skip
            figures = pushed | {"mb_per_1000": round(grown[0] * 1000 / WATCHERS_LIVE, 1)}
    return {"live_process": figures}


def _settings(url: str, folder: Path) -> Settings:
    folder.mkdir()
    return Settings(
        database_url=url, secret_key=SECRET_KEY, instance_folder=folder, worker_inside=False, stream_limit=2000
    )


@contextmanager
def _event(settings: Settings, folder: Path) -> Iterator[Cast]:
    """Yield the cast at an event whose board has `ROWS` tickets; the rules' own app, without pages."""
    make_tables(settings.database_url, folder)
    app = create_app(settings)
    try:
        cast = cast_of(app)
        queue_of(cast, ROWS)
        yield cast
    finally:
        live(app).stop()
        close(app)


_hands: dict[int, str] = {}


def _change(app: Flask, event_id: int, expert_id: int) -> float:
    """Take a ticket or put it back, by turns; return the moment of the commit (time.monotonic() of this machine)."""
    with app.app_context(), transaction() as session:
        if expert_id in _hands:
            put_back(session, _hands.pop(expert_id), event_id=event_id, by=expert_id, version=None)
        else:
            made = take_next(
                session, event_id=event_id, team_code="STQ", expert_id=expert_id, request_key=str(time.monotonic_ns()),
                desk="7",
            )  # fmt: skip
            _hands[expert_id] = made.key
    return time.monotonic()


@contextmanager
def _live_process(settings: Settings) -> Iterator[tuple[str, Callable[[], int]]]:
    """Yield the address of a gevent server and what returns the id of its worker."""
    port = free_port()
    command = [
        sys.executable, "-m", "gunicorn", "app:create_app()", "--bind", f"127.0.0.1:{port}", "--worker-class", "gevent",
        "--worker-connections", "4000", "--backlog", "2048", "--no-control-socket", "--log-level", "warning",
        "--graceful-timeout", "5",
    ]  # fmt: skip
    given = {
        "DATABASE_URL": settings.database_url, "SECRET_KEY": settings.secret_key, "STREAM_LIMIT": "4000",
        "INSTANCE_FOLDER": str(settings.instance_folder), "WORKER_INSIDE": "false", "PATH": "/usr/bin:/bin",
    }  # fmt: skip
    with subprocess.Popen(command, cwd=ROOT, env=given) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_until_alive(address, process)
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
            yield address, lambda: int(children.read_text(encoding="ascii").split()[0])
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_until_alive(address: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            _get(address, {})
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the live process did not start")


def _megabytes(process_id: int) -> float:
    for line in Path(f"/proc/{process_id}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("no memory to be seen")


def _connect(address: str) -> HTTPConnection:
    parts = urlsplit(address)
    return HTTPConnection(parts.hostname or "", parts.port, timeout=30)


def _get(address: str, headers: dict[str, str]) -> tuple[int, str]:
    with closing(_connect(address)) as connection:
        connection.request("GET", "/demo/board", headers=headers)
        response = connection.getresponse()
        response.read()
        return response.status, response.headers.get("ETag", "")


def _post(address: str, path: str) -> str:
    with closing(_connect(address)) as connection:
        connection.request("POST", path)
        response = connection.getresponse()
        body = response.read().decode()
        if response.status != 200:
            raise SystemExit(f"{path} answered {response.status}")
        return body


def _rate(address: str, headers: dict[str, str]) -> float:
    """Return how many requests a second a few clients with open connections get through."""
    done: list[int] = []

    def ask() -> None:
        count, connection = 0, _connect(address)
        with closing(connection):
            until = time.monotonic() + SECONDS
            while time.monotonic() < until:
                connection.request("GET", "/demo/board", headers=headers)
                connection.getresponse().read()
                count += 1
        done.append(count)

    clients = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return sum(done) / SECONDS


def _pushes(
    address: str, watchers: int, change: Callable[[], float], *, when_open: Callable[[], object] = lambda: None
) -> dict[str, object]:
    """Open the streams, make the changes one by one, and return how long each took to reach the last of them."""
    with ExitStack() as open_lines, selectors.DefaultSelector() as selector:
        for _ in range(watchers):
            line = open_lines.enter_context(_watch(address))
            selector.register(line, selectors.EVENT_READ)
        _last_heard(selector, watchers)
        when_open()
        last: list[float] = []
        for _ in range(CHANGES):
            told: list[float] = []
            changing = threading.Thread(target=lambda told=told: told.append(change()))
            changing.start()
            arrived = _last_heard(selector, watchers)
            changing.join()
            last.append(1000 * (arrived - told[0]))
    return {
        "watchers": watchers, "changes": CHANGES, "p50_ms": round(statistics.median(last)),
        "p99_ms": round(sorted(last)[int(len(last) * 0.99)]),
    }  # fmt: skip


@contextmanager
def _watch(address: str) -> Iterator[socket.socket]:
    parts = urlsplit(address)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30) as line:
        line.sendall(f"GET /demo/board/events HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
        line.settimeout(0)
        yield line


def _last_heard(selector: selectors.BaseSelector, watchers: int) -> float:
    """Read until every stream has brought a board; return when the last one did."""
    heard: set[int] = set()
    deadline = time.monotonic() + 30
    while len(heard) < watchers:
        if time.monotonic() > deadline:
            raise SystemExit(f"only {len(heard)} of {watchers} boards heard of a change")
        for key, _ in selector.select(timeout=1):
            line = key.fileobj
            assert isinstance(line, socket.socket)
            if b"board-rows" in line.recv(262_144):
                heard.add(key.fd)
    return time.monotonic()


if __name__ == "__main__":
    main()
