"""How many tickets an expert has in hand: owned and of kind open (docs/specification.md, 4.7)."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.models import EventSettings, StatusKind, Ticket
from checkin.queueing.errors import HandsFull


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
