"""gunicorn's settings: `gunicorn -c python:checkin.gunicorn_settings "app:create_app()"` (docs/running.md).

What is given on gunicorn's own command line counts more.
"""

import os
import signal
from typing import Any, Final

from checkin.config import read_settings
from checkin.serving import start_beside, stop_on_signals

_settings: Final = read_settings()

bind = f"[{_settings.host}]:{_settings.port}" if ":" in _settings.host else f"{_settings.host}:{_settings.port}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "1"))
# Each stream holds a thread for as long as somebody watches; STREAM_LIMIT leaves the rest to pages.
threads = int(os.environ.get("WEB_THREADS", "256"))
keepalive = 20
graceful_timeout = int(_settings.drain_seconds) + 2
control_socket_disable = True
loglevel = os.environ.get("LOG_LEVEL", "warning")

_waits: dict[int, Any] = {}


def on_starting(server: Any) -> None:
    """Refuse several processes on one SQLite file."""
    if server.cfg.workers > 1 and _settings.is_sqlite:
        message = "SQLite means one server process: its writers would wait for each other unfairly. Use PostgreSQL."
        raise SystemExit(message)


def post_worker_init(worker: Any) -> None:
    """Start what runs beside the pages; gunicorn has set its signals by now, so ours come before them."""
    beside = start_beside(worker.wsgi)
    wait = stop_on_signals(beside.stop, signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
    _waits[os.getpid()] = wait


def worker_exit(server: Any, worker: Any) -> None:  # noqa: ARG001 - gunicorn's names
    """Wait until all of it has ended."""
    wait = _waits.pop(os.getpid(), None)
    if wait is not None:
        wait()
