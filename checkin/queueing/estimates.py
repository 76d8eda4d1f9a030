"""How long somebody will wait, honestly (docs/specification.md, section 7): what the arithmetic of waits.py is fed."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from checkin.models import Action, Person, Presence, QueueState, Source, Team, TeamMember, Ticket, TicketChange
from checkin.models.ticket import offered
from checkin.queueing.waits import Pace, WaitRange, experts_for, likely_wait

__all__ = ["HANDLED_AT_MOST", "RECENT", "WaitRange", "estimate_wait", "pace_of"]

RECENT: Final = timedelta(hours=3)
HANDLED_AT_MOST: Final = 50
_TAKEN_FROM: Final = (QueueState.OPEN, QueueState.CLOSING)
_Theirs = aliased(TeamMember)


def estimate_wait(session: Session, *, team_id: int, place: int, moment: datetime) -> WaitRange | None:
    """Return the likely wait at this place, from the team's own recent service times and the experts present.

    The first waits not long where the team has experts at all. None means: we do not know yet (too few served, no
    expert present, or nothing is taken from this queue at the moment).
    """
    return likely_wait(pace_of(session, team_id=team_id, moment=moment), place)


def pace_of(session: Session, *, team_id: int, moment: datetime) -> Pace:
    """Return how quickly the team works at `moment`: as its last tickets of three hours, 50 at most, and who is there.

    Those on a break or off do not count, nor those who are there only for a queue that is paused or closed.
    """
    crew = _crew(session, team_id)
    waiting = _waiting(session, {team for teams in crew for team in teams}, moment=moment)
    experts = experts_for(team_id, crew, waiting)
    return Pace(_handled(session, team_id, moment) if experts else (), experts)


def _crew(session: Session, team_id: int) -> list[set[int]]:
    """Return for each of the team's members who is present the teams that they take from."""
    rows = session.execute(
        select(TeamMember.person_id, _Theirs.team_id)
        .join(Person, Person.id == TeamMember.person_id)
        .join(_Theirs, _Theirs.person_id == TeamMember.person_id)
        .join(Team, Team.id == _Theirs.team_id)
        .where(TeamMember.team_id == team_id, Person.presence == Presence.AVAILABLE, Team.queue_state.in_(_TAKEN_FROM))
    )
    teams: dict[int, set[int]] = defaultdict(set)
    for person_id, theirs in rows:
        teams[person_id].add(theirs)
    return [one for one in teams.values() if team_id in one]


def _waiting(session: Session, team_ids: Collection[int], *, moment: datetime) -> dict[int, int]:
    if len(team_ids) < 2:
        return {}
    counted = select(Ticket.team_id, func.count()).where(Ticket.team_id.in_(team_ids), offered(moment))
    return dict(session.execute(counted.group_by(Ticket.team_id)).all())


def _handled(session: Session, team_id: int, moment: datetime) -> tuple[float, ...]:
    """Return how many minutes each of the last tickets was in somebody's hands.

    That ends with the first change of its status: one that was put on hold and resolved much later held nobody up.
    """
    first_end = (
        select(func.min(TicketChange.at))
        .where(
            TicketChange.ticket_id == Ticket.id,
            TicketChange.action == Action.STATUS,
            TicketChange.at > Ticket.taken_at,
        )
        .scalar_subquery()
    )
    rows = session.execute(
        select(Ticket.taken_at, Ticket.closed_at, first_end)
        .where(Ticket.team_id == team_id, Ticket.closed_at > moment - RECENT, Ticket.taken_at.is_not(None))
        .where(Ticket.source != Source.FEEDBACK)
        .order_by(Ticket.closed_at.desc())
        .limit(HANDLED_AT_MOST)
    )
    return tuple(_minutes(taken, closed, left) for taken, closed, left in rows if taken and closed)


def _minutes(taken: datetime, closed: datetime, left: datetime | None) -> float:
    end = closed if left is None else min(closed, left)
    return (end - taken).total_seconds() / 60
