"""Where people stand: a place counts only who waits and is offered, 1 means next (docs/specification.md, 3.7)."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from checkin.models import Ticket
from checkin.models.places import place_of
from checkin.models.ticket import in_queue, offered, queue_order

__all__ = ["next_return", "place_of", "places"]


def places(session: Session, *, event_id: int, moment: datetime) -> dict[int, int]:
    """Return the place of every offered ticket of the event by its id."""
    place = func.row_number().over(partition_by=Ticket.team_id, order_by=queue_order())
    statement = select(Ticket.id, place).where(Ticket.event_id == event_id, offered(moment))
    return dict(session.execute(statement).all())


def next_return(session: Session, *, event_id: int, moment: datetime) -> datetime | None:
    """Return when the next ticket that is held back (five more minutes) is offered again, None when none is.

    Nothing is written then: who watches places has to look again at that time.
    """
    held_back = (Ticket.event_id == event_id, in_queue(), Ticket.not_before > moment)
    return session.execute(select(func.min(Ticket.not_before)).where(*held_back)).scalar_one()
