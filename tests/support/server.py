"""The real app behind real processes and threads on loopback, for races and browsers."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from urllib.request import urlopen

import pytest

from checkin.config import ROOT, Settings


class ServerMissing(Exception):
    """The server did not start; the message holds what it said."""


@contextmanager
def running_server(
    settings: Settings, *, app: str = "app:create_app()", processes: int = 1, threads: int = 64, seconds: float = 90,
    **environment: str,
) -> Iterator[str]:  # fmt: skip
    """Yield the address (http://127.0.0.1:port) of gunicorn with that many processes of that many threads.

    `app` names what is served; `environment` is added to that of the processes. SQLite wants one process.
    """
    port = free_port()
    command = [
        sys.executable, "-m", "gunicorn", app, "--bind", f"127.0.0.1:{port}", "--workers", str(processes),
        "--worker-class", "gthread", "--threads", str(threads), "--keep-alive", "75", "--no-control-socket",
        "--log-level", "warning", "--graceful-timeout", "5",
    ]  # fmt: skip
    given = _as_environment(settings) | {"PORT": str(port)} | environment
    with (
        TemporaryFile() as log,
        subprocess.Popen(command, cwd=ROOT, env=os.environ | given, stdout=log, stderr=subprocess.STDOUT) as process,
    ):
        try:
            address = f"http://127.0.0.1:{port}"
            if not _alive_within(address, process, seconds):
                log.seek(0)
                raise ServerMissing(log.read().decode(errors="replace"))
            yield address
        finally:
            process.terminate()
            process.wait(timeout=30)


def _as_environment(settings: Settings) -> dict[str, str]:
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    return {name.upper(): ",".join(value) if isinstance(value, tuple) else str(value) for name, value in given.items()}


def _alive_within(address: str, process: subprocess.Popen[bytes], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urlopen(f"{address}/healthz", timeout=5):
                return True
        except OSError:  # not there yet, or too busy to answer
            time.sleep(0.05)
    return False


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def live_server(settings: Settings) -> Iterator[str]:
    """Yield the address of the app as `make run` serves it: one process, many threads, on the test's database."""
    with running_server(settings) as address:
        yield address
