"""Checks a customer in: one submission makes exactly one ticket (docs/specification.md, 2.3, 2.6, 3.1)."""

from sqlalchemy.orm import Session

from checkin.models import Source
from checkin.queueing.new_tickets import CheckedIn, CheckInDetails, find_offer, write_ticket

__all__ = ["CheckInDetails", "CheckedIn", "check_in"]


def check_in(
    session: Session, details: CheckInDetails, *, event_id: int, by: int | None = None, where: str = "",
    source: Source = Source.KIOSK,
) -> CheckedIn:  # fmt: skip
    """Make the ticket of this submission, or return the one it has made already.

    Raises ProductNotOffered, QueueClosed, and SubmittedTwice when another request is writing the same submission at
    this moment (run the transaction again: it then finds that ticket).
    """
    offer = find_offer(session, details, event_id=event_id)
    if isinstance(offer, CheckedIn):
        return offer
    return CheckedIn(write_ticket(session, details, offer, event_id=event_id, by=by, where=where, source=source).key)
