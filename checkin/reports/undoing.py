"""What somebody has just done and can still undo (docs/specification.md, 4.3)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.models import Ticket, TicketChange
from checkin.queueing.undoing import UNDO_SECONDS, undoable
from checkin.reports.timeline import ChangeEntry, changes_of


@dataclass(frozen=True)
class Undo:
    """A change of a ticket that can be undone until then."""

    key: str
    change: ChangeEntry
    until: datetime


def undo_of(session: Session, ticket_id: int, key: str, *, by: int, moment: datetime) -> Undo | None:
    """Return this person's last change of the ticket while it can be undone."""
    found = undoable(session, ticket_id, by=by, moment=moment)
    if found is None:
        return None
    (change,) = (change for change in changes_of(session, ticket_id) if change.id == found.change_id)
    return Undo(key, change, change.at + timedelta(seconds=UNDO_SECONDS))


def last_undo(session: Session, *, event_id: int, by: int, moment: datetime) -> Undo | None:
    """Return what this person did last, to whatever ticket, while it can be undone."""
    recently = moment - timedelta(seconds=UNDO_SECONDS)
    last = session.execute(
        select(Ticket.id, Ticket.key)
        .join(TicketChange, TicketChange.ticket_id == Ticket.id)
        .where(Ticket.event_id == event_id, TicketChange.person_id == by, TicketChange.at > recently)
        .order_by(TicketChange.id.desc())
        .limit(1)
    ).one_or_none()
    return None if last is None else undo_of(session, last.id, last.key, by=by, moment=moment)
