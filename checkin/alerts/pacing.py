"""Keeps all workers together to what a sender may send: segments per second, by one row of the database (5.4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.config import Settings
from checkin.db import database_now, insert_unless_there
from checkin.models import Pace

# What networks let through without a queue: a usual number one segment, a messaging service spreads over several.
_NUMBER, _SERVICE = 1.0, 10.0

# The longest text that Twilio takes has so many segments: a sender that is not free for longer than those take is
# not busy, the database's clock was put back.
_MOST_SEGMENTS: Final = 24


@dataclass(frozen=True)
class Pacing:
    """A sender (a number or the sid of a messaging service) and how much it may send."""

    sender: str
    segments_per_second: float


def pacing_of(settings: Settings) -> Pacing | None:
    """Return the pace that the settings describe, None for none at all (TWILIO_SEGMENTS_PER_SECOND=0)."""
    rate = settings.twilio_segments_per_second
    if rate is None:
        rate = _SERVICE if settings.twilio_messaging_service_sid else _NUMBER
    sender = settings.twilio_messaging_service_sid or settings.twilio_from
    return Pacing(sender[:60], rate) if sender and rate else None


def seconds_until_free(session: Session, pacing: Pacing) -> float:
    """Hold the sender until the transaction ends; return for how many seconds it may not send yet, 0.0 if it may."""
    pace = _held(session, pacing)
    left = (pace.free_at - database_now(session)).total_seconds()
    return left if 0.0 < left <= _MOST_SEGMENTS / pacing.segments_per_second else 0.0


def use(session: Session, pacing: Pacing, *, segments: int, moment: datetime) -> None:
    """Book a text of so many segments with the sender, which the transaction must hold and which must be free."""
    _held(session, pacing).free_at = moment + timedelta(seconds=segments / pacing.segments_per_second)


def _held(session: Session, pacing: Pacing) -> Pace:
    held = select(Pace).where(Pace.sender == pacing.sender).with_for_update()
    pace = session.scalars(held).one_or_none()
    if pace is None:
        # Two workers may meet here; then the second waits for the first, and both find its row.
        insert_unless_there(session, Pace, {"sender": pacing.sender, "free_at": database_now(session)})
        pace = session.scalars(held).one()
    return pace
