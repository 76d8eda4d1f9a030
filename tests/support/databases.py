"""A database with all tables and no rows for each test, on SQLite and on PostgreSQL.

Ask for `database_url` (or for `app`, which stands on it) and the test runs on both. A test that has to do with one only
says `@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)`.

The tests of a process use one database of each kind, one after the other (tests/support/emptying.py).
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import pytest
from flask import Flask
from flask_migrate import Migrate, upgrade
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

import checkin.models  # noqa: F401 - knows all tables
from checkin import db, engines
from checkin.config import ROOT, Settings
from tests.support import lending
from tests.support.emptying import Emptied, EmptiedPostgres, EmptiedSqlite
from tests.support.lending import close
from tests.support.postgres import Postgres

__all__ = ["KINDS", "SECRET_KEY", "close", "make_tables", "new_database", "rules_app"]

KINDS = (pytest.param("sqlite"), pytest.param("postgres", marks=pytest.mark.postgres))
SECRET_KEY = "for tests only"
ROOM_FOR_SQLITE = 100_000_000


@pytest.fixture(params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    """Return "sqlite" or "postgres"; every test that stands on it runs on both."""
    kind: str = request.param
    return kind


@pytest.fixture
def database_url(request: pytest.FixtureRequest, database_kind: str, _emptied: dict[str, Emptied]) -> Iterator[str]:
    """Yield the address of a database with all tables and no rows."""
    database = _emptied.pop(database_kind, None) or _made(request, database_kind)
    yield database.address
    if database.empty():
        _emptied[database_kind] = database
    else:
        lending.forget(database.address)
        database.drop()


@pytest.fixture(scope="session")
def _emptied() -> Iterator[dict[str, Emptied]]:
    databases: dict[str, Emptied] = {}
    yield databases
    for database in databases.values():
        lending.forget(database.address)


def _made(request: pytest.FixtureRequest, kind: str) -> Emptied:
    address = new_database(request, kind)
    if kind == "sqlite":
        return EmptiedSqlite(Path(make_url(address).database or ""))
    return EmptiedPostgres(request.getfixturevalue("postgres"), address)


def new_database(request: pytest.FixtureRequest, kind: str) -> str:
    """Return the address of a database of its own with all tables; it stays until the tests' end."""
    if kind == "sqlite":
        path = Path(mkdtemp(dir=request.getfixturevalue("quick_folder"))) / "checkin.sqlite3"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.new_database(template=request.getfixturevalue("postgres_template"))


@pytest.fixture(scope="session")
def quick_folder() -> Iterator[Path]:
    """Yield a folder in memory where the system has one: SQLite waits for the disk at each commit."""
    memory = Path("/dev/shm")
    is_there = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM_FOR_SQLITE
    with TemporaryDirectory(prefix="checkin-", dir=memory if is_there else None, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database file with all tables, made once."""
    folder = tmp_path_factory.mktemp("template")
    make_tables(f"sqlite:///{folder / 'template.sqlite3'}", folder)
    return folder / "template.sqlite3"


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the name of a database with all tables, made once."""
    address = postgres.new_database()
    make_tables(address, tmp_path_factory.mktemp("template"))
    return make_url(address).database or ""


def make_tables(url: str, folder: Path) -> None:
    """Bring the database at `url` to the newest migration; `folder` holds what the app keeps meanwhile."""
    if any((ROOT / "migrations" / "versions").glob("*.py")):
        _migrate(url, folder)
        return
    engine = create_engine(url)
    db.Base.metadata.create_all(engine)
    engine.dispose()


def _migrate(url: str, folder: Path) -> None:
    app = rules_app(Settings(database_url=url, secret_key=SECRET_KEY, instance_folder=folder, worker_inside=False))
    Migrate(app, db.db, directory=str(ROOT / "migrations"), render_as_batch=True)
    with app.app_context():
        upgrade()
    close(app)


def rules_app(settings: Settings) -> Flask:
    """Return an app without pages: the engines, `transaction()` and the rules."""
    app = Flask("rules")
    app.extensions["checkin_settings"] = settings
    app.config.update(engines.engine_settings(settings))
    db.db.init_app(app)
    with app.app_context():
        engines.prepare_engines()
    return app
