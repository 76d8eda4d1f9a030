"""Keeps every wait that a customer was told, to be compared with what it turned out to be (specification 7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.models import Quote, Ticket
from checkin.queueing.waits import WaitRange


@dataclass(frozen=True)
class Told:
    """A wait that a customer has just been told with their place; None: that we do not know yet."""

    event_id: int
    ticket_id: int
    at: datetime
    place: int
    wait: WaitRange | None

    @property
    def said(self) -> tuple[int, int | None, int | None]:
        """Return what makes one quote differ from another."""
        return (self.place, self.wait.least, self.wait.most) if self.wait else (self.place, None, None)


def keep_quotes(session: Session, told: Sequence[Told]) -> int:
    """Write those that say something else than the ticket's last one, in their order; return how many.

    Tickets that are gone meanwhile are left out.
    """
    ids = {one.ticket_id for one in told}
    known = set(session.scalars(select(Ticket.id).where(Ticket.id.in_(ids))).all())
    quotes = session.scalars(select(Quote).where(Quote.ticket_id.in_(ids)).order_by(Quote.id))
    last = {quote.ticket_id: (quote.place, quote.least, quote.most) for quote in quotes}
    kept = 0
    for one in told:
        if one.ticket_id not in known or last.get(one.ticket_id) == one.said:
            continue
        last[one.ticket_id] = one.said
        place, least, most = one.said
        session.add(
            Quote(event_id=one.event_id, ticket_id=one.ticket_id, at=one.at, place=place, least=least, most=most)
        )
        kept += 1
    return kept
