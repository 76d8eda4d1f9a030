"""What `doctor` looks for in an event's data: sentences about rows that no rule of the desk would have written."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, text
from sqlalchemy.orm import aliased

from checkin.db import database_now, db
from checkin.models import (
    Action,
    Alert,
    AlertState,
    EventCounter,
    Person,
    Product,
    Source,
    Status,
    StatusKind,
    Take,
    Team,
    Ticket,
    TicketChange,
)

_NAMED_AT_MOST: Final = 5
# What waits for a person to look at it has not ended either.
_UNDER_WAY: Final = (AlertState.PENDING, AlertState.SENDING, AlertState.NEEDS_REVIEW)


def check_data(event_id: int) -> Iterator[str]:
    """Yield what is wrong in the event's tickets, histories and alerts, each with a few of the keys."""
    for sentence, condition in _ticket_conditions():
        keys = list(db.session.scalars(_keys(event_id).where(condition).limit(_NAMED_AT_MOST)))
        if keys:
            yield f"{sentence}: {', '.join(keys)}."
    highest = db.session.scalar(select(func.max(Ticket.number)).where(Ticket.event_id == event_id)) or 0
    counted = db.session.scalar(select(EventCounter.tickets).where(EventCounter.event_id == event_id)) or 0
    if counted < highest:
        yield f"the counter stands at {counted}, but there is a ticket {highest}; the next check-in would fail."
    stuck = db.session.scalar(
        select(func.count())
        .select_from(Alert)
        .where(Alert.event_id == event_id, Alert.state.not_in(_UNDER_WAY))
        .where(Alert.ended_at.is_(None), Alert.sent_at.is_(None))
    )
    if stuck:
        yield f"{stuck} alerts have ended without a time."


def check_file() -> Iterator[str]:
    """Yield what SQLite itself says of its file; nothing on PostgreSQL."""
    if db.session.get_bind().dialect.name != "sqlite":
        return
    for row in db.session.execute(text("PRAGMA quick_check(3)")):
        if row[0] != "ok":
            yield f"the database file is damaged ({row[0]})."
    if db.session.execute(text("PRAGMA foreign_key_check")).first() is not None:
        yield "rows refer to others that are not there."


def _keys(event_id: int) -> Select[str]:
    return select(Ticket.key).where(Ticket.event_id == event_id).order_by(Ticket.id)


def _ticket_conditions() -> tuple[tuple[str, ColumnElement[bool]], ...]:
    """Return each thing that can be wrong with a ticket, as a sentence and as a condition."""
    status, team, product, owner = aliased(Status), aliased(Team), aliased(Product), aliased(Person)
    changes = select(TicketChange.id).where(TicketChange.ticket_id == Ticket.id)
    begun = changes.where(TicketChange.action == Action.CHECK_IN)
    takes = select(func.count()).select_from(Take).where(Take.ticket_id == Ticket.id).scalar_subquery()
    elsewhere = or_(
        select(team.id).where(team.id == Ticket.team_id, team.event_id != Ticket.event_id).exists(),
        select(product.id).where(product.id == Ticket.product_id, product.event_id != Ticket.event_id).exists(),
        select(owner.id).where(owner.id == Ticket.owner_id, owner.event_id != Ticket.event_id).exists(),
    )
    return (
        (
            "status and kind do not agree",
            ~select(status.id).where(status.id == Ticket.status_id, status.kind == Ticket.kind).exists(),
        ),
        ("team, product or owner are of another event", elsewhere),
        ("no history", ~begun.exists()),
        ("more takes than it was given an owner", takes > Ticket.take_number),
        ("taken before it was checked in", and_(Ticket.source != Source.HAND, Ticket.taken_at < Ticket.queued_at)),
        ("checked in in the future", Ticket.queued_at > database_now(db.session())),
        (
            "open and closed at once",
            and_(Ticket.kind == StatusKind.OPEN, Ticket.closed_at.is_not(None)),
        ),
    )
