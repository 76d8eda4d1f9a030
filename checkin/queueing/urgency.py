"""Lets somebody go before the others, with a reason that stands in the history (docs/specification.md, 3.2)."""

from sqlalchemy.orm import Session

from checkin.db import database_now
from checkin.models import Action, Event, Priority, Team, Ticket
from checkin.models.ticket import URGENT_REASON_LENGTH
from checkin.queueing.errors import (
    NothingChanged,
    NotYourQueue,
    NoUrgency,
    ReasonMissing,
    ReasonTooLong,
    TicketClosed,
)
from checkin.queueing.history import by_person, record
from checkin.queueing.locks import hold_ticket
from checkin.queueing.permissions import leads
from checkin.queueing.transitions import Move, can


def make_urgent(session: Session, key: str, *, event_id: int, by: int, version: int | None, reason: str) -> Ticket:
    """Let the ticket stand before all that are not urgent, by their check-in time; again, with another reason.

    Its last update stays. Raises NoSuchTicket, TicketChanged, NotYourQueue, NoUrgency (the event has none),
    TicketClosed, ReasonMissing, ReasonTooLong, NothingChanged.
    """
    reason = " ".join(reason.split())
    ticket = _hold(session, key, event_id=event_id, by=by, version=version)
    if not session.get_one(Event, event_id).settings.allow_urgent:
        raise NoUrgency
    if not reason:
        raise ReasonMissing
    if len(reason) > URGENT_REASON_LENGTH:
        raise ReasonTooLong(most=str(URGENT_REASON_LENGTH))
    _write(session, ticket, Priority.URGENT, reason=reason, words=reason, by=by)
    return ticket


def make_normal(session: Session, key: str, *, event_id: int, by: int, version: int | None) -> Ticket:
    """Give an urgent ticket the place of its check-in time back, also where the event no longer has urgent ones.

    The reason that it had goes to the history. Raises NoSuchTicket, TicketChanged, NotYourQueue, TicketClosed,
    NothingChanged.
    """
    ticket = _hold(session, key, event_id=event_id, by=by, version=version)
    _write(session, ticket, Priority.NORMAL, reason="", words=ticket.urgent_reason, by=by)
    return ticket


def _hold(session: Session, key: str, *, event_id: int, by: int, version: int | None) -> Ticket:
    ticket = hold_ticket(session, key, event_id=event_id, person_id=by, version=version)
    if not leads(session, ticket, by):
        raise NotYourQueue(team=session.get_one(Team, ticket.team_id).name)
    if not can(ticket, Move.URGENT):
        raise TicketClosed(key=ticket.key)
    return ticket


def _write(session: Session, ticket: Ticket, priority: Priority, *, reason: str, words: str, by: int) -> None:
    if (ticket.priority, ticket.urgent_reason) == (priority, reason):
        raise NothingChanged
    before = {"priority": int(ticket.priority)}
    ticket.priority = priority
    ticket.urgent_reason = reason
    ticket.version += 1
    moment, after = database_now(session), {"priority": int(priority)}
    record(session, ticket, Action.URGENT, by=by_person(by), at=moment, before=before, after=after, words=words)
