"""Databases that are emptied and used again: a few milliseconds, where a new one takes a tenth of a second.

`empty()` answers False where a test has left more behind than rows (other tables, a lock that is still held): such a
database is replaced by a new one.
"""

import sqlite3
from contextlib import closing
from functools import cache, cached_property
from pathlib import Path
from typing import Protocol

import psycopg
from psycopg import sql

from checkin.db import Base
from tests.support import lending
from tests.support.postgres import Postgres, plain_address

MIGRATION = "SELECT version_num FROM alembic_version"


class Emptied(Protocol):
    """A database with all tables that tests use one after the other."""

    @property
    def address(self) -> str:
        """Return what DATABASE_URL would say."""

    def empty(self) -> bool:
        """Delete all rows and let ids begin at 1 again; tell whether all is as it was in the beginning."""

    def drop(self) -> None:
        """Take it away."""


@cache
def _children_first() -> list[str]:
    return [table.name for table in reversed(Base.metadata.sorted_tables)]


class EmptiedSqlite:
    """A file with all tables and no rows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with closing(self._connect()) as connection:
            self._before = _state(connection)

    @property
    def address(self) -> str:
        """Return what DATABASE_URL would say."""
        return f"sqlite:///{self._path}"

    def empty(self) -> bool:
        """Delete all rows; ids begin at 1 again by themselves."""
        try:
            with closing(self._connect()) as connection:
                connection.execute("PRAGMA synchronous=OFF")
                connection.execute("BEGIN IMMEDIATE")
                for table in _children_first():
                    connection.execute(f"DELETE FROM {table}")
                connection.execute("COMMIT")
                return _state(connection) == self._before
        except sqlite3.Error:
            return False

    def drop(self) -> None:
        """Take the file away."""
        self._path.unlink()

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, isolation_level=None, timeout=1)


def _state(connection: sqlite3.Connection) -> list[object]:
    return [*connection.execute("PRAGMA schema_version"), *connection.execute(MIGRATION)]


class EmptiedPostgres:
    """A database with all tables and no rows on a server."""

    def __init__(self, server: Postgres, address: str) -> None:
        self._server = server
        self.address = address
        self._before = self._state()

    def empty(self) -> bool:
        """Delete all rows and let ids begin at 1 again, after whoever should not be connected any more was cut off."""
        try:
            if self._somebody_else_is_connected():
                lending.disconnect(self.address)
                self._line.execute(f"SELECT pg_terminate_backend(pid) {OTHERS}")
            self._line.execute(self._delete)
            return self._state() == self._before
        except psycopg.Error:
            return False

    def drop(self) -> None:
        """Drop it; whoever is connected is cut off."""
        self._line.close()
        self._server.drop_database(self.address)

    def _somebody_else_is_connected(self) -> bool:
        found = self._line.execute(f"SELECT count(*), count(*) FILTER (WHERE state <> 'idle') {OTHERS}").fetchone()
        return found != (lending.connections_at_rest(self.address), 0)

    def _state(self) -> list[object]:
        tables = "SELECT count(*), max(xmin::text::bigint) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        return [*self._line.execute(tables), *self._line.execute(MIGRATION)]

    @cached_property
    def _line(self) -> psycopg.Connection:
        return psycopg.connect(plain_address(self.address), autocommit=True, options="-c lock_timeout=2s")

    @cached_property
    def _delete(self) -> sql.Composed:
        counters = self._line.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace"
        )
        statements = [sql.SQL("DELETE FROM {}").format(sql.Identifier(name)) for name in _children_first()]
        statements += [sql.SQL("SELECT setval({}, 1, false)").format(sql.Literal(name)) for (name,) in counters]
        return sql.SQL("; ").join(statements)


OTHERS = (
    "FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)
