"""Keeps people out of a queue from the moment when it takes nobody new (docs/specification.md, 3.6).

Whoever enters shares the team's row until they commit, whoever closes the queue has it alone. So everybody who was
checked in before it closed is seen by who closes it, and everybody later is told that it is closed.
"""

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.models import QueueState, Team
from checkin.queueing.errors import QueueClosed, QueueClosing

TAKES_NOBODY_NEW: Final = frozenset({QueueState.CLOSING, QueueState.CLOSED})


def require_entrance(session: Session, team_id: int) -> None:
    """Hold the queue open for one more until the transaction ends; neither takes nor other check-ins wait for it.

    Raises QueueClosed when the queue is closing or closed.
    """
    statement = select(Team.name, Team.queue_state).where(Team.id == team_id)
    team = session.execute(statement.with_for_update(read=True, key_share=True)).one()
    if team.queue_state in TAKES_NOBODY_NEW:
        raise shut(team.name, team.queue_state)


def shut(team: str, state: QueueState) -> QueueClosed:
    """Return the refusal of a queue that takes nobody new, by the team's name."""
    return QueueClosing(team=team) if state is QueueState.CLOSING else QueueClosed(team=team)
