"""Hands a ticket over to another team, product or person; it keeps its check-in time (docs/specification.md, 3.5)."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.alerts import outbox
from checkin.db import database_now
from checkin.models import (
    Action,
    AlertKind,
    Event,
    Person,
    Presence,
    Product,
    Status,
    StatusCode,
    StatusKind,
    Team,
    TeamMember,
    Ticket,
)
from checkin.queueing.entrances import TAKES_NOBODY_NEW, require_entrance, shut
from checkin.queueing.errors import (
    Away,
    MoveNotAllowed,
    NoSuchPerson,
    NoSuchTeam,
    NoTeam,
    OwnerAway,
    ProductNotOffered,
    SamePlace,
)
from checkin.queueing.history import after_undo, as_it_stands, by_person, record_move
from checkin.queueing.locks import hold_ticket
from checkin.queueing.owning import give, release
from checkin.queueing.permissions import require_change_allowed
from checkin.queueing.titles import retitle
from checkin.queueing.transitions import Move, can, require_free_hands_of, stand_at, status_named


def hand_over_to_team(
    session: Session, key: str, *, event_id: int, by: int, version: int | None, team_code: str, words: str = ""
) -> Ticket:
    """Let the ticket wait in another team's queue, at the place of its check-in time. Nobody is told.

    Raises NoSuchTeam, QueueClosed, SamePlace, and what every hand-over raises: NoSuchTicket, TicketChanged,
    NotYourTicket, MoveNotAllowed.
    """
    found = select(Team.id).where(Team.event_id == event_id, Team.code == team_code)
    team_id = session.execute(found).scalar_one_or_none()
    if team_id is None:
        raise NoSuchTeam
    ticket = _hold(session, key, event_id=event_id, by=by, version=version, team_id=team_id)
    if ticket.team_id == team_id and _waits(ticket):
        raise SamePlace(key=ticket.key)
    return let_wait(session, ticket, team_id=team_id, product_id=ticket.product_id, by=by, words=words)


def hand_over_to_product(
    session: Session, key: str, *, event_id: int, by: int, version: int | None, product_id: int, words: str = ""
) -> Ticket:
    """Let the ticket wait for help with another product, in the queue of the team that knows it. Nobody is told.

    The product asked for at check-in is kept beside it. Raises ProductNotOffered, QueueClosed, SamePlace, and what
    every hand-over raises.
    """
    found = select(Product.team_id).where(Product.id == product_id, Product.event_id == event_id)
    team_id = session.execute(found).scalar_one_or_none()
    if team_id is None:
        raise ProductNotOffered
    ticket = _hold(session, key, event_id=event_id, by=by, version=version, team_id=team_id)
    if session.execute(found).scalar_one_or_none() != team_id:
        # Its team was changed or removed between the look and the lock.
        raise ProductNotOffered
    if (ticket.product_id, ticket.team_id) == (product_id, team_id) and _waits(ticket):
        raise SamePlace(key=ticket.key)
    return let_wait(session, ticket, team_id=team_id, product_id=product_id, by=by, words=words)


def hand_over_to_person(
    session: Session, key: str, *, event_id: int, by: int, version: int | None, person_id: int, words: str = ""
) -> Ticket:
    """Give the ticket to a person, who becomes a member of its team by its going to one of theirs if need be.

    The customer is told like after a take, when the time to undo is over. Raises NoSuchPerson, NoTeam, Away,
    OwnerAway, HandsFull, OwnersHandsFull, QueueClosed, SamePlace, and what every hand-over raises.
    """
    teams = _teams_of(session, person_id, event_id=event_id)
    ticket = hold_ticket(
        session, key, event_id=event_id, person_id=by, version=version, also_people=[person_id], also_teams=teams
    )
    _require_hand_over(session, ticket, by)
    person = session.get_one(Person, person_id, populate_existing=True)
    team_id = _team_for(session, ticket, person)
    if ticket.owner_id == person_id and ticket.kind is StatusKind.OPEN:
        raise SamePlace(key=ticket.key)
    settings = session.get_one(Event, event_id).settings
    if person.presence is not Presence.AVAILABLE:
        raise Away if person_id == by else OwnerAway(name=person.name)
    require_free_hands_of(session, person_id, by=by, settings=settings)
    moment = database_now(session)
    before = as_it_stands(session, ticket)
    outbox.withdraw(session, ticket.id, kinds={AlertKind.READY}, moment=moment, reason=outbox.HANDED_OVER)
    _open(session, ticket)
    ticket.team_id = team_id
    give(ticket, person_id, desk=person.desk, moment=moment)
    record_move(session, ticket, Action.HAND_OVER, by=by_person(by), at=moment, before=before, words=words)
    outbox.enqueue_ready(session, ticket, settings=settings, moment=moment, due_at=after_undo(moment))
    return ticket


def _hold(session: Session, key: str, *, event_id: int, by: int, version: int | None, team_id: int) -> Ticket:
    ticket = hold_ticket(session, key, event_id=event_id, person_id=by, version=version, also_teams=[team_id])
    _require_hand_over(session, ticket, by)
    return ticket


def _require_hand_over(session: Session, ticket: Ticket, by: int) -> None:
    require_change_allowed(session, ticket, by)
    if not can(ticket, Move.HAND_OVER):
        status = status_named(session, StatusCode.OPEN, event_id=ticket.event_id)
        raise MoveNotAllowed(key=ticket.key, status=status.name)


def _waits(ticket: Ticket) -> bool:
    return ticket.kind is StatusKind.OPEN and ticket.owner_id is None


def let_wait(session: Session, ticket: Ticket, *, team_id: int, product_id: int, by: int, words: str) -> Ticket:
    """Let the held ticket wait in the queue of this team, which is held too; who may is for the caller to ask.

    Raises QueueClosed.
    """
    _require_open_to(session, ticket, team_id)
    moment = database_now(session)
    before = as_it_stands(session, ticket)
    outbox.withdraw(session, ticket.id, kinds={AlertKind.READY}, moment=moment, reason=outbox.HANDED_OVER)
    _open(session, ticket)
    release(ticket)
    ticket.team_id = team_id
    retitle(session, ticket, product_id=product_id)
    ticket.product_id = product_id
    record_move(session, ticket, Action.HAND_OVER, by=by_person(by), at=moment, before=before, words=words)
    return ticket


def _open(session: Session, ticket: Ticket) -> None:
    """Let a ticket on hold be open; one that has an open status keeps it."""
    if ticket.kind is not StatusKind.OPEN:
        status = session.scalars(
            select(Status).where(Status.event_id == ticket.event_id, Status.code == StatusCode.OPEN)
        ).one()
        stand_at(ticket, status, ticket.updated_at)


def _require_open_to(session: Session, ticket: Ticket, team_id: int) -> None:
    """Refuse a queue that takes nobody new, but to those who are in it already or were taken from it."""
    if ticket.team_id != team_id or ticket.kind is not StatusKind.OPEN:
        require_entrance(session, team_id)


def _teams_of(session: Session, person_id: int, *, event_id: int) -> list[int]:
    """Return the ids of the person's teams, in the organisers' order. Raises NoSuchPerson, NoTeam."""
    person = session.execute(
        select(Person.name).where(Person.id == person_id, Person.event_id == event_id)
    ).scalar_one_or_none()
    if person is None:
        raise NoSuchPerson
    member = (TeamMember.team_id == Team.id) & (TeamMember.person_id == person_id)
    teams = list(session.scalars(select(Team.id).join(TeamMember, member).order_by(Team.position, Team.id)))
    if not teams:
        raise NoTeam(name=person)
    return teams


def _team_for(session: Session, ticket: Ticket, person: Person) -> int:
    """Return the team that the ticket is to have with this owner: its own, else the first of theirs that takes people.

    Raises NoTeam, QueueClosed.
    """
    teams = _teams_of(session, person.id, event_id=ticket.event_id)
    if ticket.team_id in teams:
        return ticket.team_id
    for team_id in teams:
        team = session.get_one(Team, team_id, populate_existing=True)
        if team.queue_state not in TAKES_NOBODY_NEW:
            return team_id
    first = session.get_one(Team, teams[0])
    raise shut(first.name, first.queue_state)
