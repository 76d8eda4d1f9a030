"""What customers do by themselves on their own page, known by the token of their ticket (specification, section 7)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.db import DatabaseBusy, database_now
from checkin.models import Action, Customer, StatusCode, Ticket
from checkin.queueing.details import CORRECTABLE, replace_details
from checkin.queueing.errors import (
    NoMoreTime,
    NoSuchTicket,
    NotCalled,
    NotInQueue,
    TicketChanged,
    TooEarlyForMoreTime,
)
from checkin.queueing.history import BY_CUSTOMER, as_it_stands, record
from checkin.queueing.locks import hold_ticket
from checkin.queueing.places import place_of
from checkin.queueing.transitions import Move, Standing, can, set_status, standing, status_named

MORE_TIME: Final = timedelta(minutes=5)
MORE_TIME_AT_MOST: Final = 2
MORE_TIME_FROM_PLACE: Final = 3
_TRIES: Final = 5


def on_my_way(session: Session, token: str) -> Ticket:
    """Keep that the called customer is coming, for the expert to see; pressed again it stays as it is.

    Raises NoSuchTicket, NotCalled.
    """
    ticket = _hold(session, token)
    if not can(ticket, Move.ON_THE_WAY):
        raise NotCalled
    if ticket.on_the_way_at is None:
        ticket.on_the_way_at = database_now(session)
        record(session, ticket, Action.ON_THE_WAY, by=BY_CUSTOMER, at=ticket.on_the_way_at)
    return ticket


def more_time(session: Session, token: str, *, asked: int | None = None) -> Ticket:
    """Give the customer five more minutes, twice at most.

    Who waits is not offered until then; who was called stays called, and the expert is told. `asked` is how
    often they had asked when their page was made: a press of a page that was answered before changes nothing.
    Raises NoSuchTicket, NotInQueue, NoMoreTime, TooEarlyForMoreTime.
    """
    ticket = _hold(session, token)
    if asked is not None and asked < ticket.more_time:
        return ticket
    if not can(ticket, Move.MORE_TIME):
        raise NotInQueue
    if ticket.more_time >= MORE_TIME_AT_MOST:
        raise NoMoreTime
    moment = database_now(session)
    after: dict[str, int | str] = {"more_time": ticket.more_time + 1}
    if ticket.owner_id is None:
        _require_near(session, ticket, moment)
        ticket.not_before = moment + MORE_TIME
        after["not_before"] = ticket.not_before.isoformat()
    ticket.more_time += 1
    record(session, ticket, Action.MORE_TIME, by=BY_CUSTOMER, at=moment, after=after)
    return ticket


def back_already(session: Session, token: str) -> Ticket:
    """Offer a customer again before their five more minutes are over; who has a place or was called stays so.

    What was asked for still counts. Raises NoSuchTicket, NotInQueue.
    """
    ticket = _hold(session, token)
    if not can(ticket, Move.MORE_TIME):
        raise NotInQueue
    moment = database_now(session)
    if ticket.owner_id is None and ticket.not_before is not None and ticket.not_before > moment:
        before = {"not_before": ticket.not_before.isoformat()}
        ticket.not_before = None
        record(session, ticket, Action.MORE_TIME, by=BY_CUSTOMER, at=moment, before=before, after={"not_before": None})
    return ticket


def leave_queue(session: Session, token: str) -> Ticket:
    """Cancel the ticket of a customer who waits or was called, without a message: they know. Again it changes nothing.

    Raises NoSuchTicket, NotInQueue.
    """
    ticket = _hold(session, token)
    cancelled = status_named(session, StatusCode.CANCELLED, event_id=ticket.event_id)
    if ticket.status_id == cancelled.id:
        return ticket
    if not can(ticket, Move.LEAVE):
        raise NotInQueue
    before = as_it_stands(session, ticket)
    set_status(session, ticket, cancelled, by=BY_CUSTOMER, moment=database_now(session), before=before)
    return ticket


def correct_own_details(session: Session, token: str, given: Mapping[str, str | None]) -> Ticket:
    """Replace what the waiting customer gives anew (names in CORRECTABLE); empty and missing ones stay as they are.

    Values are checked and normalised as at check-in. Raises NoSuchTicket, NotInQueue.
    """
    ticket = _hold(session, token)
    if standing(ticket) is not Standing.WAITING:
        raise NotInQueue
    changes = {name: given[name] for name in CORRECTABLE if given.get(name)}
    replace_details(session, ticket, changes, by=BY_CUSTOMER, moment=database_now(session))
    return ticket


def choose_language(session: Session, token: str, language: str) -> Ticket:
    """Let page and messages speak this language from now on. Raises NoSuchTicket."""
    ticket = _hold(session, token)
    if language != ticket.language:
        before, ticket.language = {"language": ticket.language}, language
        session.get_one(Customer, ticket.customer_id).language = language
        moment = database_now(session)
        after = {"language": language}
        record(session, ticket, Action.CORRECT, by=BY_CUSTOMER, at=moment, before=before, after=after)
    return ticket


def may_ask_for_more_time(ticket: Ticket, place: int | None) -> bool:
    """Tell whether the customer at this place (None: no place at the moment) may have five more minutes now."""
    if ticket.more_time >= MORE_TIME_AT_MOST:
        return False
    return standing(ticket) is Standing.CALLED or (place is not None and place <= MORE_TIME_FROM_PLACE)


def _require_near(session: Session, ticket: Ticket, moment: datetime) -> None:
    place = place_of(session, ticket, moment=moment)
    if place is None or place > MORE_TIME_FROM_PLACE:
        raise TooEarlyForMoreTime


def _hold(session: Session, token: str) -> Ticket:
    """Return the ticket with its people, its team and itself locked, however often it moves in the meantime.

    A customer does not know of versions: what they asked for is done to the ticket as it stands. Each try is a
    savepoint, whose end gives the locks back: the next one begins with the people again.
    """
    found = session.execute(select(Ticket.event_id, Ticket.key).where(Ticket.token == token)).one_or_none()
    if found is None:
        raise NoSuchTicket
    for _ in range(_TRIES):
        try:
            with session.begin_nested():
                return hold_ticket(session, found.key, event_id=found.event_id, person_id=None, version=None)
        except TicketChanged:
            continue
    raise DatabaseBusy
