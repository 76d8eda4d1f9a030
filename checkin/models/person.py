"""Accounts (how somebody signs in) and the people of an event."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from checkin.db import Base, UtcDateTime
from checkin.models.columns import BigId, Id, named


class Role(StrEnum):
    """What a person may do in an event; roles add up. Expert and lead follow from the teams one is in."""

    VOLUNTEER = "volunteer"
    EXPERT = "expert"
    LEAD = "lead"
    ORGANISER = "organiser"


class GivenRole(StrEnum):
    """The roles that are given to a person; the others follow from team membership."""

    VOLUNTEER = "volunteer"
    ORGANISER = "organiser"


class Presence(StrEnum):
    """Whether an expert is at the desk: those away do not count in the estimated wait and take nothing."""

    AVAILABLE = "available"
    ON_BREAK = "on_break"
    OFF = "off"


class Account(Base):
    """An email and a password: how somebody signs in.

    The one table without an event: the same human may work at several events, as a different person in each.
    """

    __tablename__ = "accounts"

    id: Mapped[Id]
    email: Mapped[str] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    session_number: Mapped[int] = mapped_column(default=0, doc="Raised to end every session of this account.")


class Person(Base):
    """Somebody who works at one event."""

    __tablename__ = "people"
    __table_args__ = (UniqueConstraint("event_id", "account_id"), Index(None, "account_id"))

    id: Mapped[Id]
    event_id: Mapped[int] = mapped_column(BigId, ForeignKey("events.id", ondelete="CASCADE"))
    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(100))
    presence: Mapped[Presence] = mapped_column(named(Presence, name="presence"), default=Presence.OFF)
    presence_at: Mapped[datetime | None] = mapped_column(UtcDateTime, doc="Since when; empty before the first time.")
    desk: Mapped[str] = mapped_column(String(20), default="", doc="The table where they sit, while they are there.")


class PersonRole(Base):
    """A role that was given to a person."""

    __tablename__ = "person_roles"

    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[GivenRole] = mapped_column(named(GivenRole, name="given_role"), primary_key=True)


class AttemptKind(StrEnum):
    """What was tried at the door."""

    SIGN_IN = "sign_in"
    RESET = "reset"


class Attempt(Base):
    """A sign-in that failed (or is being judged), or a reset that was asked for; counted by email and by address.

    Belongs to no event, as nobody has signed in. The email may be nobody's.
    """

    __tablename__ = "attempts"
    __table_args__ = (Index(None, "email", "at"), Index(None, "address", "at"))

    id: Mapped[Id]
    kind: Mapped[AttemptKind] = mapped_column(named(AttemptKind, name="attempt_kind"))
    email: Mapped[str] = mapped_column(String(254))
    address: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
