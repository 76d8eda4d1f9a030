"""Where a ticket stands, the one table of allowed moves, and the only writer of a status (specification 1, 4.3)."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.db import database_now
from checkin.models import Action, Event, EventSettings, Person, Status, StatusCode, StatusKind, Ticket
from checkin.queueing.errors import HandsFull, MoveNotAllowed, NoSuchStatus, OwnersHandsFull
from checkin.queueing.hands import require_free_hands
from checkin.queueing.history import By, as_it_stands, by_person, record_move
from checkin.queueing.locks import hold_ticket
from checkin.queueing.owning import give
from checkin.queueing.permissions import require_change_allowed
from checkin.queueing.telling import tell_of_status


class Standing(StrEnum):
    """Where a ticket is between the queue and the end; follows from its kind, its owner and its times."""

    WAITING = "waiting"
    CALLED = "called"
    HELPED = "helped"
    ON_HOLD = "on_hold"
    CLOSED = "closed"


class Move(StrEnum):
    """What can be done to a ticket. The first ones give it a status: one of these codes, else one of that kind."""

    OPEN = "open"
    ON_HOLD = "on_hold"
    RESOLVED = "resolved"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"
    CLOSED = "closed"
    TAKE = "take"
    PUT_BACK = "put_back"
    HAND_OVER = "hand_over"
    CALL = "call"
    ARRIVE = "arrive"
    BRING_BACK = "bring_back"
    URGENT = "urgent"
    ON_THE_WAY = "on_the_way"
    MORE_TIME = "more_time"
    LEAVE = "leave"


_IN_HAND: Final = {
    Move.OPEN, Move.ON_HOLD, Move.RESOLVED, Move.NO_SHOW, Move.CANCELLED, Move.CLOSED, Move.PUT_BACK, Move.HAND_OVER,
    Move.URGENT,
}  # fmt: skip
ALLOWED: Final[dict[Standing, frozenset[Move]]] = {
    # Nobody has helped or called somebody who still waits: neither resolved nor a no-show.
    Standing.WAITING: frozenset({
        Move.OPEN, Move.ON_HOLD, Move.CANCELLED, Move.CLOSED, Move.TAKE, Move.HAND_OVER, Move.URGENT, Move.MORE_TIME,
        Move.LEAVE,
    }),
    Standing.CALLED: frozenset(_IN_HAND | {Move.CALL, Move.ARRIVE, Move.ON_THE_WAY, Move.MORE_TIME, Move.LEAVE}),
    Standing.HELPED: frozenset(_IN_HAND),
    Standing.ON_HOLD: frozenset({
        Move.OPEN, Move.ON_HOLD, Move.RESOLVED, Move.CANCELLED, Move.CLOSED, Move.HAND_OVER, Move.URGENT,
    }),
    # Who was helped cannot have left before; who left can come back on the same day.
    Standing.CLOSED: frozenset({Move.OPEN, Move.ON_HOLD, Move.CLOSED, Move.BRING_BACK}),
}  # fmt: skip


def standing(ticket: Ticket) -> Standing:
    """Return where the ticket stands."""
    return standing_of(ticket.kind, ticket.owner_id, arrived_at=ticket.arrived_at)


def standing_of(kind: StatusKind, owner_id: int | None, *, arrived_at: datetime | None = None) -> Standing:
    """Return where a ticket of this kind and with this owner stands."""
    if kind is StatusKind.CLOSED:
        return Standing.CLOSED
    if kind is StatusKind.ON_HOLD:
        return Standing.ON_HOLD
    if owner_id is None:
        return Standing.WAITING
    return Standing.HELPED if arrived_at else Standing.CALLED


def aim_of(code: str, kind: StatusKind) -> Move:
    """Return what moving a ticket to the status with this code and kind would mean."""
    told_apart = {StatusCode.RESOLVED, StatusCode.NO_SHOW, StatusCode.CANCELLED}
    return Move(code) if code in told_apart else Move(kind)


def can(ticket: Ticket, move: Move) -> bool:
    """Tell whether the table allows the move from where the ticket stands."""
    return move in ALLOWED[standing(ticket)]


def resolve(session: Session, key: str, *, event_id: int, by: int, version: int | None, advice: str = "") -> Ticket:
    """Resolve the ticket: it leaves queue and board, and the customer is asked how it went.

    `advice` is what they take home, by email and on their page; without any the one given before stands. Raises
    NoSuchTicket, TicketChanged, NotYourTicket, MoveNotAllowed.
    """
    ticket = hold_ticket(session, key, event_id=event_id, person_id=by, version=version)
    require_change_allowed(session, ticket, by)
    status = allowed_status(session, ticket, StatusCode.RESOLVED)
    moment = database_now(session)
    before = as_it_stands(session, ticket)
    given = advice.strip()
    if given:
        ticket.advice, ticket.advised_at = given, moment
    also = {"advised": True} if given else {}
    set_status(session, ticket, status, by=by_person(by), moment=moment, before=before, words=given, also=also)
    return ticket


def change_status(
    session: Session, key: str, *, event_id: int, to: str, by: int, version: int | None, words: str = ""
) -> Ticket:
    """Move the event's ticket to the status with the code `to`, with its history row and its alerts.

    A ticket opened again keeps its owner; without one, who opens it becomes owner. Raises NoSuchTicket, TicketChanged,
    NotYourTicket, NoSuchStatus, MoveNotAllowed, HandsFull.
    """
    ticket = hold_ticket(session, key, event_id=event_id, person_id=by, version=version)
    require_change_allowed(session, ticket, by)
    status = allowed_status(session, ticket, to)
    moment = database_now(session)
    before = as_it_stands(session, ticket)
    if status.kind is StatusKind.OPEN and standing(ticket) in {Standing.ON_HOLD, Standing.CLOSED}:
        _open_again(session, ticket, by, moment)
    set_status(session, ticket, status, by=by_person(by), moment=moment, before=before, words=words)
    return ticket


def allowed_status(session: Session, ticket: Ticket, code: str) -> Status:
    """Return the event's status with this code, to which the ticket can go. Raises NoSuchStatus, MoveNotAllowed."""
    status = status_named(session, code, event_id=ticket.event_id)
    if status.id == ticket.status_id or not can(ticket, aim_of(status.code, status.kind)):
        raise MoveNotAllowed(key=ticket.key, status=status.name)
    return status


def status_named(session: Session, code: str, *, event_id: int) -> Status:
    """Return the event's status with this code. Raises NoSuchStatus."""
    status = session.scalars(select(Status).where(Status.event_id == event_id, Status.code == code)).one_or_none()
    if status is None:
        raise NoSuchStatus
    return status


def set_status(
    session: Session, ticket: Ticket, status: Status, *, by: By, moment: datetime, before: dict[str, Any],
    words: str = "", also: Mapping[str, Any] = MappingProxyType({}),
) -> None:  # fmt: skip
    """Give the ticket, which the caller holds, this allowed status, with its history row and its alerts.

    `before` is how it stood before the caller gave it another owner, as `as_it_stands` says it; `also` is what else the
    history is to keep of it.
    """
    stand_at(ticket, status, moment)
    record_move(session, ticket, Action.STATUS, by=by, at=moment, before=before, words=words, also=also)
    tell_of_status(session, ticket, status, was=before["status"], by=by, moment=moment)


def stand_at(ticket: Ticket, status: Status, moment: datetime) -> None:
    """Write a status into the ticket; the history row and the alerts of the move are the caller's."""
    ticket.status_id = status.id
    ticket.kind = status.kind
    ticket.closed_at = moment if status.kind is StatusKind.CLOSED else None


def _open_again(session: Session, ticket: Ticket, by: int, moment: datetime) -> None:
    owner_id = ticket.owner_id or by
    require_free_hands_of(session, owner_id, by=by, settings=session.get_one(Event, ticket.event_id).settings)
    desk = session.get_one(Person, owner_id).desk
    if ticket.owner_id is None:
        give(ticket, owner_id, desk=desk, moment=moment)
    elif ticket.kind is StatusKind.ON_HOLD:
        # Whoever was at the table then has gone since: they can be called again, to where the expert sits now.
        ticket.arrived_at = ticket.on_the_way_at = None
        ticket.desk = desk or ticket.desk


def require_free_hands_of(session: Session, owner_id: int, *, by: int, settings: EventSettings) -> None:
    """Refuse when the one who is to own the ticket has their hands full. Raises HandsFull, OwnersHandsFull."""
    try:
        require_free_hands(session, owner_id, settings=settings)
    except HandsFull as full:
        if owner_id == by:
            raise
        raise OwnersHandsFull(owner=session.get_one(Person, owner_id).name, **full.details) from full
