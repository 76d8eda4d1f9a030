"""Tells people, once each, that they are among the next in their queue (docs/specification.md, 5.1).

Whatever makes a queue move says so (`queues_moved`, for most by way of the history); who is near then is looked up at
the end of the same transaction, when all that it does is done. The queues' rows are held by then, so that two moves of
one queue come one after the other.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.alerts import outbox
from checkin.db import at_the_end, database_now
from checkin.models import Alert, AlertKind, AlertState, Event, EventSettings, Ticket
from checkin.models.places import NEAR
from checkin.models.ticket import in_queue, offered, queue_order

_MOVED: Final = "queues_moved"


def queues_moved(session: Session, *team_ids: int, event_id: int, due_at: datetime) -> None:
    """Look at the end of the transaction who is near in these queues; what they are told leaves at `due_at`."""
    moved: dict[tuple[int, int], datetime] = session.info.setdefault(_MOVED, {})
    for team_id in team_ids:
        queue = (event_id, team_id)
        moved[queue] = max(due_at, moved.get(queue, due_at))
    at_the_end(session, _tell_who_is_near)


def tells_who_is_near(settings: EventSettings) -> bool:
    """Tell whether the event sends Nearly there at all."""
    return bool(outbox.channels_of(AlertKind.NEARLY_THERE, settings))


def _tell_who_is_near(session: Session) -> None:
    moved: dict[tuple[int, int], datetime] = session.info.pop(_MOVED)
    for (event_id, team_id), due_at in sorted(moved.items()):
        settings = session.get_one(Event, event_id).settings
        if tells_who_is_near(settings):
            _look_at(session, team_id, settings=settings, due_at=due_at)


def _look_at(session: Session, team_id: int, *, settings: EventSettings, due_at: datetime) -> None:
    moment = database_now(session)
    first = select(Ticket).where(Ticket.team_id == team_id, offered(moment)).order_by(*queue_order()).limit(NEAR)
    near = session.scalars(first.execution_options(populate_existing=True)).all()
    for ticket in near:
        if not ticket.told_nearly_there:
            ticket.told_nearly_there = True
            outbox.enqueue_nearly_there(
                session, ticket, settings=settings, moment=moment, due_at=max(due_at, moment)
            )  # fmt: skip
    _take_back(session, team_id, but={ticket.id for ticket in near}, moment=moment)


def _take_back(session: Session, team_id: int, *, but: set[int], moment: datetime) -> None:
    """Keep back what waits to tell others of the queue that they are near: somebody came before them again."""
    waits = (Alert.kind == AlertKind.NEARLY_THERE, Alert.state == AlertState.PENDING)
    told = select(Alert.ticket_id).where(Alert.ticket_id == Ticket.id, *waits).exists()
    wrong = select(Ticket).where(Ticket.team_id == team_id, in_queue(), Ticket.told_nearly_there, told)
    for ticket in session.scalars(wrong.order_by(Ticket.id).execution_options(populate_existing=True)):
        if ticket.id not in but and outbox.withdraw_nearly_there(session, ticket, moment=moment):
            ticket.told_nearly_there = False
