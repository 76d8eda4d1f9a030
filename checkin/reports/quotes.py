"""How true the waits were that customers were told (docs/specification.md, section 7; docs/estimates.md)."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.models import Quote, TicketChange

# "Soon" is kept when somebody was called within this time.
SOON_IS: Final = timedelta(minutes=5)


@dataclass(frozen=True)
class QuoteAccuracy:
    """The quotes of an event, each counted once.

    `held` and `missed` were followed by a call; `never_called` were not (they left, the queue closed, they still wait);
    `unknown` said that we do not know yet. `width` is the median of the ranges in minutes, None without any.
    """

    held: int
    missed: int
    never_called: int
    unknown: int
    width: float | None

    @property
    def share(self) -> float | None:
        """Return the part of the quotes that held, None where nobody was called after one."""
        called = self.held + self.missed
        return self.held / called if called else None


def quote_accuracy(session: Session, *, event_id: int) -> QuoteAccuracy:
    """Return how many of the event's quotes held, by the first time after each that the ticket was given an owner."""
    quotes = session.scalars(select(Quote).where(Quote.event_id == event_id).order_by(Quote.id)).all()
    given = _given_an_owner(session, event_id=event_id)
    counted = {"held": 0, "missed": 0, "never_called": 0, "unknown": 0}
    widths: list[int] = []
    for quote in quotes:
        called_at = next((at for at in given[quote.ticket_id] if at > quote.at), None)
        counted[_outcome(quote, called_at)] += 1
        if quote.least is not None and quote.most:
            widths.append(quote.most - quote.least)
    return QuoteAccuracy(**counted, width=median(widths) if widths else None)


def _outcome(quote: Quote, called_at: datetime | None) -> str:
    if quote.least is None or quote.most is None:
        return "unknown"
    if called_at is None:
        return "never_called"
    waited = called_at - quote.at
    most = timedelta(minutes=quote.most) if quote.most else SOON_IS
    return "held" if timedelta(minutes=quote.least) <= waited <= most else "missed"


def _given_an_owner(session: Session, *, event_id: int) -> dict[int, list[datetime]]:
    """Return when each quoted ticket was given an owner who had none (or another) before, oldest first."""
    times: dict[int, list[datetime]] = defaultdict(list)
    for change in _changes(session, event_id=event_id):
        owner = change.after.get("owner")
        if owner is not None and owner != change.before.get("owner"):
            times[change.ticket_id].append(change.at)
    return times


def _changes(session: Session, *, event_id: int) -> Iterator[TicketChange]:
    quoted = select(Quote.ticket_id).where(Quote.event_id == event_id)
    statement = select(TicketChange).where(TicketChange.ticket_id.in_(quoted)).order_by(TicketChange.id)
    yield from session.scalars(statement)
