"""The place of one ticket in its queue, for whoever tells it: pages, moves and alerts (docs/specification.md, 3.7)."""

from datetime import datetime
from typing import Final

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from checkin.models.event import StatusKind
from checkin.models.ticket import Ticket, offered, queue_order

# Whoever has this place or a smaller one is nearly there (5.1).
NEAR: Final = 2


def place_of(session: Session, ticket: Ticket, *, moment: datetime) -> int | None:
    """Return the ticket's place in its queue, None while it is not offered."""
    if ticket.kind is not StatusKind.OPEN or ticket.owner_id is not None:
        return None
    if ticket.not_before is not None and ticket.not_before > moment:
        return None
    ahead = tuple_(*queue_order()) < tuple_(ticket.priority, ticket.queued_at, ticket.id)
    statement = select(func.count()).select_from(Ticket).where(Ticket.team_id == ticket.team_id, offered(moment), ahead)
    return 1 + session.execute(statement).scalar_one()
