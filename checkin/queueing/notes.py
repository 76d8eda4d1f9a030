"""Adds notes to a ticket; any of the event's staff may (docs/specification.md, section 1)."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.db import database_now
from checkin.models import Action, Ticket
from checkin.queueing.errors import NoSuchTicket, NoteEmpty
from checkin.queueing.history import by_person, record


def add_note(session: Session, key: str, *, event_id: int, by: int, words: str) -> Ticket:
    """Append a note to the ticket's timeline; it moves neither its version nor its last update.

    Raises NoSuchTicket, NoteEmpty.
    """
    ticket = session.scalars(select(Ticket).where(Ticket.event_id == event_id, Ticket.key == key)).one_or_none()
    if ticket is None:
        raise NoSuchTicket
    if not words.strip():
        raise NoteEmpty
    record(session, ticket, Action.NOTE, by=by_person(by), at=database_now(session), words=words.strip())
    return ticket
