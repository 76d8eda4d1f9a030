"""What was done to an event beside its tickets' histories, or to a ticket that is no longer there."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from checkin.db import Base, UtcDateTime
from checkin.models.columns import BigId, Id, named


class AuditAction(StrEnum):
    """What was done."""

    QUEUE_STATE = "queue_state"
    DAY_ENDED = "day_ended"
    PRESENCE = "presence"
    DELETE_TICKET = "delete_ticket"
    SETTLE_WAITING = "settle_waiting"
    SEND_AGAIN = "send_again"
    DISMISS_ALERT = "dismiss_alert"
    START_CHANNEL = "start_channel"
    TEMPLATE = "template"


class AuditEntry(Base):
    """One row of the audit log; never changed, but `words` can be blanked when a person is to be forgotten."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index(None, "event_id", "id"),)

    id: Mapped[Id]
    event_id: Mapped[int] = mapped_column(BigId, ForeignKey("events.id", ondelete="CASCADE"))
    person_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id", ondelete="SET NULL"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    action: Mapped[AuditAction] = mapped_column(named(AuditAction, name="audit_action"))
    subject: Mapped[str] = mapped_column(String(100), doc="The code or key of what it was done to.")
    before: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    after: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    words: Mapped[str] = mapped_column(Text, default="", doc="What a person typed.")
