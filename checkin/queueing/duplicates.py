"""Somebody who has an open ticket already: keep it, move it, or check in again (docs/specification.md, 2.4)."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import false, func, or_, select
from sqlalchemy.orm import Session

from checkin.models import Customer, Source, StatusKind, Ticket, TicketChange
from checkin.queueing.customers import known_as
from checkin.queueing.errors import AlreadyHere, DuplicateGone, TicketChanged
from checkin.queueing.handing_over import let_wait
from checkin.queueing.locks import hold_ticket
from checkin.queueing.new_tickets import CheckedIn, CheckInDetails, Offer
from checkin.queueing.notes import add_note


class Duplicate(StrEnum):
    """What the volunteer decided about the ticket that is there already."""

    KEEP = "keep"
    MOVE = "move"
    AGAIN = "again"


@dataclass(frozen=True)
class OpenTicket:
    """The open ticket of somebody who stands at a kiosk again."""

    key: str
    product_id: int
    owner_id: int | None


def hold_person(session: Session, details: CheckInDetails, *, event_id: int) -> None:
    """Let other check-ins with the same email or phone wait until this transaction ends.

    The customer's row would not do: people who share a phone are two customers, and a new one has no row yet. SQLite's
    one writer holds the whole database.
    """
    addresses = (known_as(details.email), details.phone)
    given = sorted(f"{event_id} {address}" for address in addresses if address is not None)
    if given and session.get_bind().dialect.name == "postgresql":
        # In the order of the addresses, so that two kiosks never wait for each other.
        session.execute(select(*(func.pg_advisory_xact_lock(func.hashtextextended(one, 0)) for one in given)))


def open_ticket(session: Session, details: CheckInDetails, *, event_id: int) -> OpenTicket | None:
    """Return the ticket of kind open (waiting or owned) of whoever has this email or phone.

    Of several, one for the same product, else the one that has been there longest.
    """
    if details.email is None and details.phone is None:
        return None
    same_email = Customer.email == known_as(details.email) if details.email is not None else false()
    same_phone = Customer.phone == details.phone if details.phone is not None else false()
    # First who they are: in one statement PostgreSQL looks at all open tickets, and asks of each whose it is.
    them = select(Customer.id).where(Customer.event_id == event_id, or_(same_email, same_phone))
    known = session.scalars(them).all()
    if not known:
        return None
    found = session.execute(
        select(Ticket.key, Ticket.product_id, Ticket.owner_id)
        .where(Ticket.customer_id.in_(known), Ticket.kind == StatusKind.OPEN, Ticket.source != Source.FEEDBACK)
        .order_by(Ticket.product_id != details.product_id, Ticket.queued_at, Ticket.id)
        .limit(1)
    ).one_or_none()
    return None if found is None else OpenTicket(*found)


def settle(
    session: Session, details: CheckInDetails, choice: Duplicate | None, *, offer: Offer, event_id: int, by: int | None
) -> CheckedIn | None:
    """Return the ticket that the customer goes on with, or None when a new one is to be made.

    The caller holds the person. Raises AlreadyHere when nobody has chosen yet, or when what is to be moved has an owner
    by now (`by` None: nobody is there who may move it); DuplicateGone when it is closed.
    """
    if choice is Duplicate.AGAIN:
        return None
    there = open_ticket(session, details, event_id=event_id)
    if there is None and choice is None:
        return None
    if there is None:
        raise DuplicateGone
    if choice is None or by is None:
        raise AlreadyHere(key=there.key)
    # A move that comes a second time finds its ticket at the product already.
    if there.product_id != offer.product_id:
        move_waiting(session, there.key, offer, event_id=event_id, by=by, words=details.notes)
    return CheckedIn(there.key, kept=True)


def keep(session: Session, details: CheckInDetails, *, event_id: int, by: int | None) -> CheckedIn:
    """Return the open ticket that the customer keeps, with what was typed as notes added to it, once.

    No queue has to be open for that. Raises DuplicateGone.
    """
    there = open_ticket(session, details, event_id=event_id)
    if there is None:
        raise DuplicateGone
    if by is not None and details.notes and not _says_already(session, there.key, details.notes, event_id=event_id):
        add_note(session, there.key, event_id=event_id, by=by, words=details.notes)
    return CheckedIn(there.key, kept=True)


def _says_already(session: Session, key: str, words: str, *, event_id: int) -> bool:
    """Tell whether the ticket has these words: from its own check-in, or from an answer that comes a second time."""
    its_own = (Ticket.event_id == event_id, Ticket.key == key)
    noted = select(TicketChange.id).where(TicketChange.ticket_id == Ticket.id, TicketChange.words == words).exists()
    return session.scalars(select(Ticket.id).where(*its_own, or_(Ticket.notes == words, noted))).first() is not None


def move_waiting(session: Session, key: str, offer: Offer, *, event_id: int, by: int, words: str = "") -> None:
    """Let a ticket that waits wait for the offered product instead, with its check-in time; whoever checks in may.

    Raises AlreadyHere when it has an owner by now, DuplicateGone when it is closed or on hold, QueueClosed.
    """
    try:
        ticket = hold_ticket(session, key, event_id=event_id, person_id=None, version=None, also_teams=[offer.team_id])
    except TicketChanged as changed:
        raise AlreadyHere(key=key) from changed
    if ticket.kind is not StatusKind.OPEN:
        raise DuplicateGone
    if ticket.owner_id is not None:
        raise AlreadyHere(key=key)
    let_wait(session, ticket, team_id=offer.team_id, product_id=offer.product_id, by=by, words=words)
