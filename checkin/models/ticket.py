"""Customers, their tickets, and a ticket's history."""

import secrets
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, Final

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    and_,
    false,
    or_,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from checkin.db import Base, UtcDateTime
from checkin.models.columns import BigId, Id, named
from checkin.models.event import StatusKind

NAME_LENGTH: Final = 100
EMAIL_LENGTH: Final = 254
PHONE_LENGTH: Final = 32
NOTES_LENGTH: Final = 2000
ADVICE_LENGTH: Final = 2000
URGENT_REASON_LENGTH: Final = 200


class Priority(IntEnum):
    """The queue's first order; smaller comes first."""

    URGENT = 0
    NORMAL = 1


class Source(StrEnum):
    """How a ticket came to be."""

    KIOSK = "kiosk"
    SELF = "self"
    HAND = "hand"
    TEXT = "text"
    EMAIL = "email"
    FEEDBACK = "feedback"


class Action(StrEnum):
    """What a change did."""

    CHECK_IN = "check_in"
    TAKE = "take"
    PUT_BACK = "put_back"
    HAND_OVER = "hand_over"
    CALL = "call"
    ARRIVED = "arrived"
    STATUS = "status"
    BRING_BACK = "bring_back"
    UNDO = "undo"
    URGENT = "urgent"
    CORRECT = "correct"
    ON_THE_WAY = "on_the_way"
    MORE_TIME = "more_time"
    NOTE = "note"
    FEEDBACK = "feedback"


class Actor(StrEnum):
    """Who made a change: one of the event's people, the customer, or a rule of the desk."""

    PERSON = "person"
    CUSTOMER = "customer"
    SYSTEM = "system"


def new_token() -> str:
    """Return 128 random bits as 22 characters for an address nobody can guess."""
    return secrets.token_urlsafe(16)


class Customer(Base):
    """A person who is helped, recognised within the event by email, else by phone."""

    __tablename__ = "customers"
    __table_args__ = (
        Index("uq_customers_email", "event_id", "email", unique=True),
        Index("ix_customers_phone", "event_id", "phone"),
        Index(
            "uq_customers_phone",
            "event_id",
            "phone",
            unique=True,
            postgresql_where=text("email IS NULL"),
            sqlite_where=text("email IS NULL"),
        ),
    )

    id: Mapped[Id]
    event_id: Mapped[int] = mapped_column(BigId, ForeignKey("events.id", ondelete="CASCADE"))
    first_name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    last_name: Mapped[str] = mapped_column(String(NAME_LENGTH), default="")
    email: Mapped[str | None] = mapped_column(String(EMAIL_LENGTH), doc="In small letters; tickets have it as typed.")
    phone: Mapped[str | None] = mapped_column(String(PHONE_LENGTH))
    username: Mapped[str] = mapped_column(String(EMAIL_LENGTH), default="")
    language: Mapped[str] = mapped_column(String(10), default="en")


class Ticket(Base):
    """One customer's request. Its owner and times tell whether it waits, was called or is being helped."""

    __tablename__ = "tickets"
    __table_args__ = (
        UniqueConstraint("event_id", "submission_id"),
        UniqueConstraint("event_id", "key"),
        UniqueConstraint("event_id", "number"),
        CheckConstraint("(owner_id IS NULL) OR (taken_at IS NOT NULL AND take_number > 0)", name="owner_has_taken"),
        CheckConstraint("(kind = 'closed') = (closed_at IS NOT NULL)", name="closed_has_time"),
        CheckConstraint("arrived_at IS NULL OR taken_at IS NOT NULL", name="arrived_after_call"),
        Index(
            "ix_tickets_queue",
            "team_id",
            "priority",
            "queued_at",
            "id",
            postgresql_where=text("kind = 'open' AND owner_id IS NULL"),
            sqlite_where=text("kind = 'open' AND owner_id IS NULL"),
        ),
        Index(
            "ix_tickets_owned",
            "owner_id",
            postgresql_where=text("kind <> 'closed' AND owner_id IS NOT NULL"),
            sqlite_where=text("kind <> 'closed' AND owner_id IS NOT NULL"),
        ),
        Index(
            "ix_tickets_board",
            "event_id",
            "updated_at",
            postgresql_where=text("kind = 'open'"),
            sqlite_where=text("kind = 'open'"),
        ),
        Index("ix_tickets_customer_id", "customer_id"),
        Index("ix_tickets_served", "team_id", "closed_at"),
        Index("uq_tickets_follows_id", "follows_id", unique=True),
    )

    id: Mapped[Id]
    event_id: Mapped[int] = mapped_column(BigId, ForeignKey("events.id", ondelete="CASCADE"))
    number: Mapped[int]
    key: Mapped[str] = mapped_column(String(20))
    token: Mapped[str] = mapped_column(String(22), unique=True, default=new_token)
    submission_id: Mapped[str] = mapped_column(String(36))
    submission_digest: Mapped[str] = mapped_column(String(64))
    source: Mapped[Source] = mapped_column(named(Source, name="source"), default=Source.KIOSK)
    checked_in_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id", ondelete="SET NULL"))
    checked_in_where: Mapped[str] = mapped_column(String(60), default="")

    customer_id: Mapped[int] = mapped_column(BigId, ForeignKey("customers.id"))
    first_name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    last_name: Mapped[str] = mapped_column(String(NAME_LENGTH), default="")
    email: Mapped[str | None] = mapped_column(String(EMAIL_LENGTH))
    phone: Mapped[str | None] = mapped_column(String(PHONE_LENGTH))
    username: Mapped[str] = mapped_column(String(EMAIL_LENGTH), default="")
    language: Mapped[str] = mapped_column(String(10), default="en")
    title: Mapped[str] = mapped_column(String(500))
    notes: Mapped[str] = mapped_column(Text, default="")
    answers: Mapped[dict[str, str]] = mapped_column(
        JSON, default=dict, doc='To the event\'s own questions, by their names: {"question_1": "..."}.'
    )
    urgent_reason: Mapped[str] = mapped_column(String(URGENT_REASON_LENGTH), default="")
    in_rehearsal: Mapped[bool] = mapped_column(
        default=False, server_default=false(), doc="Made in a rehearsal: alerts leave to testers only."
    )
    advice: Mapped[str] = mapped_column(
        Text,
        default="",
        server_default="",
        doc="What the expert gives the customer to take home; the email carries it.",
    )
    advised_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, doc="When it was given: the moment of the change that has its words in the history."
    )
    follows_id: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("tickets.id"), doc="The ticket whose survey led to this follow-up."
    )
    follow_up_by: Mapped[datetime | None] = mapped_column(UtcDateTime, doc="When a follow-up is due.")
    told_nearly_there: Mapped[bool] = mapped_column(
        default=False, server_default=false(), doc="Not told again: told before, or near the front from the start."
    )

    product_id: Mapped[int] = mapped_column(BigId, ForeignKey("products.id"))
    asked_product_id: Mapped[int] = mapped_column(BigId, ForeignKey("products.id"))
    team_id: Mapped[int] = mapped_column(BigId, ForeignKey("teams.id"))
    owner_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id"))
    desk: Mapped[str] = mapped_column(String(20), default="")
    status_id: Mapped[int] = mapped_column(BigId, ForeignKey("statuses.id"))
    kind: Mapped[StatusKind] = mapped_column(named(StatusKind, name="kind"), default=StatusKind.OPEN)
    priority: Mapped[int] = mapped_column(SmallInteger, default=Priority.NORMAL)

    queued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    not_before: Mapped[datetime | None] = mapped_column(UtcDateTime, doc="Not offered until then (five more minutes).")
    more_time: Mapped[int] = mapped_column(SmallInteger, default=0, doc="How often five more minutes were asked for.")
    taken_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    called_at: Mapped[datetime | None] = mapped_column(UtcDateTime, doc="The last call again within this take.")
    call_number: Mapped[int] = mapped_column(SmallInteger, default=0, doc="How often called again within this take.")
    on_the_way_at: Mapped[datetime | None] = mapped_column(UtcDateTime, doc="When the customer said they are coming.")
    arrived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    take_number: Mapped[int] = mapped_column(default=0, doc="How often it was given an owner; older alerts are stale.")
    version: Mapped[int] = mapped_column(default=1)


def in_queue() -> ColumnElement[bool]:
    """Return the condition of the queue's partial index, written out so that every plan can use it."""
    return and_(text("tickets.kind = 'open'"), text("tickets.owner_id IS NULL"))


def offered(moment: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """Return the condition for tickets that can be taken at `moment`: in the queue and not held back."""
    return and_(in_queue(), or_(Ticket.not_before.is_(None), Ticket.not_before <= moment))


def queue_order() -> tuple[ColumnElement[Any], ...]:
    """Return the order of a queue: urgent first, then the moment of check-in, then id (specification 3.2)."""
    return (Ticket.priority.expression, Ticket.queued_at.expression, Ticket.id.expression)


class Take(Base):
    """A take that succeeded, with the key of the click that asked for it."""

    __tablename__ = "takes"
    __table_args__ = (UniqueConstraint("person_id", "request_key"), UniqueConstraint("ticket_id", "take_number"))

    id: Mapped[Id]
    ticket_id: Mapped[int] = mapped_column(BigId, ForeignKey("tickets.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("people.id"))
    take_number: Mapped[int]
    request_key: Mapped[str] = mapped_column(String(36))
    taken_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TicketChange(Base):
    """One row of a ticket's history; never changed, but `words` can be blanked when a person is to be forgotten."""

    __tablename__ = "ticket_changes"
    # By person: each desk asks what its expert did in the last seconds.
    __table_args__ = (Index(None, "ticket_id", "id"), Index(None, "person_id", "at"))

    id: Mapped[Id]
    ticket_id: Mapped[int] = mapped_column(BigId, ForeignKey("tickets.id", ondelete="CASCADE"))
    action: Mapped[Action] = mapped_column(named(Action, name="action"))
    actor: Mapped[Actor] = mapped_column(named(Actor, name="actor"))
    person_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id", ondelete="SET NULL"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    before: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, doc="Names of fields with ids, codes, times.")
    after: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    words: Mapped[str] = mapped_column(Text, default="", doc="What a person typed.")


class Quote(Base):
    """A wait that a customer was told, kept so that it can be compared with what it turned out to be.

    The true wait follows from the history: the first time after `at` that the ticket was given an owner.
    """

    __tablename__ = "quotes"
    __table_args__ = (Index(None, "ticket_id", "at"), Index(None, "event_id", "at"))

    id: Mapped[Id]
    event_id: Mapped[int] = mapped_column(BigId, ForeignKey("events.id", ondelete="CASCADE"))
    ticket_id: Mapped[int] = mapped_column(BigId, ForeignKey("tickets.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    place: Mapped[int]
    least: Mapped[int | None] = mapped_column(doc="Minutes; 0 to 0 is soon, both empty: we do not know yet.")
    most: Mapped[int | None]
