"""What changed, told to this process: by its own commits at once, by those of other processes within a moment.

On PostgreSQL other processes are heard by LISTEN, on one connection per process that nothing else uses. On SQLite,
which has no such word, the version of the file is looked at five times a second; it does not say what changed, so
everything may have. `Feed.subscribe` takes the same listeners as `checkin.db.subscribe`.
"""

import random
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql
from sqlalchemy import Engine
from structlog import get_logger

from checkin import db
from checkin.db import Announcement

ANYTHING: Final = Announcement("anything", 0)
LISTENER_NAME: Final = "checkin feed"
Listener = Callable[[Announcement], None]

_LOOK_SECONDS: Final = 0.2
_LONGEST_PAUSE: Final = 5.0
_log = get_logger()


class Feed:
    """Tells its listeners each announcement of this process and of all others.

    `ANYTHING` is told when it cannot be known what was missed: after the line to the database was lost, or when
    another process wrote to SQLite. An announcement may be told twice. Listeners are called in the thread that commits,
    or in the feed's own: they must be quick and must not raise.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._listeners: tuple[Listener, ...] = ()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._own = threading.Event()
        self._hearing = threading.Event()
        self._thread: threading.Thread | None = None
        self._leave: Callable[[], None] | None = None

    @property
    def is_hearing(self) -> bool:
        """Tell whether commits of other processes are heard at this moment."""
        return self._hearing.is_set()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` for each announcement from now on; return what ends that. The first one starts the thread."""
        with self._lock:
            self._listeners = (*self._listeners, listener)
            if self._thread is None:
                self._start()
        return lambda: self._unsubscribe(listener)

    def stop(self) -> None:
        """End the thread and its connection and forget the listeners; `subscribe` starts it again."""
        with self._lock:
            thread = self._halt()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=_LONGEST_PAUSE)

    def wait_until_hearing(self, timeout: float) -> bool:
        """Wait until other processes are heard; return whether that came about within `timeout` seconds."""
        return self._hearing.wait(timeout)

    def _start(self) -> None:
        self._stop = threading.Event()
        self._leave = db.subscribe(self._tell_own)
        hear = self._look if self._engine.dialect.name == "sqlite" else self._listen
        self._thread = threading.Thread(target=self._hear, args=(hear, self._stop), name="feed", daemon=True)
        self._thread.start()

    def _halt(self) -> threading.Thread | None:
        thread, self._thread = self._thread, None
        self._listeners = ()
        self._stop.set()
        self._own.set()
        if self._leave is not None:
            self._leave()
            self._leave = None
        return thread

    def _unsubscribe(self, listener: Listener) -> None:
        with self._lock:
            self._listeners = tuple(one for one in self._listeners if one is not listener)
            if not self._listeners:
                self._halt()

    def _tell(self, announcement: Announcement) -> None:
        for listener in self._listeners:
            listener(announcement)

    def _tell_own(self, announcement: Announcement) -> None:
        self._tell(announcement)
        # Looked at now, this process's own commit is told in the same moment and not once more a little later.
        self._own.set()

    def _hear(self, hear: Callable[[threading.Event], None], stop: threading.Event) -> None:
        pause = 0.1
        while not stop.is_set():
            try:
                hear(stop)
            except (psycopg.Error, sqlite3.Error, OSError) as error:
                pause = 0.1 if self._hearing.is_set() else min(pause * 2, _LONGEST_PAUSE)
                _log.warning("feed lost", error=type(error).__name__, again_in=round(pause, 1))
            finally:
                self._hearing.clear()
            # Jittered, or all servers come back to a database that restarts in the same moment.
            stop.wait(pause * random.uniform(0.5, 1.5))  # noqa: S311

    def _listen(self, stop: threading.Event) -> None:
        address = self._engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(
            address, autocommit=True, connect_timeout=5, application_name=LISTENER_NAME,
            keepalives_idle=10, keepalives_interval=5, keepalives_count=3,
        ) as connection:  # fmt: skip
            connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(db.NOTIFY_CHANNEL)))
            self._tell(ANYTHING)
            self._hearing.set()
            while not stop.is_set():
                for notice in connection.notifies(timeout=_LOOK_SECONDS):
                    self._tell(_announced(notice.payload))
                    if stop.is_set():
                        return

    def _look(self, stop: threading.Event) -> None:
        path = Path(self._engine.url.database or "").resolve()
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, check_same_thread=False)) as connection:
            connection.isolation_level = None
            seen = _version(connection)
            self._tell(ANYTHING)
            self._hearing.set()
            while not stop.is_set():
                self._own.wait(_LOOK_SECONDS)
                self._own.clear()
                version = _version(connection)
                if version != seen:
                    seen = version
                    self._tell(ANYTHING)


def _announced(payload: str) -> Announcement:
    topic, _, event_id = payload.partition(":")
    return Announcement(topic, int(event_id)) if event_id.isdigit() else ANYTHING


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA data_version").fetchone()[0]
    return version
