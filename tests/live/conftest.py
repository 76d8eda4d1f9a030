"""The app behind real sockets in the process of the test: streams of real bytes, without another process to start."""

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.serving import make_server

from checkin.config import Settings
from checkin.live import live
from tests.cast import Cast


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Return settings with a heart that beats twice a second and few seats for streams."""
    return settings.model_copy(update={"heartbeat_seconds": 0.5, "stream_limit": 8})


@pytest.fixture
def here(app: Flask, cast: Cast) -> Iterator[str]:
    """Yield the address of a threaded server that runs in this process."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    live(app).close()
    server.shutdown()
    server.server_close()
    thread.join(timeout=10)
