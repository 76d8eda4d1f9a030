"""Checks a customer in: one submission makes exactly one ticket (docs/specification.md, 2.3, 2.4, 2.6, 3.1)."""

from sqlalchemy.orm import Session

from checkin.models import Source
from checkin.queueing.duplicates import Duplicate, hold_person, keep, settle
from checkin.queueing.new_tickets import CheckedIn, CheckInDetails, find_first, find_offer, write_ticket
from checkin.queueing.telling import tell_of_check_in, tell_team_of_check_in

__all__ = ["CheckInDetails", "CheckedIn", "check_in"]


def check_in(
    session: Session, details: CheckInDetails, *, event_id: int, by: int | None = None, where: str = "",
    source: Source = Source.KIOSK, duplicate: Duplicate | None = None,
) -> CheckedIn:  # fmt: skip
    """Make the ticket of this submission, or return the one it has made already.

    Somebody whose email or phone has a ticket of kind open gets no other one unless `duplicate` says so. Raises
    AlreadyHere (nobody has chosen yet, or what is to be moved has an owner), DuplicateGone, ProductNotOffered,
    QueueClosed, and SubmittedTwice when another request is writing the same submission at this moment (run the
    transaction again: it then finds that ticket).
    """
    hold_person(session, details, event_id=event_id)
    if duplicate is Duplicate.KEEP:
        return find_first(session, details, event_id=event_id) or keep(session, details, event_id=event_id, by=by)
    offer = find_offer(session, details, event_id=event_id)
    if isinstance(offer, CheckedIn):
        return offer
    there = settle(session, details, duplicate, offer=offer, event_id=event_id, by=by)
    if there is not None:
        return there
    made = write_ticket(session, details, offer, event_id=event_id, by=by, where=where, source=source)
    tell_of_check_in(session, made, offer)
    tell_team_of_check_in(session, made, offer, event_id=event_id)
    return CheckedIn(made.key)
