"""Writes a new ticket: what it depends on, its number, its row, the first row of its history (specification 2, 3.1)."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from checkin import clock
from checkin.db import announce
from checkin.models import (
    Action,
    Actor,
    Event,
    EventCounter,
    Priority,
    Product,
    Source,
    Status,
    StatusCode,
    StatusKind,
    Team,
    Ticket,
    TicketChange,
)
from checkin.models.places import NEAR
from checkin.models.settings import parse_settings
from checkin.models.ticket import new_token, offered
from checkin.queueing.customers import keep_customer
from checkin.queueing.entrances import TAKES_NOBODY_NEW, require_entrance, shut
from checkin.queueing.errors import ProductNotOffered, SubmittedTwice
from checkin.queueing.locks import lock_teams
from checkin.queueing.nearing import queues_moved, tells_who_is_near
from checkin.queueing.titles import title_of

Offer = Row[*tuple[Any, ...]]


@dataclass(frozen=True)
class CheckInDetails:
    """What the form says, checked and normalised: email as email-validator gives it, phone in E.164, both or None."""

    submission_id: str
    first_name: str
    product_id: int
    last_name: str = ""
    email: str | None = None
    phone: str | None = None
    username: str = ""
    notes: str = ""
    language: str = "en"
    urgent_reason: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Return what tells the same content from another, as 64 hexadecimal digits."""
        words = json.dumps(asdict(self) | {"submission_id": ""}, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(words.encode()).hexdigest()


@dataclass(frozen=True)
class CheckedIn:
    """The ticket of a submission.

    `differs` when the same submission came before with other content; `kept` when the customer had this ticket already
    and goes on with it.
    """

    key: str
    differs: bool = False
    kept: bool = False


@dataclass(frozen=True)
class NewTicket:
    """A ticket that was just written."""

    id: int
    key: str
    moment: datetime


def find_offer(session: Session, details: CheckInDetails, *, event_id: int) -> CheckedIn | Offer:
    """Return the ticket that this submission has made already, else what a new one depends on.

    Raises ProductNotOffered, and QueueClosed when the queue takes nobody new.
    """
    found = _look_up(session, details, event_id=event_id)
    if found is None:
        first = find_first(session, details, event_id=event_id)
        if first is None:
            raise ProductNotOffered
        return first
    if found.first_key is not None:
        return CheckedIn(found.first_key, differs=found.first_digest != details.digest)
    if found.queue_state in TAKES_NOBODY_NEW:
        raise shut(found.team_name, found.queue_state)
    return found


def find_first(session: Session, details: CheckInDetails, *, event_id: int) -> CheckedIn | None:
    """Return the ticket that this submission has made already, even when its product is no longer offered."""
    same_submission = (Ticket.event_id == event_id, Ticket.submission_id == details.submission_id)
    first = session.execute(select(Ticket.key, Ticket.submission_digest).where(*same_submission)).one_or_none()
    return None if first is None else CheckedIn(first.key, differs=first.submission_digest != details.digest)


def write_ticket(
    session: Session, details: CheckInDetails, offer: Offer, *, event_id: int, by: int | None, where: str,
    source: Source,
) -> NewTicket:  # fmt: skip
    """Write the ticket of this submission into its queue.

    Raises QueueClosed when the queue was closed a moment ago, and SubmittedTwice when another request is writing the
    same submission or the same person at this moment.
    """
    tells = tells_who_is_near(parse_settings(offer.settings_json))
    if tells:
        # Alone with the queue: a take at this moment would neither see this one nor be seen, and nobody would be told.
        lock_teams(session, [offer.team_id])
    customer_id = keep_customer(session, _customer_columns(details), event_id=event_id)
    require_entrance(session, offer.team_id)
    number, moment = next_number(session, event_id=event_id)
    key = f"{offer.team_code}-{number}"
    values = _ticket_values(details, offer, key=key, number=number, customer_id=customer_id, moment=moment)
    values |= {"event_id": event_id, "checked_in_by_id": by, "checked_in_where": where, "source": source}
    try:
        ticket_id = session.execute(insert(Ticket).values(values).returning(Ticket.id)).scalar_one()
    except IntegrityError as error:
        if "submission_id" in str(error.orig):
            raise SubmittedTwice from error
        raise
    after = {"team": offer.team_id, "product": details.product_id, "status": StatusCode.OPEN.value}
    session.execute(
        insert(TicketChange).values(
            ticket_id=ticket_id, action=Action.CHECK_IN, actor=Actor.PERSON if by else Actor.CUSTOMER, person_id=by,
            at=moment, before={}, after=after, words="",
        )
    )  # fmt: skip
    if tells:
        # Who is urgent comes before others.
        queues_moved(session, offer.team_id, event_id=event_id, due_at=moment)
    announce(session, event_id)
    return NewTicket(ticket_id, key, moment)


def _look_up(session: Session, details: CheckInDetails, *, event_id: int) -> Offer | None:
    """Read in one statement all that a check-in depends on, with the ticket this submission may have made already."""
    same_submission = and_(Ticket.event_id == event_id, Ticket.submission_id == details.submission_id)
    is_open = and_(Status.event_id == event_id, Status.code == StatusCode.OPEN.value)
    return session.execute(
        select(
            Product.id.label("product_id"),
            Product.name.label("product"),
            Team.id.label("team_id"),
            Team.code.label("team_code"),
            Team.name.label("team_name"),
            Team.queue_state,
            Status.id.label("status_id"),
            Event.settings_json,
            Ticket.key.label("first_key"),
            Ticket.submission_digest.label("first_digest"),
        )
        .select_from(Product)
        .join(Team, Team.id == Product.team_id)
        .join(Event, Event.id == Product.event_id)
        .join(Status, is_open)
        .outerjoin(Ticket, same_submission)
        .where(Product.id == details.product_id, Product.event_id == event_id)
    ).one_or_none()


def _customer_columns(details: CheckInDetails) -> dict[str, Any]:
    names = ("first_name", "last_name", "email", "phone", "username", "language")
    return {name: getattr(details, name) for name in names}


def next_number(session: Session, *, event_id: int) -> tuple[int, datetime]:
    """Return the event's next running number and the moment of check-in.

    The counter's row stays locked until the commit and PostgreSQL's clock is read after it was granted, so numbers,
    moments and commits of one event have the same order: a queue never shows somebody in front of who was there before.
    """
    statement = update(EventCounter).where(EventCounter.event_id == event_id).values(tickets=EventCounter.tickets + 1)
    if session.get_bind().dialect.name == "postgresql":
        row = session.execute(statement.returning(EventCounter.tickets, func.clock_timestamp())).one()
        return row[0], row[1].astimezone(UTC)
    return session.execute(statement.returning(EventCounter.tickets)).scalar_one(), clock.now()


def _ticket_values(
    details: CheckInDetails, offer: Offer, *, key: str, number: int, customer_id: int, moment: datetime
) -> dict[str, Any]:
    settings = parse_settings(offer.settings_json)
    urgent = settings.allow_urgent and details.urgent_reason != ""
    priority = Priority.URGENT if urgent else Priority.NORMAL
    return {
        "number": number,
        "key": key,
        "token": new_token(),
        "submission_id": details.submission_id,
        "submission_digest": details.digest,
        "customer_id": customer_id,
        "first_name": details.first_name,
        "last_name": details.last_name,
        "email": details.email,
        "phone": details.phone,
        "username": details.username,
        "language": details.language,
        "title": title_of(
            settings, first_name=details.first_name, last_name=details.last_name, product=offer.product, key=key
        ),
        "notes": details.notes,
        "answers": dict(details.answers),
        "urgent_reason": details.urgent_reason if urgent else "",
        "product_id": offer.product_id,
        "asked_product_id": offer.product_id,
        "team_id": offer.team_id,
        "status_id": offer.status_id,
        "kind": StatusKind.OPEN,
        "priority": priority,
        "queued_at": moment,
        "updated_at": moment,
        "take_number": 0,
        "version": 1,
        "desk": "",
        "in_rehearsal": settings.rehearsal,
        "told_nearly_there": _is_near(offer.team_id, priority, moment),
    }


def _is_near(team_id: int, priority: Priority, moment: datetime) -> ColumnElement[bool]:
    """Return the condition for a ticket that is near the front of its queue from the start: all others came before."""
    ahead = select(Ticket.id).where(Ticket.team_id == team_id, offered(moment), Ticket.priority <= priority)
    return select(func.count()).select_from(ahead.limit(NEAR).subquery()).scalar_subquery() < NEAR
