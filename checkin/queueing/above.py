"""Who decides above an expert: a lead of the team, else an organiser (docs/specification.md, 4.3 and 8.3)."""

from sqlalchemy import ColumnElement, ScalarSelect, select
from sqlalchemy.orm import Session

from checkin.models import GivenRole, Person, PersonRole, Presence, TeamMember


def above(session: Session, team_id: int | ScalarSelect[int], *, but: int | None, event_id: int) -> int | None:
    """Return a lead of the team but `but`, else an organiser but `but`; those at the desk come first."""
    leads = select(TeamMember.person_id).where(TeamMember.team_id == team_id, TeamMember.is_lead)
    organisers = select(PersonRole.person_id).where(PersonRole.role == GivenRole.ORGANISER)
    for among in (leads, organisers):
        here: ColumnElement[bool] = Person.presence == Presence.AVAILABLE
        found = select(Person.id).where(Person.event_id == event_id, Person.id.in_(among))
        if but is not None:
            found = found.where(Person.id != but)
        first = session.scalars(found.order_by(here.desc(), Person.id).limit(1)).one_or_none()
        if first is not None:
            return first
    return None
