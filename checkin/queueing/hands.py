"""How many tickets an expert has in hand: owned and of kind open (docs/specification.md, 4.7)."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.models import EventSettings, Person, Presence, StatusKind, Team, TeamMember, Ticket
from checkin.queueing.errors import HandsFull, NotAMember, OwnerAway, OwnersHandsFull


def require_free_hands(session: Session, person_id: int, *, settings: EventSettings) -> None:
    """Refuse when the expert holds as many tickets as the event allows; the expert's row is locked by the caller.

    Raises HandsFull with the key of the ticket that has been in hand longest.
    """
    if settings.tickets_in_hand == 0:
        return
    held = session.scalars(
        select(Ticket.key)
        .where(Ticket.owner_id == person_id, Ticket.kind == StatusKind.OPEN)
        .order_by(Ticket.taken_at)
        .limit(settings.tickets_in_hand)
    ).all()
    if len(held) >= settings.tickets_in_hand:
        raise HandsFull(key=held[0])


def require_can_own(
    session: Session, person_id: int, *, event_id: int, team_id: int, settings: EventSettings
) -> Person:
    """Return the event's person if they can be given a ticket of this team now; the caller has locked their row.

    Raises NotAMember, OwnerAway, OwnersHandsFull.
    """
    team = session.get_one(Team, team_id)
    person = session.get(Person, person_id, populate_existing=True)
    if person is None or person.event_id != event_id or session.get(TeamMember, (team_id, person_id)) is None:
        raise NotAMember(name=person.name if person and person.event_id == event_id else "?", team=team.name)
    if person.presence is not Presence.AVAILABLE:
        raise OwnerAway(name=person.name)
    try:
        require_free_hands(session, person_id, settings=settings)
    except HandsFull as full:
        raise OwnersHandsFull(owner=person.name, **full.details) from full
    return person
