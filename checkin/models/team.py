"""Teams, what they know, and who is in them."""

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from checkin.db import Base
from checkin.models.columns import BigId, Id, named


class QueueState(StrEnum):
    """What a team's queue does: open; closing (nobody new); paused (nothing is taken); closed (neither)."""

    OPEN = "open"
    CLOSING = "closing"
    PAUSED = "paused"
    CLOSED = "closed"


class Team(Base):
    """The experts who know some products; has exactly one queue, which is derived and never stored."""

    __tablename__ = "teams"
    __table_args__ = (UniqueConstraint("event_id", "code"), UniqueConstraint("event_id", "name"))

    id: Mapped[Id]
    event_id: Mapped[int] = mapped_column(BigId, ForeignKey("events.id", ondelete="CASCADE"))
    code: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(100))
    queue_state: Mapped[QueueState] = mapped_column(named(QueueState, name="queue_state"), default=QueueState.OPEN)
    position: Mapped[int] = mapped_column(default=0)


class Product(Base):
    """What a customer can need help with; routes to one team, is not offered while it has none."""

    __tablename__ = "products"
    __table_args__ = (UniqueConstraint("event_id", "name"),)

    id: Mapped[Id]
    event_id: Mapped[int] = mapped_column(BigId, ForeignKey("events.id", ondelete="CASCADE"))
    team_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("teams.id", ondelete="SET NULL"))
    name: Mapped[str] = mapped_column(String(100))
    position: Mapped[int] = mapped_column(default=0)


class TeamMember(Base):
    """A person in a team: an expert of it, or its lead (who is an expert of it too)."""

    __tablename__ = "team_members"
    __table_args__ = (Index(None, "person_id"),)

    team_id: Mapped[int] = mapped_column(BigId, ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    is_lead: Mapped[bool] = mapped_column(server_default=false())
