"""The two engines: the writer as default bind and the reader beside it (docs/architecture.md, Transactions).

SQLite is quietly wrong by default: its driver begins transactions late, so two writers can read the same row. Here
writers begin with BEGIN IMMEDIATE (behind one lock of the process, see `checkin.db`), readers with a plain BEGIN on
connections that cannot write.
"""

import time
from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from checkin.config import Settings
from checkin.db import READ_BIND, db

RESTED_SECONDS: Final = 1.0


def engine_settings(settings: Settings) -> dict[str, Any]:
    """Return the Flask-SQLAlchemy configuration: the writer as default bind, the reader beside it."""
    url = settings.effective_database_url
    # An error of the driver names what was bound, and that is what people typed: never into a log.
    common: dict[str, Any] = {"url": url, "hide_parameters": True}
    if url.startswith("sqlite"):
        common["connect_args"] = {"timeout": settings.lock_seconds, "check_same_thread": False}
        writer = common | {"pool_size": 2, "max_overflow": 2}
        reader = common | {"pool_size": 16, "max_overflow": 16, "execution_options": {"checkin_reads": True}}
    else:
        milliseconds = int(settings.lock_seconds * 1000)
        options = (
            f"-c lock_timeout={milliseconds} -c statement_timeout={milliseconds * 4}"
            f" -c idle_in_transaction_session_timeout={milliseconds * 6} -c timezone=UTC"
        )
        common |= {"pool_size": 10, "max_overflow": 20, "pool_timeout": settings.lock_seconds}
        writing = {"options": options, "connect_timeout": 5}
        writer = common | {"connect_args": writing, "isolation_level": "READ COMMITTED"}
        # Under READ COMMITTED each statement has its own snapshot anyway, so a reader without BEGIN sees the same and
        # saves two round trips a request.
        reader = common | {
            "connect_args": {"options": options + " -c default_transaction_read_only=on", "connect_timeout": 5},
            "isolation_level": "AUTOCOMMIT",
        }
    return {
        "SQLALCHEMY_DATABASE_URI": url,
        "SQLALCHEMY_ENGINE_OPTIONS": {key: value for key, value in writer.items() if key != "url"},
        "SQLALCHEMY_BINDS": {READ_BIND: reader},
        "LOCK_SECONDS": settings.lock_seconds,
    }


def prepare_engines() -> None:
    """Hang SQLite's recipe, or the ping of connections that have rested, on both engines of the current app."""
    for engine in {db.engines[None], db.engines[READ_BIND]}:
        if engine.dialect.name == "sqlite":
            _prepare_sqlite(engine)
        else:
            _ping_after_a_rest(engine)


def _ping_after_a_rest(engine: Engine) -> None:
    """Try a connection that nobody has used for a while before it is used: the server may have been restarted.

    Under load none rests, and the two round trips that a ping before every use costs are saved.
    """

    @event.listens_for(engine, "checkin")
    def _rest(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _wake(connection: Any, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
        rested = time.monotonic() - record.info.get("rests_since", time.monotonic())
        if rested > RESTED_SECONDS:
            try:
                engine.dialect.do_ping(connection)
            except engine.dialect.loaded_dbapi.Error as error:
                raise DisconnectionError from error


def _prepare_sqlite(engine: Engine) -> None:
    reads = bool(engine.get_execution_options().get("checkin_reads"))

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        pragmas = ["journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "journal_size_limit=67108864"]
        for pragma in [*pragmas, "query_only=ON"] if reads else pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
