"""Moves as people make them: `did(cast, mark_here, key)` lets Emil press the button in a transaction of its own."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import select, update

from checkin.models import Alert, AlertState, Person, Presence, Ticket, TicketChange
from checkin.queueing.calling import mark_here
from tests.cast import Cast, Someone, checked_in, taken

Result = TypeVar("Result")


def did(
    cast: Cast, move: Callable[..., Result], key: str, *, by: Someone | None = None, version: int | None = None,
    **more: Any,
) -> Result:  # fmt: skip
    """Let Emil (or `by`) make a move; with a version it is the one that their page was made with."""
    with cast.writing() as session:
        who = (by or cast.emil).id
        return move(session, key, event_id=cast.event_id, by=who, version=version, **more)


def with_emil(cast: Cast, **given: Any) -> str:
    """Check Carla in, let Emil take her ticket and return its key."""
    checked_in(cast, **given)
    return taken(cast)


def helped(cast: Cast) -> str:
    """Check Carla in, let Emil take her ticket and greet her; return its key."""
    key = with_emil(cast)
    did(cast, mark_here, key)
    return key


def goes(cast: Cast, somebody: Someone, to: Presence) -> None:
    """Let somebody be available, on a break or off."""
    with cast.writing() as session:
        session.get_one(Person, somebody.id).presence = to


def sits(cast: Cast, somebody: Someone, desk: str) -> None:
    """Let somebody sit at a table."""
    with cast.writing() as session:
        session.get_one(Person, somebody.id).desk = desk


def has_left(cast: Cast, key: str, state: AlertState = AlertState.SENT) -> None:
    """Let a worker send all the ticket's alerts that wait."""
    with cast.writing() as session:
        session.execute(
            update(Alert)
            .where(Alert.ticket_id == cast.ticket(key).id, Alert.state == AlertState.PENDING)
            .values(state=state)
        )


def time_passed(cast: Cast, **length: float) -> None:
    """Let everything have happened that much earlier: the clock of a database cannot be moved."""
    with cast.writing() as session:
        for table in (Ticket, TicketChange, Alert):
            for row in session.scalars(select(table)):
                for name in row.__table__.columns.keys():  # noqa: SIM118 - the columns themselves are not names
                    moment = getattr(row, name)
                    if isinstance(moment, datetime):
                        setattr(row, name, moment - timedelta(**length))


def told(cast: Cast, key: str, kind: str) -> list[tuple[str, str, str]]:
    """Return channel, occasion and state of the ticket's alerts of a kind, by channel and age."""
    alerts = sorted(cast.alerts(key), key=lambda alert: (alert.channel, alert.id))
    return [(alert.channel.value, alert.occasion, alert.state.value) for alert in alerts if alert.kind == kind]
