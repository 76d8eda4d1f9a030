"""Sees off who did not come or does not want to wait, and brings them back (docs/specification.md, 4.4)."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from checkin.db import database_now
from checkin.models import Action, Event, QueueState, Status, StatusCode, Team, Ticket
from checkin.queueing.errors import DayOver, NotGone, QueueClosed
from checkin.queueing.history import as_it_stands, by_person, record_move
from checkin.queueing.locks import hold_ticket
from checkin.queueing.owning import release
from checkin.queueing.permissions import require_may_see_off
from checkin.queueing.telling import forget_seeing_off
from checkin.queueing.transitions import allowed_status, change_status, set_status, stand_at, status_named

_GONE = frozenset({StatusCode.NO_SHOW, StatusCode.CANCELLED})


def mark_no_show(session: Session, key: str, *, event_id: int, by: int, version: int | None, words: str = "") -> Ticket:
    """Note that the called customer did not come; they are told how to rejoin.

    Raises what change_status raises.
    """
    return change_status(session, key, event_id=event_id, to=StatusCode.NO_SHOW, by=by, version=version, words=words)


def cancel(session: Session, key: str, *, event_id: int, by: int, version: int | None, words: str = "") -> Ticket:
    """Cancel the ticket of somebody who left; they are told how to rejoin. A volunteer may do this, too.

    Raises NoSuchTicket, TicketChanged, NotYourTicket, MoveNotAllowed.
    """
    ticket = hold_ticket(session, key, event_id=event_id, person_id=by, version=version)
    require_may_see_off(session, ticket, by)
    status = allowed_status(session, ticket, StatusCode.CANCELLED)
    before = as_it_stands(session, ticket)
    set_status(session, ticket, status, by=by_person(by), moment=database_now(session), before=before, words=words)
    return ticket


def bring_back(session: Session, key: str, *, event_id: int, by: int, version: int | None) -> Ticket:
    """Let a no-show or a cancelled ticket wait again with its old check-in time, without owner, on the same day.

    A volunteer may do this, too. Raises NoSuchTicket, TicketChanged, NotYourTicket, NotGone, DayOver, QueueClosed.
    """
    ticket = hold_ticket(session, key, event_id=event_id, person_id=by, version=version)
    require_may_see_off(session, ticket, by)
    was = session.get_one(Status, ticket.status_id).code
    if was not in _GONE:
        raise NotGone(key=ticket.key)
    moment = database_now(session)
    if not is_of_today(ticket.closed_at, moment=moment, time_zone=session.get_one(Event, event_id).time_zone):
        raise DayOver(key=ticket.key, name=ticket.first_name)
    team = session.get_one(Team, ticket.team_id, populate_existing=True)
    if team.queue_state is QueueState.CLOSED:
        raise QueueClosed(team=team.name)
    before = as_it_stands(session, ticket)
    stand_at(ticket, status_named(session, StatusCode.OPEN, event_id=event_id), moment)
    release(ticket)
    ticket.not_before = None
    record_move(session, ticket, Action.BRING_BACK, by=by_person(by), at=moment, before=before)
    forget_seeing_off(session, ticket, was=was, moment=moment)
    return ticket


def is_of_today(closed_at: datetime | None, *, moment: datetime, time_zone: str) -> bool:
    """Tell whether a ticket was closed (None: it is not) on the day that it is at the event at `moment`."""
    zone = ZoneInfo(time_zone)
    return closed_at is not None and closed_at.astimezone(zone).date() == moment.astimezone(zone).date()
