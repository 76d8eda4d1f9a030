"""What runs in a server's process beside its pages, and how all of it ends: `start_beside` and its `stop`.

A server is one process with the outbox's worker and the feed of changes in it (docs/running.md has the other ways).
"""

import _thread
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from types import FrameType
from typing import Final

from flask import Flask
from sqlalchemy.orm import Session
from structlog import get_logger

from checkin import live
from checkin.alerts.pruning import prune
from checkin.alerts.worker import Worker, open_lanes
from checkin.config import Settings
from checkin.db import transaction
from checkin.server_marks import mark_server

_log = get_logger()
_KEY: Final = "checkin_beside"


class Beside:
    """What one process does beside its pages. `stop` may be called from any thread, more than once."""

    def __init__(self, app: Flask) -> None:
        """Keep the app; nothing runs yet."""
        self._app = app
        self._ends = ExitStack()
        self._once = threading.Lock()
        self._stopped = False

    def start(self) -> None:
        """Start the feed of changes and, unless it has a process of its own, the outbox's worker."""
        settings: Settings = self._app.extensions["checkin_settings"]
        self._ends.enter_context(mark_server(settings))
        if settings.worker_inside:
            self._ends.callback(start_worker(self._app))

    def stop(self) -> None:
        """Tell the streams to close, then let the worker finish what it is sending (at most DRAIN_SECONDS)."""
        with self._once:
            if self._stopped:
                return
            self._stopped = True
            live.live(self._app).close()
            self._ends.close()
            live.live(self._app).stop()


def start_beside(app: Flask) -> Beside:
    """Start, once per process, what runs beside the pages of `app`."""
    known = app.extensions.get(_KEY)
    if known is not None and known[0] == os.getpid():
        beside: Beside = known[1]
        return beside
    beside = Beside(app)
    app.extensions[_KEY] = (os.getpid(), beside)
    beside.start()
    return beside


def start_worker(app: Flask) -> Callable[[], None]:
    """Send what waits in the outbox of `app` from now on; return what ends that and waits for it."""
    settings: Settings = app.extensions["checkin_settings"]

    @contextmanager
    def write() -> Iterator[Session]:
        with app.app_context(), transaction() as session:
            yield session

    lanes = open_lanes(settings, secret_key=app.config["SECRET_KEY"], transaction=write)
    worker = Worker(
        lanes, poll_seconds=settings.outbox_poll_seconds, drain_seconds=settings.drain_seconds,
        tidy=partial(prune, write, keep=timedelta(days=settings.keep_alerts_days)),
    )  # fmt: skip
    worker.start()

    leave = live.on_alerts(app, worker.wake)

    def stop() -> None:
        leave()
        if not worker.stop():
            _log.warning("outbox not drained in time", seconds=settings.drain_seconds)

    return stop


def stop_on_signals(stop: Callable[[], None], *signals: signal.Signals) -> Callable[[], None]:
    """Call `stop` in a thread when one of the signals arrives, before what the process did with it until now.

    Streams have to hear of the end at once: a server waits its whole patience for one that stays open. Returns what
    waits until `stop` has ended.
    """
    begun, ended = threading.Lock(), threading.Event()

    def run() -> None:
        try:
            stop()
        finally:
            ended.set()

    def begin_to_stop() -> None:
        if begun.acquire(blocking=False):
            # Not threading.Thread: its start() waits, which gevent does not allow where it calls handlers.
            _thread.start_new_thread(run, ())

    for one in signals:
        _chain(one, begin_to_stop)

    def wait() -> None:
        begin_to_stop()
        ended.wait()

    return wait


def _chain(one: signal.Signals, first: Callable[[], None]) -> None:
    before = signal.getsignal(one)

    def handle(number: int, frame: FrameType | None) -> None:
        first()
        if callable(before):
            before(number, frame)

    signal.signal(one, handle)
