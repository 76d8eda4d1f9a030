"""Letting somebody else do something meanwhile, and waiting until the database shows that they have come so far."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import ParamSpec, TypeVar

from sqlalchemy import text

from checkin.db import db
from tests.cast import Cast

P = ParamSpec("P")
T = TypeVar("T")


def in_background(act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
    """Begin `act` in a thread of its own; `.result()` is what it returned or raises what it raised."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(act(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - handed to who asks for the result
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def until(condition: Callable[[], bool], *, seconds: float = 10) -> None:
    """Return as soon as the condition holds.

    Raises AssertionError when it does not in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


def until_somebody_waits_for_a_lock(cast: Cast, *, how_many: int = 1) -> None:
    """Return as soon as that many transactions of the test's PostgreSQL database wait for another one's lock."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )

    def somebody_waits() -> bool:
        with cast.app.app_context():
            return bool(db.session.execute(waiting).scalar_one() >= how_many)

    until(somebody_waits)
