"""gunicorn's settings: `gunicorn -c python:checkin.gunicorn_settings "app:create_app()"` (docs/running.md).

What is given on its own command line counts more. Little is imported up here: with `-k gevent` the worker first patches
the sockets first, and psycopg decides when it is imported how to wait for them.
"""

import os
import signal
from collections.abc import Callable
from typing import Any, Final

from checkin.config import read_settings

_settings: Final = read_settings()

bind = f"[{_settings.host}]:{_settings.port}" if ":" in _settings.host else f"{_settings.host}:{_settings.port}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "1"))
# Each stream holds a thread for as long as somebody watches; STREAM_LIMIT leaves the rest to pages.
threads = int(os.environ.get("WEB_THREADS", "256"))
# For gevent: more than the streams that one process may have.
worker_connections = 12_000
keepalive = 20
# The worker drains first; then the feed of changes hangs up.
graceful_timeout = int(_settings.drain_seconds) + 5
control_socket_disable = True
loglevel = os.environ.get("LOG_LEVEL", "warning")

_waits: dict[int, Callable[[], None]] = {}


def on_starting(server: Any) -> None:
    """Refuse several processes on one SQLite file; keep gevent from waiting for connections that nobody uses."""
    if server.cfg.workers > 1 and _settings.is_sqlite:
        message = "SQLite means one server process: its writers would wait for each other unfairly. Use PostgreSQL."
        raise SystemExit(message)
    if server.cfg.worker_class_str == "gevent":
        # At its end it waits for each of them as if it were a request; gthread hangs up at once.
        server.cfg.set("keepalive", 2)


def post_worker_init(worker: Any) -> None:
    """Start what runs beside the pages; gunicorn has set its signals by now, so ours come before them."""
    from checkin.serving import start_beside, stop_on_signals  # noqa: PLC0415 - after gevent has patched

    beside = start_beside(worker.wsgi)
    _waits[os.getpid()] = stop_on_signals(beside.stop, signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)


def worker_exit(server: Any, worker: Any) -> None:  # noqa: ARG001 - gunicorn's names
    """Wait until all of it has ended."""
    wait = _waits.pop(os.getpid(), None)
    if wait is not None:
        wait()
