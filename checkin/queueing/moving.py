"""Moves a ticket between people (docs/specification.md, 3.5)."""

from sqlalchemy.orm import Session

from checkin.alerts import outbox
from checkin.db import database_now
from checkin.models import Action, AlertKind, Event, Ticket
from checkin.queueing.errors import NotInHand
from checkin.queueing.history import by_person, record
from checkin.queueing.locks import hold_ticket
from checkin.queueing.owning import release
from checkin.queueing.permissions import require_change_allowed
from checkin.queueing.transitions import Move, can


def put_back(session: Session, key: str, *, event_id: int, by: int, version: int | None) -> Ticket:
    """Return the ticket to its place in the queue (its check-in time), without owner.

    Ready alerts that have not left are withdrawn; where one has left, the customer is asked to wait. Raises
    NoSuchTicket, TicketChanged, NotYourTicket, NotInHand.
    """
    ticket = hold_ticket(session, key, event_id=event_id, person_id=by, version=version)
    require_change_allowed(session, ticket, by)
    if not can(ticket, Move.PUT_BACK):
        raise NotInHand(key=ticket.key)
    moment = database_now(session)
    before = {"owner": ticket.owner_id, "desk": ticket.desk}
    release(ticket)
    ticket.updated_at = moment
    ticket.version += 1
    session.flush()
    record(session, ticket, Action.PUT_BACK, by=by_person(by), at=moment, before=before, after={"owner": None})
    outbox.withdraw(session, ticket.id, kinds={AlertKind.READY}, moment=moment, reason=outbox.WITHDRAWN)
    settings = session.get_one(Event, event_id).settings
    outbox.enqueue_please_wait(session, ticket, settings=settings, moment=moment)
    return ticket
