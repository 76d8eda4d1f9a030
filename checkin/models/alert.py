"""The outbox: alerts waiting to be sent, and what became of them."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from checkin.db import Base, UtcDateTime
from checkin.models.columns import BigId, Id, named
from checkin.models.ticket import PHONE_LENGTH


class AlertKind(StrEnum):
    """What an alert says to the customer of one ticket; a reset and a note to the team go to one of the event's people.

    A team note names its ticket by the key, in `occasion`: it is no alert of the ticket's customer.
    """

    READY = "ready"
    FEEDBACK = "feedback"
    CHECKED_IN = "checked_in"
    NEARLY_THERE = "nearly_there"
    MISSED = "missed"
    PLEASE_WAIT = "please_wait"
    CANCELLED = "cancelled"
    RESET = "reset"
    TEAM_NOTE = "team_note"


class Channel(StrEnum):
    """How an alert travels."""

    TEXT = "text"
    EMAIL = "email"


class AlertState(StrEnum):
    """Where an alert stands; a paragraph each in docs/alerts.md."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    SUPPRESSED = "suppressed"
    NEEDS_REVIEW = "needs_review"
    NOT_SENT = "not_sent"


# The condition of an index, written out so that every plan can use it (checkin/alerts/attention.py).
NOT_ARRIVED: Final = "state IN ('failed', 'expired', 'suppressed', 'needs_review') AND dismissed_at IS NULL"


class Alert(Base):
    """One text or email, written in the transaction of the change that causes it, sent by a worker afterwards."""

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("ticket_id", "kind", "channel", "occasion"),
        CheckConstraint(
            "ticket_id IS NOT NULL OR (kind IN ('reset', 'team_note') AND person_id IS NOT NULL)", name="about_a_ticket"
        ),
        CheckConstraint("(state = 'sending') = (attempt_id IS NOT NULL)", name="sending_has_attempt"),
        CheckConstraint("(state = 'sending') = (lease_until IS NOT NULL)", name="sending_has_lease"),
        Index(
            "ix_alerts_due",
            "channel",
            "due_at",
            postgresql_where=text("state IN ('pending', 'sending')"),
            sqlite_where=text("state IN ('pending', 'sending')"),
        ),
        Index("ix_alerts_event", "event_id", "id"),
        # Few of many: what a person may have to look at, counted on pages that follow the desk by themselves.
        Index(
            "ix_alerts_not_arrived",
            "event_id",
            "id",
            postgresql_where=text(NOT_ARRIVED),
            sqlite_where=text(NOT_ARRIVED),
        ),
        Index(
            "ix_alerts_asked",
            "event_id",
            "asked_at",
            postgresql_where=text("asked_at IS NOT NULL"),
            sqlite_where=text("asked_at IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    event_id: Mapped[int] = mapped_column(BigId, ForeignKey("events.id", ondelete="CASCADE"))
    ticket_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("tickets.id", ondelete="CASCADE"))
    person_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id"), doc="Its expert, or who it goes to.")
    kind: Mapped[AlertKind] = mapped_column(named(AlertKind, name="alert_kind"))
    channel: Mapped[Channel] = mapped_column(named(Channel, name="channel"))
    occasion: Mapped[str] = mapped_column(String(40), doc="The take's or call's number, the request's or ticket's key.")
    state: Mapped[AlertState] = mapped_column(named(AlertState, name="alert_state"), default=AlertState.PENDING)
    reason_code: Mapped[str] = mapped_column(String(40), default="", doc="Ours or the provider's; why it ended.")
    reason: Mapped[str] = mapped_column(Text, default="", doc="The same as a sentence for people, untranslated.")

    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, doc="Not sent before this; moved on for another try.")
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime, doc="Too old to help after this.")
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempt_id: Mapped[str | None] = mapped_column(String(36))
    attempts: Mapped[int] = mapped_column(default=0)
    transmissions: Mapped[int] = mapped_column(default=0, doc="How often it may have reached the provider.")
    possible_duplicate: Mapped[bool] = mapped_column(default=False)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    recipient: Mapped[str] = mapped_column(String(254), default="", doc="As rendered at the last try.")
    subject: Mapped[str] = mapped_column(Text, default="")
    body: Mapped[str] = mapped_column(Text, default="")
    provider_id: Mapped[str] = mapped_column(String(120), default="", doc="Message SID or Message-ID.")
    provider_status: Mapped[str] = mapped_column(
        String(20), default="", server_default="", doc="The last that a status callback or a look-up said of it."
    )
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    unknown_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, doc="When a try ended without our knowing how: looked up before anything is sent again."
    )
    look_ups: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0", doc="Since `unknown_at`.")
    language: Mapped[str] = mapped_column(
        String(10), default="", server_default="", doc="Of an alert without a ticket; else the ticket's decides."
    )
    again_for_id: Mapped[int | None] = mapped_column(
        BigId, doc="The alert that a person let be sent again as this one."
    )
    dismissed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, doc="When a person said that it needs nobody.")
    blanked_at: Mapped[datetime | None] = mapped_column(UtcDateTime, doc="When what was personal in it was taken out.")
    asked_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, doc="When the survey was put into it; empty in an email that carries advice alone."
    )


class AlertTemplate(Base):
    """The words of an event for one kind, channel and language; without a row the defaults of the code hold.

    A text has only a body. An email's body is its paragraphs, with an empty line between two.
    """

    __tablename__ = "alert_templates"
    __table_args__ = (UniqueConstraint("event_id", "kind", "channel", "language"),)

    id: Mapped[Id]
    event_id: Mapped[int] = mapped_column(BigId, ForeignKey("events.id", ondelete="CASCADE"))
    kind: Mapped[AlertKind] = mapped_column(named(AlertKind, name="template_kind"))
    channel: Mapped[Channel] = mapped_column(named(Channel, name="template_channel"))
    language: Mapped[str] = mapped_column(String(10))
    subject: Mapped[str] = mapped_column(Text, default="")
    headline: Mapped[str] = mapped_column(Text, default="")
    body: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id", ondelete="SET NULL"))


class ChannelPause(Base):
    """A channel of an event that stands still because the set-up is at fault, until a person starts it again.

    `region` is two letters when only numbers of that country wait, "" when everything does.
    """

    __tablename__ = "channel_pauses"
    __table_args__ = (UniqueConstraint("event_id", "channel", "region"),)

    id: Mapped[Id]
    event_id: Mapped[int] = mapped_column(BigId, ForeignKey("events.id", ondelete="CASCADE"))
    channel: Mapped[Channel] = mapped_column(named(Channel, name="pause_channel"))
    region: Mapped[str] = mapped_column(String(2), default="")
    code: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(Text, doc="A sentence for people, untranslated.")
    detail: Mapped[str] = mapped_column(Text, default="", doc="What the provider itself said.")
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Suppression(Base):
    """A number or address that nothing is sent to, in any event: its owner said STOP, or the provider says so."""

    __tablename__ = "suppressions"
    __table_args__ = (UniqueConstraint("channel", "address"),)

    id: Mapped[Id]
    channel: Mapped[Channel] = mapped_column(named(Channel, name="suppression_channel"))
    address: Mapped[str] = mapped_column(String(254), doc="E.164, or an email address in lower case.")
    source: Mapped[str] = mapped_column(String(40), doc='The word that was sent ("STOP"), or the provider\'s code.')
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class ReceivedText(Base):
    """A text that a customer sent us, so that one that Twilio hands over twice counts once. Its words are not kept."""

    __tablename__ = "received_texts"

    sid: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    address: Mapped[str] = mapped_column(String(PHONE_LENGTH), doc="The sender, E.164.")
    word: Mapped[str] = mapped_column(
        String(20), default="", doc='"STOP" or "START" when it was one of these, else "".'
    )


class HookCall(Base):
    """When a provider last called one of our hooks (at most some seconds old), or was last turned away."""

    __tablename__ = "hook_calls"

    name: Mapped[str] = mapped_column(String(20), primary_key=True, doc='"status", "message" or "refused".')
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    detail: Mapped[str] = mapped_column(String(40), default="", doc='Why it was refused: "signature" or "account".')


class Pace(Base):
    """When a sender may send its next text: all workers together keep to its segments per second."""

    __tablename__ = "paces"

    sender: Mapped[str] = mapped_column(String(60), primary_key=True, doc="A number or the sid of a messaging service.")
    free_at: Mapped[datetime] = mapped_column(UtcDateTime)
