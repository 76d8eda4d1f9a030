"""Notes which server processes run on one SQLite file, so that somebody who starts a second one can be told.

Each server holds a lock on a small file of its own beside the database; the system lets go of it however the process
ends. Nothing is noted for PostgreSQL, where any number of servers is fine, nor where there is no `fcntl` (Windows).
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import make_url

from checkin.config import Settings

if sys.platform != "win32":
    import fcntl


@contextmanager
def mark_server(settings: Settings) -> Iterator[None]:
    """Note that this process serves, until the end of the block."""
    folder = _folder(settings)
    if folder is None:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / str(os.getpid())
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def servers_running(settings: Settings) -> list[int]:
    """Return the process ids of the servers on this SQLite file; empty for PostgreSQL."""
    folder = _folder(settings)
    if folder is None or not folder.is_dir():
        return []
    return sorted(int(path.name) for path in folder.iterdir() if path.name.isdigit() and _is_held(path))


def _folder(settings: Settings) -> Path | None:
    if sys.platform == "win32" or not settings.is_sqlite:
        return None
    return Path(f"{make_url(settings.effective_database_url).database}-servers")


def _is_held(path: Path) -> bool:
    try:
        with path.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    # Left behind by a process that was killed.
    path.unlink(missing_ok=True)
    return False
