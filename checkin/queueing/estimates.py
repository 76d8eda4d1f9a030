"""How long somebody will wait, honestly (docs/specification.md, section 7)."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import quantiles
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from checkin.models import StatusKind, TeamMember, Ticket

RECENT: Final = timedelta(hours=3)
SERVED_AT_MOST: Final = 50
SERVED_AT_LEAST: Final = 3
_STEP: Final = 5


@dataclass(frozen=True)
class WaitRange:
    """The likely wait in whole minutes, both ends rounded to 5; both 0 means soon."""

    least: int
    most: int


def estimate_wait(session: Session, *, team_id: int, place: int, moment: datetime) -> WaitRange | None:
    """Return the likely wait at this place, from the team's own recent service times and the experts at work.

    The first in line waits not long where the team has experts at all. None means: we do not know yet (too few served,
    or no expert seen lately). An expert counts as present who has a
    ticket in hand or was done with one in the last three hours.
    """
    if place <= 1:
        return WaitRange(0, 0) if _has_experts(session, team_id=team_id) else None
    served = session.execute(
        select(Ticket.taken_at, Ticket.closed_at)
        .where(Ticket.team_id == team_id, Ticket.closed_at > moment - RECENT, Ticket.taken_at.is_not(None))
        .order_by(Ticket.closed_at.desc())
        .limit(SERVED_AT_MOST)
    ).all()
    experts = _experts_at_work(session, team_id=team_id, moment=moment)
    minutes = [(closed - taken).total_seconds() / 60 for taken, closed in served if closed and taken]
    if len(minutes) < SERVED_AT_LEAST or experts == 0:
        return None
    quick, _, slow = quantiles(minutes, n=4, method="inclusive")
    turns = (place - 1) / experts
    return WaitRange(_STEP * math.floor(quick * turns / _STEP), _STEP * max(1, math.ceil(slow * turns / _STEP)))


def _has_experts(session: Session, *, team_id: int) -> bool:
    return (
        session.execute(select(TeamMember.person_id).where(TeamMember.team_id == team_id).limit(1)).first() is not None
    )


def _experts_at_work(session: Session, *, team_id: int, moment: datetime) -> int:
    busy = (Ticket.kind == StatusKind.OPEN) | (Ticket.closed_at > moment - RECENT)
    statement = (
        select(func.count(func.distinct(Ticket.owner_id)))
        .join(TeamMember, (TeamMember.person_id == Ticket.owner_id) & (TeamMember.team_id == team_id))
        .where(busy)
    )
    return session.execute(statement).scalar_one()
