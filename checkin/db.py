"""The base of all tables, and `transaction()`: the only place that commits (docs/architecture.md, Transactions)."""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from flask import current_app
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import DateTime, Engine, MetaData, func, inspect, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator
from structlog import get_logger

from checkin import clock

NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
READ_BIND: Final = "read"
NOTIFY_CHANNEL: Final = "checkin"
OUTBOX: Final = "outbox"
_NOTIFY: Final = "SELECT pg_notify(%s, payload) FROM unnest(%s::text[]) AS payload"
_SQLITE_AWAY: Final = ("locked", "busy", "disk", "unable to open")
_log = get_logger()


class Base(DeclarativeBase):
    """The base of all tables."""

    metadata = MetaData(naming_convention=NAMING)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time; SQLite keeps it without its zone, PostgreSQL as timestamptz."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times and store the rest in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without its zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give every time its zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class RoutedSession(FlaskSession):
    """The one scoped session: reads go to the read engine, a transaction to the writer."""

    def get_bind(self, *_: Any, bind: Engine | Connection | None = None, **__: Any) -> Engine | Connection:
        """Return the writer inside `transaction()`, the reader outside it."""
        if bind is not None:
            return bind
        return db.engines[None] if self.info.get("writing") else db.engines[READ_BIND]


db = SQLAlchemy(metadata=Base.metadata, session_options={"class_": RoutedSession})


@dataclass(frozen=True)
class Announcement:
    """What a committed transaction tells: the outbox has rows, or the pages of an event changed."""

    topic: str
    event_id: int


class DatabaseBusy(Exception):
    """The database is locked or out of reach. The same request may be sent again: its id tells a repeat.

    Nothing was changed, unless the line broke in the middle of the commit; then nobody can know before asking again.
    """


_gates: dict[str, threading.Lock] = {}
_listeners: list[Callable[[Announcement], None]] = []


def subscribe(listener: Callable[[Announcement], None]) -> Callable[[], None]:
    """Call `listener` after each commit of this process, once per announcement; return what ends that."""
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)


def announce(session: Session, event_id: int) -> None:
    """Tell, once `session` has committed, that the pages of the event may look different."""
    session.info.setdefault("announcements", set()).add(Announcement("event", event_id))


def wake_outbox(session: Session, event_id: int) -> None:
    """Tell, once `session` has committed, that alerts wait in the outbox."""
    session.info.setdefault("announcements", set()).add(Announcement(OUTBOX, event_id))


def at_the_end(session: Session, work: Callable[[Session], None]) -> None:
    """Do `work` as the last thing before `session` commits, once however often it is asked for.

    For what depends on all that one transaction does: it sees where everything ended up.
    """
    session.info.setdefault("at_the_end", {})[work] = None


@contextmanager
def transaction() -> Iterator[Session]:
    """Open the one write transaction of a request or command; commit at the end, roll back on any error.

    What was read before is over when this begins: ids go in, not objects. Raises DatabaseBusy when the database
    is locked or gone; whatever else is raised inside is passed on after the rollback.
    """
    db.session.remove()
    session = db.session()
    session.info["writing"] = True
    try:
        with _gate():
            yield session
            told = _commit(session)
    except BaseException as error:
        session.rollback()
        if is_busy(error):
            raise DatabaseBusy from error
        raise
    finally:
        db.session.remove()
    _tell(told)


def _commit(session: Session) -> set[Announcement]:
    for work in session.info.pop("at_the_end", {}):
        work(session)
    told: set[Announcement] = session.info.pop("announcements", set())
    session.commit()
    return told


def _tell(told: set[Announcement]) -> None:
    """Tell this process's listeners, then the other servers.

    NOTIFY comes after the commit: inside the transaction it holds a lock of the whole database until the commit is on
    disk, so that takes of different teams wait for each other (2.2 to 2.7 times fewer per second). What is lost when
    a process dies in between, the others find by polling.
    """
    for announcement in told:
        for listener in tuple(_listeners):
            listener(announcement)
    engine = db.engines[READ_BIND]
    if told and engine.dialect.name == "postgresql":
        notifier = _notifiers.setdefault(str(engine.url), Notifier())
        notifier.tell(engine, {f"{announcement.topic}:{announcement.event_id}" for announcement in told})


class Notifier:
    """Tells other servers of many commits in one statement: what is announced while one is under way joins the next."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: set[str] = set()
        self._is_telling = False

    def tell(self, engine: Engine, payloads: set[str]) -> None:
        """Send `payloads`, or leave them to the thread that is sending at this moment."""
        with self._lock:
            self._waiting |= payloads
            if self._is_telling:
                return
            self._is_telling = True
        try:
            while payloads := self._taken():
                _notify(engine, sorted(payloads))
        except BaseException:
            # The process is being ended; if it lives on, the next commit tells what is left.
            self._is_telling = False
            raise

    def _taken(self) -> set[str]:
        with self._lock:
            taken, self._waiting = self._waiting, set()
            self._is_telling = bool(taken)
            return taken


_notifiers: dict[str, Notifier] = {}


def _notify(engine: Engine, payloads: list[str]) -> None:
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(_NOTIFY, (NOTIFY_CHANNEL, payloads))
    except Exception as error:  # noqa: BLE001 - what was asked for is done and kept, whoever can be told of it
        _log.warning("the other servers were not told", exc_info=error)


@contextmanager
def _gate() -> Iterator[None]:
    """Queue the writers of this process in front of SQLite, whose own way of waiting is unfair."""
    engine = db.engines[None]
    if engine.dialect.name != "sqlite":
        yield
        return
    gate = _gates.setdefault(str(engine.url), threading.Lock())
    if not gate.acquire(timeout=current_app.config["LOCK_SECONDS"]):
        raise DatabaseBusy
    try:
        yield
    finally:
        gate.release()


def is_busy(error: BaseException) -> bool:
    """Tell a database that is locked, restarting or unreachable from a mistake of ours."""
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    if not isinstance(error, OperationalError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        # Without a state it is SQLite, or no word came from the server at all: no name, no door, no line.
        return not isinstance(error.orig, sqlite3.Error) or any(sign in str(error.orig) for sign in _SQLITE_AWAY)
    return state[:2] in {"08", "53", "57"} or state in {"55P03", "40P01", "40001"}


def insert_unless_there(session: Session, table: type[Base], row: dict[str, Any]) -> bool:
    """Write a row unless one with its key is there, also when two write it at once; tell whether it was written."""
    statement = _insert(session, table).values(**row).on_conflict_do_nothing()
    return session.execute(statement.returning(*inspect(table).primary_key)).first() is not None


def insert_or_set(
    session: Session, table: type[Base], row: dict[str, Any], *, key: Sequence[str], anew: dict[str, Any]
) -> None:
    """Write a row, or set `anew` in the one with the same `key`, which stays held until the transaction ends."""
    statement = _insert(session, table).values(**row).on_conflict_do_update(index_elements=key, set_=anew)
    session.execute(statement)


def _insert(session: Session, table: type[Base]) -> Any:
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    return insert(table)


def database_now(session: Session) -> datetime:
    """Return the time that orders what several servers write: the database's own, this process's on SQLite."""
    if session.get_bind().dialect.name == "postgresql":
        moment: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
        return moment.astimezone(UTC)
    return clock.now()


def check_database(session: Session) -> None:
    """Ask the database for one value; raises what the driver raises when it is gone."""
    session.execute(text("SELECT 1"))
