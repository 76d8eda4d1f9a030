"""Where a ticket stands, which moves are allowed, and the one function that writes a status (specification 1, 4.3)."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.alerts import outbox
from checkin.db import database_now
from checkin.models import (
    Action,
    AlertKind,
    Event,
    EventSettings,
    Person,
    PersonRole,
    Status,
    StatusCode,
    StatusKind,
    Survey,
    TeamMember,
    Ticket,
)
from checkin.models.person import GivenRole
from checkin.models.team import Team
from checkin.queueing.errors import HandsFull, MoveNotAllowed, NoSuchStatus, NotYourTicket, OwnersHandsFull
from checkin.queueing.hands import require_free_hands
from checkin.queueing.history import by_person, record
from checkin.queueing.locks import hold_ticket


class Standing(StrEnum):
    """Where a ticket is between the queue and the end; follows from its kind and its owner."""

    WAITING = "waiting"
    OWNED = "owned"
    ON_HOLD = "on_hold"
    CLOSED = "closed"


class Aim(StrEnum):
    """What a new status would mean for the ticket; the closed ones of the desk's own are told apart."""

    OPEN = "open"
    ON_HOLD = "on_hold"
    RESOLVED = "resolved"
    NO_SHOW = "no_show"
    CLOSED = "closed"


ALLOWED: Final[dict[Standing, frozenset[Aim]]] = {
    # Nobody has helped or called somebody who still waits: neither resolved nor a no-show.
    Standing.WAITING: frozenset({Aim.OPEN, Aim.ON_HOLD, Aim.CLOSED}),
    Standing.OWNED: frozenset(Aim),
    Standing.ON_HOLD: frozenset({Aim.OPEN, Aim.ON_HOLD, Aim.RESOLVED, Aim.CLOSED}),
    Standing.CLOSED: frozenset({Aim.OPEN, Aim.ON_HOLD, Aim.CLOSED}),
}


def standing(ticket: Ticket) -> Standing:
    """Return where the ticket stands."""
    return standing_of(ticket.kind, ticket.owner_id)


def standing_of(kind: StatusKind, owner_id: int | None) -> Standing:
    """Return where a ticket of this kind and with this owner stands."""
    if kind is StatusKind.CLOSED:
        return Standing.CLOSED
    if kind is StatusKind.ON_HOLD:
        return Standing.ON_HOLD
    return Standing.WAITING if owner_id is None else Standing.OWNED


def aim_of(code: str, kind: StatusKind) -> Aim:
    """Return what moving a ticket to the status with this code and kind would mean."""
    return Aim(code) if code in {StatusCode.RESOLVED, StatusCode.NO_SHOW} else Aim(kind)


def may_change(session: Session, ticket: Ticket, person_id: int) -> bool:
    """Tell whether this person may change the ticket: its owner, a lead of its team, an organiser."""
    if ticket.owner_id == person_id:
        return True
    member = session.get(TeamMember, (ticket.team_id, person_id))
    if member is not None and member.is_lead:
        return True
    organiser = (PersonRole.person_id == person_id) & (PersonRole.role == GivenRole.ORGANISER)
    here = (
        select(Person.id).join(PersonRole, organiser).where(Person.id == person_id, Person.event_id == ticket.event_id)
    )
    return session.execute(here).first() is not None


def require_change_allowed(session: Session, ticket: Ticket, person_id: int) -> None:
    """Raise NotYourTicket unless the person may change the ticket."""
    if not may_change(session, ticket, person_id):
        raise NotYourTicket(team=session.get_one(Team, ticket.team_id).name)


def resolve(session: Session, key: str, *, event_id: int, by: int, version: int | None, words: str = "") -> Ticket:
    """Resolve the ticket: it leaves queue and board, and the customer is asked how it went.

    Raises what change_status raises.
    """
    return change_status(session, key, event_id=event_id, to=StatusCode.RESOLVED, by=by, version=version, words=words)


def change_status(
    session: Session, key: str, *, event_id: int, to: str, by: int, version: int | None, words: str = ""
) -> Ticket:
    """Move the event's ticket to the status with the code `to`, with its history row and its alerts.

    A ticket opened again keeps its owner; without one, who opens it becomes owner. Raises NoSuchTicket, TicketChanged,
    NotYourTicket, NoSuchStatus, MoveNotAllowed, HandsFull.
    """
    ticket = hold_ticket(session, key, event_id=event_id, person_id=by, version=version)
    require_change_allowed(session, ticket, by)
    status = session.scalars(select(Status).where(Status.event_id == event_id, Status.code == to)).one_or_none()
    if status is None:
        raise NoSuchStatus
    here = standing(ticket)
    if status.id == ticket.status_id or aim_of(status.code, status.kind) not in ALLOWED[here]:
        raise MoveNotAllowed(key=ticket.key, status=status.name)
    settings = session.get_one(Event, event_id).settings
    before = {"status": session.get_one(Status, ticket.status_id).code, "owner": ticket.owner_id}
    moment = database_now(session)
    if status.kind is StatusKind.OPEN and here in {Standing.ON_HOLD, Standing.CLOSED}:
        owner_id = ticket.owner_id or by
        _require_free_hands(session, owner_id, by=by, settings=settings)
        if ticket.owner_id is None:
            _become_owner(ticket, owner_id, moment)
    _write_status(session, ticket, status, moment)
    after = {"status": status.code, "owner": ticket.owner_id}
    record(session, ticket, Action.STATUS, by=by_person(by), at=moment, before=before, after=after, words=words)
    if status.asks_feedback:
        _ask_how_it_went(session, ticket, moment)
    else:
        outbox.withdraw(session, ticket.id, kind=AlertKind.FEEDBACK, moment=moment, reason=outbox.NO_LONGER_RESOLVED)
    return ticket


def _require_free_hands(session: Session, owner_id: int, *, by: int, settings: EventSettings) -> None:
    try:
        require_free_hands(session, owner_id, settings=settings)
    except HandsFull as full:
        if owner_id == by:
            raise
        raise OwnersHandsFull(owner=session.get_one(Person, owner_id).name, **full.details) from full


def _become_owner(ticket: Ticket, owner_id: int, moment: datetime) -> None:
    ticket.owner_id = owner_id
    ticket.taken_at = moment
    ticket.take_number += 1


def _write_status(session: Session, ticket: Ticket, status: Status, moment: datetime) -> None:
    ticket.status_id = status.id
    ticket.kind = status.kind
    ticket.closed_at = moment if status.kind is StatusKind.CLOSED else None
    ticket.updated_at = moment
    ticket.version += 1
    session.flush()


def _ask_how_it_went(session: Session, ticket: Ticket, moment: datetime) -> None:
    """Make the ticket's one survey, or name the expert anew in it, and put its email into the outbox."""
    survey = session.scalars(select(Survey).where(Survey.ticket_id == ticket.id)).one_or_none()
    if survey is None:
        survey = Survey(event_id=ticket.event_id, ticket_id=ticket.id, customer_id=ticket.customer_id, made_at=moment)
        session.add(survey)
    if survey.answered_at is None:
        survey.expert_id = ticket.owner_id
    settings = session.get_one(Event, ticket.event_id).settings
    outbox.enqueue_feedback(session, ticket, settings=settings, moment=moment, occasion=str(ticket.version))
