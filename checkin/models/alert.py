"""The outbox: alerts waiting to be sent, and what became of them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from checkin.db import Base, UtcDateTime
from checkin.models.columns import BigId, Id, named


class AlertKind(StrEnum):
    """What an alert says. All are about one ticket, but a reset, which is about a person's sign-in."""

    READY = "ready"
    FEEDBACK = "feedback"
    CHECKED_IN = "checked_in"
    NEARLY_THERE = "nearly_there"
    MISSED = "missed"
    PLEASE_WAIT = "please_wait"
    CANCELLED = "cancelled"
    RESET = "reset"


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


class Alert(Base):
    """One text or email, written in the transaction of the change that causes it, sent by a worker afterwards."""

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("ticket_id", "kind", "channel", "occasion"),
        CheckConstraint("ticket_id IS NOT NULL OR (kind = 'reset' AND person_id IS NOT NULL)", name="about_a_ticket"),
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
    )

    id: Mapped[Id]
    event_id: Mapped[int] = mapped_column(BigId, ForeignKey("events.id", ondelete="CASCADE"))
    ticket_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("tickets.id", ondelete="CASCADE"))
    person_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id"), doc="Its expert, or who signs in.")
    kind: Mapped[AlertKind] = mapped_column(named(AlertKind, name="alert_kind"))
    channel: Mapped[Channel] = mapped_column(named(Channel, name="channel"))
    occasion: Mapped[str] = mapped_column(String(40), doc="The take's number, the call's number or the request's key.")
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
