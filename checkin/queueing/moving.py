"""Moves a ticket between people (docs/specification.md, 3.5)."""

from sqlalchemy.orm import Session

from checkin.alerts import outbox
from checkin.db import database_now
from checkin.models import Action, AlertKind, Ticket
from checkin.queueing.errors import NotInHand
from checkin.queueing.history import by_person, record
from checkin.queueing.locks import hold_ticket
from checkin.queueing.transitions import Standing, require_change_allowed, standing


def put_back(session: Session, key: str, *, event_id: int, by: int, version: int | None) -> Ticket:
    """Return the ticket to its place in the queue (its check-in time), without owner.

    Ready alerts that have not left are withdrawn. Raises NoSuchTicket, TicketChanged, NotYourTicket, NotInHand.
    """
    ticket = hold_ticket(session, key, event_id=event_id, person_id=by, version=version)
    require_change_allowed(session, ticket, by)
    if standing(ticket) is not Standing.OWNED:
        raise NotInHand(key=ticket.key)
    moment = database_now(session)
    before = {"owner": ticket.owner_id, "desk": ticket.desk}
    ticket.owner_id = None
    ticket.desk = ""
    ticket.taken_at = None
    ticket.arrived_at = None
    ticket.updated_at = moment
    ticket.version += 1
    session.flush()
    record(session, ticket, Action.PUT_BACK, by=by_person(by), at=moment, before=before, after={"owner": None})
    outbox.withdraw(session, ticket.id, kind=AlertKind.READY, moment=moment, reason=outbox.WITHDRAWN)
    return ticket
