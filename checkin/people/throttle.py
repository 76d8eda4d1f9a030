"""Slows down who guesses: what is tried is counted by email and by address (docs/specification.md, 9.2).

A try is written down before it is judged, so that a hundred at once are a hundred, and struck out when it succeeds.
Tries for one email are judged one after the other in a process (`judged_in_turn`), so that twenty tablets that sign in
as the same volunteer at nine in the morning do not count as twenty guesses.
"""

import ipaddress
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from checkin.models import Attempt, AttemptKind

WINDOW: Final = timedelta(hours=1)
_KEPT: Final = timedelta(days=1)


@dataclass(frozen=True)
class Limit:
    """So many tries in an hour are free; each further one waits, twice as long each time, up to the longest."""

    free: int
    first_wait: timedelta
    longest_wait: timedelta

    def wait_after(self, tries: int) -> timedelta:
        """Return how long after the last of so many tries the next one may come."""
        if tries < self.free:
            return timedelta(0)
        doublings: int = min(tries - self.free, 20)
        return min(self.first_wait * (1 << doublings), self.longest_wait)


# A venue is one address, with everybody's slips of the finger behind it.
_BY_EMAIL: Final = {
    AttemptKind.SIGN_IN: Limit(5, timedelta(seconds=15), timedelta(minutes=15)),
    AttemptKind.RESET: Limit(3, timedelta(minutes=5), timedelta(minutes=30)),
}
_BY_ADDRESS: Final = {
    AttemptKind.SIGN_IN: Limit(300, timedelta(seconds=1), timedelta(minutes=1)),
    AttemptKind.RESET: Limit(50, timedelta(seconds=5), timedelta(minutes=5)),
}


class TooManyTries(Exception):
    """Too many tries for this email or from this address; `wait` is how long the next one has to wait."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"wait {wait.total_seconds():.0f} s")
        self.wait = wait


class TooManyAtOnce(Exception):
    """So many sign in at this moment that this one is to try again."""


_TURN_SECONDS: Final = 10.0
_turns: Final[dict[str, threading.Lock]] = {}
_waiting: Final[Counter[str]] = Counter()
_turns_lock: Final = threading.Lock()


@contextmanager
def judged_in_turn(email: str) -> Iterator[None]:
    """Wait until nobody else of this process is being judged for this email.

    Raises TooManyAtOnce after 10 seconds.
    """
    with _turns_lock:
        turn = _turns.setdefault(email, threading.Lock())
        _waiting[email] += 1
    try:
        if not turn.acquire(timeout=_TURN_SECONDS):
            raise TooManyAtOnce
        try:
            yield
        finally:
            turn.release()
    finally:
        with _turns_lock:
            _waiting[email] -= 1
            if not _waiting[email]:
                del _waiting[email], _turns[email]


def begin_attempt(session: Session, kind: AttemptKind, *, email: str, address: str, moment: datetime) -> int:
    """Write down a try and return its id, for `succeeded`.

    Raises TooManyTries, which writes nothing: a try that has to wait does not make the wait longer.
    """
    address = address_key(address)
    _one_at_a_time(session, email)
    session.execute(delete(Attempt).where(Attempt.at < moment - _KEPT))
    by_email = _wait(session, kind, _BY_EMAIL[kind], moment, Attempt.email == email)
    by_address = _wait(session, kind, _BY_ADDRESS[kind], moment, Attempt.address == address)
    wait = max(by_email, by_address)
    if wait > timedelta(0):
        raise TooManyTries(wait)
    attempt = Attempt(kind=kind, email=email, address=address, at=moment)
    session.add(attempt)
    session.flush()
    return attempt.id


def succeeded(session: Session, *, email: str) -> None:
    """Forget the failed sign-ins of this email: whoever knows the password has shown it."""
    session.execute(delete(Attempt).where(Attempt.kind == AttemptKind.SIGN_IN, Attempt.email == email))


def address_key(address: str) -> str:
    """Return what counts as one address: an IPv4 address, the /64 of an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.IPv6Network((parsed, 64), strict=False))
    return str(parsed)


def _wait(session: Session, kind: AttemptKind, limit: Limit, moment: datetime, mine: ColumnElement[bool]) -> timedelta:
    counted = select(func.count(), func.max(Attempt.at)).where(mine, Attempt.kind == kind, Attempt.at > moment - WINDOW)
    tries, last = session.execute(counted).one()
    if not tries:
        return timedelta(0)
    return max(last + limit.wait_after(tries) - moment, timedelta(0))


def _one_at_a_time(session: Session, email: str) -> None:
    """Let tries for one email follow each other on PostgreSQL; on SQLite all writers do anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(email, 0))))
