"""Passes a ticket on to who decides: a person, a team, by default a lead of its team (docs/specification.md, 4.3)."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.db import database_now
from checkin.models import GivenRole, Person, StatusCode, Team, TeamMember, Ticket
from checkin.queueing.above import above
from checkin.queueing.errors import NobodyToEscalateTo, NoSuchPerson, NoSuchTeam, NoTeam
from checkin.queueing.history import as_it_stands, by_person
from checkin.queueing.locks import hold_ticket
from checkin.queueing.owning import give, release
from checkin.queueing.permissions import has_role, require_change_allowed
from checkin.queueing.transitions import allowed_status, change_status, set_status


def escalate(
    session: Session, key: str, *, event_id: int, by: int, version: int | None, person_id: int | None = None,
    team_code: str | None = None, words: str = "",
) -> Ticket:  # fmt: skip
    """Set the ticket to Escalated and give it to the person, to nobody in the team, or else to its own team's lead.

    Without a lead but `by` it goes to an organiser; whoever is at the desk now comes first. It is on hold, so it is in
    nobody's hands, and whoever is away can have it. Raises NoSuchTicket, TicketChanged, NotYourTicket, MoveNotAllowed,
    NoSuchPerson, NoSuchTeam, NoTeam, NobodyToEscalateTo.
    """
    team_id = None if team_code is None else _team(session, team_code, event_id=event_id)
    to_id = person_id
    if team_id is None and person_id is None:
        own_team = select(Ticket.team_id).where(Ticket.event_id == event_id, Ticket.key == key).scalar_subquery()
        to_id = above(session, own_team, but=by, event_id=event_id)
    ticket = hold_ticket(
        session, key, event_id=event_id, person_id=by, version=version,
        also_people=[] if to_id is None else [to_id], also_teams=[] if team_id is None else [team_id],
    )  # fmt: skip
    require_change_allowed(session, ticket, by)
    status = allowed_status(session, ticket, StatusCode.ESCALATED)
    moment = database_now(session)
    before = as_it_stands(session, ticket)
    if team_id is not None:
        release(ticket)
        ticket.team_id = team_id
    elif to_id is None:
        raise NobodyToEscalateTo(key=ticket.key)
    elif to_id != ticket.owner_id:
        _require_can_decide(session, to_id, event_id=event_id)
        give(ticket, to_id, desk="", moment=moment)
    set_status(session, ticket, status, by=by_person(by), moment=moment, before=before, words=words)
    return ticket


def follow_up(session: Session, key: str, *, event_id: int, by: int, version: int | None, words: str = "") -> Ticket:
    """Put the ticket aside for a quiet time; it keeps its owner.

    Raises what change_status raises.
    """
    return change_status(session, key, event_id=event_id, to=StatusCode.FOLLOW_UP, by=by, version=version, words=words)


def _team(session: Session, code: str, *, event_id: int) -> int:
    team_id = session.execute(select(Team.id).where(Team.event_id == event_id, Team.code == code)).scalar_one_or_none()
    if team_id is None:
        raise NoSuchTeam
    return team_id


def _require_can_decide(session: Session, person_id: int, *, event_id: int) -> None:
    """Raise NoSuchPerson, or NoTeam for somebody who is neither in a team nor an organiser."""
    name = session.scalars(select(Person.name).where(Person.id == person_id, Person.event_id == event_id)).one_or_none()
    if name is None:
        raise NoSuchPerson
    member = session.execute(select(TeamMember.team_id).where(TeamMember.person_id == person_id).limit(1)).first()
    if member is None and not has_role(session, person_id, GivenRole.ORGANISER, event_id=event_id):
        raise NoTeam(name=name)
