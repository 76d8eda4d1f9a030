"""An event, its counter, its statuses."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from checkin.db import Base, UtcDateTime
from checkin.models.columns import BigId, Id, named
from checkin.models.settings import EventSettings, parse_settings


class StatusKind(StrEnum):
    """What a status means for the queue: open waits or is helped, on_hold is still work, closed is done."""

    OPEN = "open"
    ON_HOLD = "on_hold"
    CLOSED = "closed"


class StatusCode(StrEnum):
    """The statuses that every event has; they can be renamed, their codes stay."""

    OPEN = "open"
    RESOLVED = "resolved"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"
    ESCALATED = "escalated"
    FOLLOW_UP = "follow_up"


class Event(Base):
    """One desk at one conference; everything else belongs to exactly one."""

    __tablename__ = "events"

    id: Mapped[Id]
    slug: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    settings_json: Mapped[str] = mapped_column(Text, default="{}")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def settings(self) -> EventSettings:
        """Return the settings, read and checked."""
        return parse_settings(self.settings_json)


class EventCounter(Base):
    """The running number of an event's tickets: one row, updated last in a check-in."""

    __tablename__ = "event_counters"

    event_id: Mapped[int] = mapped_column(BigId, ForeignKey("events.id", ondelete="CASCADE"), primary_key=True)
    tickets: Mapped[int] = mapped_column(default=0)


class Status(Base):
    """Where a ticket can stand, as the event's organisers name it."""

    __tablename__ = "statuses"
    __table_args__ = (UniqueConstraint("event_id", "code"), UniqueConstraint("event_id", "name"))

    id: Mapped[Id]
    event_id: Mapped[int] = mapped_column(BigId, ForeignKey("events.id", ondelete="CASCADE"))
    code: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(60))
    kind: Mapped[StatusKind] = mapped_column(named(StatusKind, name="status_kind"))
    on_board: Mapped[bool] = mapped_column(server_default=false())
    asks_feedback: Mapped[bool] = mapped_column(server_default=false())
    position: Mapped[int] = mapped_column(default=0)
