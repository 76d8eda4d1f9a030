"""What customers answered after they were helped."""

from datetime import datetime
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from checkin.db import Base, UtcDateTime
from checkin.models.columns import BigId, Id
from checkin.models.ticket import new_token

COMMENTS_LENGTH: Final = 4000


class Survey(Base):
    """The one survey of a ticket: its token stands for ticket, customer and expert. Answers are empty until given."""

    __tablename__ = "surveys"
    __table_args__ = (
        CheckConstraint("satisfaction BETWEEN 1 AND 5", name="satisfaction"),
        CheckConstraint("ease BETWEEN 1 AND 5", name="ease"),
        CheckConstraint("recommend BETWEEN 0 AND 10", name="recommend"),
        CheckConstraint("desk_satisfaction BETWEEN 1 AND 5", name="desk_satisfaction"),
    )

    id: Mapped[Id]
    event_id: Mapped[int] = mapped_column(BigId, ForeignKey("events.id", ondelete="CASCADE"))
    ticket_id: Mapped[int] = mapped_column(BigId, ForeignKey("tickets.id", ondelete="CASCADE"), unique=True)
    customer_id: Mapped[int] = mapped_column(BigId, ForeignKey("customers.id"))
    expert_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id"))
    token: Mapped[str] = mapped_column(String(22), unique=True, default=new_token)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime, doc="The first answer; editable for a day.")
    edited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    satisfaction: Mapped[int | None] = mapped_column(SmallInteger)
    ease: Mapped[int | None] = mapped_column(SmallInteger)
    recommend: Mapped[int | None] = mapped_column(SmallInteger)
    desk_satisfaction: Mapped[int | None] = mapped_column(SmallInteger)
    comments: Mapped[str] = mapped_column(Text, default="")
