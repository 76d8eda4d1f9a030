"""What only organisers do to a ticket: correct what a customer gave, delete it (docs/specification.md, 4.6)."""

from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from checkin.db import announce, database_now
from checkin.models import Action, Alert, AuditAction, AuditEntry, GivenRole, Ticket
from checkin.queueing.details import replace_details
from checkin.queueing.errors import CheckInTimeNotPossible, FirstNameMissing, NothingChanged, OnlyOrganisers
from checkin.queueing.history import as_it_stands, by_person, record
from checkin.queueing.locks import hold_ticket
from checkin.queueing.nearing import queues_moved
from checkin.queueing.permissions import has_role


def correct_details(
    session: Session, key: str, *, event_id: int, by: int, version: int | None, changes: dict[str, str | None],
    checked_in_at: datetime | None = None,
) -> Ticket:  # fmt: skip
    """Replace first_name, last_name, email or phone (normalised, None for none) on the ticket and for its customer.

    `checked_in_at` is when they really came, which decides their place; None leaves it. What was there stays in the
    history; the last update stays, as the board shows nothing of it but the name. Raises NoSuchTicket, TicketChanged,
    OnlyOrganisers, FirstNameMissing, CheckInTimeNotPossible, NothingChanged.
    """
    ticket = _hold(session, key, event_id=event_id, by=by, version=version)
    given = {name: value.strip() if value else "" for name, value in changes.items()}
    if given.get("first_name") == "":
        raise FirstNameMissing
    seen = ticket.version
    # Names are never missing, only empty; emails and phones never empty, only missing.
    stored = {name: value if name in {"first_name", "last_name"} else value or None for name, value in given.items()}
    moment = database_now(session)
    replace_details(session, ticket, stored, by=by_person(by), moment=moment)
    if checked_in_at is not None and checked_in_at != ticket.queued_at:
        _correct_check_in_time(session, ticket, checked_in_at, by=by, moment=moment)
    if ticket.version == seen:
        raise NothingChanged
    return ticket


def _correct_check_in_time(
    session: Session, ticket: Ticket, checked_in_at: datetime, *, by: int, moment: datetime
) -> None:
    if checked_in_at > (ticket.taken_at or moment):
        raise CheckInTimeNotPossible
    before = {"queued_at": ticket.queued_at.isoformat()}
    ticket.queued_at = checked_in_at
    ticket.version += 1
    session.flush()
    after = {"fields": ["queued_at"], "queued_at": checked_in_at.isoformat()}
    record(session, ticket, Action.CORRECT, by=by_person(by), at=moment, before=before, after=after)


def delete_ticket(session: Session, key: str, *, event_id: int, by: int, version: int | None, words: str) -> None:
    """Delete the ticket with its history, takes, alerts, quotes and survey; only the audit log knows of it then.

    The follow-up of its survey stays, and the customer, as they may have other tickets. Raises NoSuchTicket,
    TicketChanged, OnlyOrganisers.
    """
    ticket = _hold(session, key, event_id=event_id, by=by, version=version)
    session.add(
        AuditEntry(
            event_id=event_id, person_id=by, at=database_now(session), action=AuditAction.DELETE_TICKET,
            subject=ticket.key, before=as_it_stands(session, ticket), words=words.strip(),
        )
    )  # fmt: skip
    # The follow-up of its survey is a conversation of its own.
    session.execute(update(Ticket).where(Ticket.follows_id == ticket.id).values(follows_id=None))
    # Before the ticket itself is held alone: a worker that holds one of them may have to point to it.
    session.execute(delete(Alert).where(Alert.ticket_id == ticket.id))
    session.delete(ticket)
    queues_moved(session, ticket.team_id, event_id=event_id, due_at=database_now(session))
    announce(session, event_id)


def _hold(session: Session, key: str, *, event_id: int, by: int, version: int | None) -> Ticket:
    if not has_role(session, by, GivenRole.ORGANISER, event_id=event_id):
        raise OnlyOrganisers
    return hold_ticket(session, key, event_id=event_id, person_id=by, version=version)
