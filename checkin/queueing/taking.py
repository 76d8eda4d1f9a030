"""Takes the next ticket: strictly in order, never twice, never "empty" while one is offered (specification 3.3, 3.4).

The expert's row and then the team's row are locked first, always in this order; everything is checked and written under
these locks. PostgreSQL writes in one statement with data-modifying CTEs, SQLite (one writer) with plain statements.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import Session

from checkin import clock
from checkin.alerts import outbox
from checkin.db import DatabaseBusy, announce, database_now, wake_outbox
from checkin.models import Action, Event, EventSettings, Person, Presence, QueueState, Take, Team, TeamMember, Ticket
from checkin.models.settings import parse_settings
from checkin.models.ticket import offered, queue_order
from checkin.queueing.errors import Away, NoSuchTeam, NotYourTeam, QueueClosed, QueueEmpty, QueuePaused
from checkin.queueing.hands import require_free_hands
from checkin.queueing.history import by_person, record
from checkin.queueing.nearing import queues_moved, tells_who_is_near
from checkin.queueing.owning import give
from checkin.queueing.taking_at_once import LockedTeam, lock_team, write_take

_TRIES: Final = 3
Moment = datetime | ColumnElement[datetime]


@dataclass(frozen=True)
class TakenTicket:
    """The ticket an expert got; `repeated` when this very click had got it before."""

    key: str
    repeated: bool = False


@dataclass(frozen=True)
class _Request:
    """One click on "Take next ticket", with what was read under the locks."""

    event_id: int
    expert_id: int
    desk: str
    request_key: str
    team_id: int
    team_name: str
    queue_state: QueueState
    settings: EventSettings
    presence: Presence
    moment: Moment


def take_next(
    session: Session, *, event_id: int, team_code: str, expert_id: int, request_key: str, desk: str = ""
) -> TakenTicket:
    """Give the first offered ticket of the team's queue to the expert.

    Writes owner and times, the take, the change and the Ready alerts. The same expert's same `request_key` answers
    with the same ticket. Raises NoSuchTeam, NotYourTeam, Away, QueuePaused, QueueClosed, HandsFull, QueueEmpty; then
    nothing is changed.
    """
    at_once = session.get_bind().dialect.name == "postgresql"
    lock = lock_team if at_once else _find_team
    team = lock(session, event_id=event_id, team_code=team_code, expert_id=expert_id)
    if team is None:
        raise NoSuchTeam
    # The time is read after the lock was granted: whoever checked in meanwhile has an earlier one.
    request = _Request(
        event_id, expert_id, desk, request_key, team.id, team.name, team.queue_state,
        parse_settings(team.settings_json), team.presence, func.clock_timestamp() if at_once else clock.now(),
    )  # fmt: skip
    write = _write_at_once if at_once else _write_in_steps
    for _ in range(_TRIES):
        key = write(session, request)
        if key is not None:
            announce(session, event_id)
            wake_outbox(session, event_id)
            if tells_who_is_near(request.settings):
                queues_moved(session, request.team_id, event_id=event_id, due_at=database_now(session))
            return TakenTicket(key)
        repeated = _refuse(session, request)
        if repeated is not None:
            return TakenTicket(repeated, repeated=True)
    # Somebody is offered, but moved each time between the look and the write: "empty" would not be true.
    raise DatabaseBusy


def _find_team(session: Session, *, event_id: int, team_code: str, expert_id: int) -> LockedTeam | None:
    """Return the team on SQLite, whose one writer holds the whole database; None when the event has not both."""
    row = session.execute(
        select(Team.id, Team.name, Team.queue_state, Event.settings_json, Person.presence)
        .join(Event, Event.id == Team.event_id)
        .join(Person, (Person.event_id == Event.id) & (Person.id == expert_id))
        .where(Team.event_id == event_id, Team.code == team_code)
    ).one_or_none()
    return None if row is None else LockedTeam(*row)


def _refuse(session: Session, request: _Request) -> str | None:
    """Return the key of the ticket this click has got before, or raise why nothing can be taken.

    Returns None when a ticket is offered after all: then it came after the write had looked, and the write looks again.
    """
    before = session.execute(
        select(Ticket.key)
        .join(Take, Take.ticket_id == Ticket.id)
        .where(Take.person_id == request.expert_id, Take.request_key == request.request_key)
    ).scalar_one_or_none()
    if before is not None:
        return before
    member = session.get(TeamMember, (request.team_id, request.expert_id))
    if member is None:
        raise NotYourTeam(team=request.team_name)
    if request.presence is not Presence.AVAILABLE:
        raise Away
    if request.queue_state is QueueState.PAUSED:
        raise QueuePaused(team=request.team_name)
    if request.queue_state is QueueState.CLOSED:
        raise QueueClosed(team=request.team_name)
    require_free_hands(session, request.expert_id, settings=request.settings)
    if session.execute(_head(request)).first() is None:
        raise QueueEmpty(team=request.team_name)
    return None


def _head(request: _Request) -> Select[int]:
    in_this_queue = and_(Ticket.team_id == request.team_id, offered(request.moment))
    return select(Ticket.id).where(in_this_queue).order_by(*queue_order()).limit(1)


def _write_in_steps(session: Session, request: _Request) -> str | None:
    """Take on SQLite: nobody else writes meanwhile, so the checks come first and plain statements follow."""
    if _refuse(session, request) is not None:
        return None
    moment = clock.now()
    ticket = session.scalars(select(Ticket).where(Ticket.id == _head(request).scalar_subquery())).one()
    give(ticket, request.expert_id, desk=request.desk, moment=moment)
    ticket.updated_at = moment
    ticket.version += 1
    session.flush()
    take = Take(
        ticket_id=ticket.id, person_id=request.expert_id, take_number=ticket.take_number,
        request_key=request.request_key, taken_at=moment,
    )  # fmt: skip
    session.add(take)
    before = {"owner": None}
    record(
        session, ticket, Action.TAKE, by=by_person(request.expert_id), at=moment, before=before, after=_after(request)
    )
    outbox.enqueue_ready(session, ticket, settings=request.settings, moment=moment)
    return ticket.key


def _after(request: _Request) -> dict[str, Any]:
    return {"owner": request.expert_id, "team": request.team_id, "desk": request.desk}


def _write_at_once(session: Session, request: _Request) -> str | None:
    """Take on PostgreSQL in one statement; None when anything stands against it (then `_refuse` says what)."""
    if request.queue_state in {QueueState.PAUSED, QueueState.CLOSED} or request.presence is not Presence.AVAILABLE:
        return None
    return write_take(
        session, team_id=request.team_id, expert_id=request.expert_id, request_key=request.request_key,
        desk=request.desk, after=_after(request), settings=request.settings,
    )  # fmt: skip
