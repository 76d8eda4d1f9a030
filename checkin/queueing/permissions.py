"""Who of an event's people may change a ticket (docs/specification.md, section 1)."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.models import GivenRole, Person, PersonRole, Team, TeamMember, Ticket
from checkin.queueing.errors import NotYourTicket


def may_change(session: Session, ticket: Ticket, person_id: int) -> bool:
    """Tell whether this person may change the ticket: its owner, a lead of its team, an organiser."""
    return ticket.owner_id == person_id or leads(session, ticket, person_id)


def leads(session: Session, ticket: Ticket, person_id: int) -> bool:
    """Tell whether this person is a lead of the ticket's team, or an organiser."""
    return leads_team(session, ticket.team_id, person_id, event_id=ticket.event_id)


def leads_team(session: Session, team_id: int, person_id: int, *, event_id: int) -> bool:
    """Tell whether this person is a lead of the event's team, or an organiser."""
    member = session.get(TeamMember, (team_id, person_id))
    if member is not None and member.is_lead:
        return True
    return has_role(session, person_id, GivenRole.ORGANISER, event_id=event_id)


def has_role(session: Session, person_id: int, role: GivenRole, *, event_id: int) -> bool:
    """Tell whether the event's person was given this role."""
    given = (PersonRole.person_id == person_id) & (PersonRole.role == role)
    here = select(Person.id).join(PersonRole, given).where(Person.id == person_id, Person.event_id == event_id)
    return session.execute(here).first() is not None


def require_change_allowed(session: Session, ticket: Ticket, person_id: int) -> None:
    """Raise NotYourTicket unless the person may change the ticket."""
    if not may_change(session, ticket, person_id):
        raise NotYourTicket(team=session.get_one(Team, ticket.team_id).name)


def require_may_see_off(session: Session, ticket: Ticket, person_id: int) -> None:
    """Raise NotYourTicket unless the person may cancel the ticket and bring it back: volunteers may, too."""
    if not has_role(session, person_id, GivenRole.VOLUNTEER, event_id=ticket.event_id):
        require_change_allowed(session, ticket, person_id)
