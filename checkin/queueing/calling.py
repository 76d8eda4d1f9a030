"""Calls a customer who has not come yet once more, and notes that they are here (docs/specification.md, 4.3, 4.4)."""

import math
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from checkin.alerts import outbox
from checkin.db import database_now
from checkin.models import Action, Alert, AlertKind, AlertState, Event, Ticket
from checkin.queueing.errors import CalledAlready, NobodyExpected
from checkin.queueing.history import by_person, record
from checkin.queueing.locks import hold_ticket
from checkin.queueing.permissions import require_change_allowed
from checkin.queueing.transitions import Move, can

CALL_EVERY: Final = timedelta(minutes=2)


def call_again(session: Session, key: str, *, event_id: int, by: int, version: int | None) -> Ticket:
    """Call the customer once more, on each channel, at most every two minutes.

    A call of this take that has not left yet is made by this one. Raises NoSuchTicket, TicketChanged, NotYourTicket,
    NobodyExpected, CalledAlready.
    """
    ticket = _hold(session, key, Move.CALL, event_id=event_id, by=by, version=version)
    moment = database_now(session)
    last = last_call(session, ticket)
    if last is not None and moment < last + CALL_EVERY:
        seconds = math.ceil((last + CALL_EVERY - moment).total_seconds())
        raise CalledAlready(name=ticket.first_name, seconds=str(seconds))
    outbox.withdraw(session, ticket.id, kinds={AlertKind.READY}, moment=moment, reason=outbox.CALLED_AGAIN)
    before = {"call_number": ticket.call_number}
    ticket.call_number += 1
    ticket.called_at = moment
    ticket.version += 1
    session.flush()
    after = {"call_number": ticket.call_number}
    record(session, ticket, Action.CALL, by=by_person(by), at=moment, before=before, after=after)
    outbox.enqueue_ready(session, ticket, settings=session.get_one(Event, event_id).settings, moment=moment)
    return ticket


def mark_here(session: Session, key: str, *, event_id: int, by: int, version: int | None) -> Ticket:
    """Note that the called customer is at the desk; a call that has not left yet need not any more.

    Raises NoSuchTicket, TicketChanged, NotYourTicket, NobodyExpected.
    """
    ticket = _hold(session, key, Move.ARRIVE, event_id=event_id, by=by, version=version)
    moment = database_now(session)
    ticket.arrived_at = moment
    ticket.version += 1
    session.flush()
    record(session, ticket, Action.ARRIVED, by=by_person(by), at=moment)
    outbox.withdraw(session, ticket.id, kinds={AlertKind.READY}, moment=moment, reason=outbox.ARRIVED)
    return ticket


def last_call(session: Session, ticket: Ticket) -> datetime | None:
    """Return when the customer was last called within this take; None when no call was ever made or let stand."""
    of_this_take = or_(
        Alert.occasion == str(ticket.take_number), Alert.occasion.startswith(f"{ticket.take_number}.", autoescape=True)
    )
    made = select(Alert.created_at).where(
        Alert.ticket_id == ticket.id, Alert.kind == AlertKind.READY, Alert.state != AlertState.CANCELLED, of_this_take
    )
    times = [*session.scalars(made), ticket.called_at]
    return max((time for time in times if time is not None), default=None)


def _hold(session: Session, key: str, move: Move, *, event_id: int, by: int, version: int | None) -> Ticket:
    ticket = hold_ticket(session, key, event_id=event_id, person_id=by, version=version)
    require_change_allowed(session, ticket, by)
    if not can(ticket, move):
        raise NobodyExpected(key=ticket.key)
    return ticket
