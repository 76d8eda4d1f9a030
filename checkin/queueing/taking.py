"""Takes the next ticket: strictly in order, never twice, never "empty" while one is offered (specification 3.3, 3.4).

The expert's row and then the team's row are locked first, always in this order; everything is checked and written under
these locks. PostgreSQL writes in one statement with data-modifying CTEs, SQLite (one writer) with plain statements.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import CTE, JSON, Row, and_, exists, func, insert, literal, select, update
from sqlalchemy.orm import Session

from checkin.alerts import outbox
from checkin.db import announce, database_now, wake_outbox
from checkin.models import Action, Actor, Event, EventSettings, Person, QueueState, Take, Team, TeamMember, Ticket
from checkin.models.settings import parse_settings
from checkin.models.ticket import TicketChange, offered, queue_order
from checkin.queueing.errors import NoSuchTeam, NotYourTeam, QueueClosed, QueueEmpty, QueuePaused
from checkin.queueing.hands import require_free_hands

_TRIES: Final = 3


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
    moment: datetime


def take_next(
    session: Session, *, event_id: int, team_code: str, expert_id: int, request_key: str, desk: str = ""
) -> TakenTicket:
    """Give the first offered ticket of the team's queue to the expert.

    Writes owner and times, the take, the change and the Ready alerts. The same expert's same `request_key` answers
    with the same ticket. Raises NoSuchTeam, NotYourTeam, QueuePaused, QueueClosed, HandsFull, QueueEmpty; then nothing
    is changed.
    """
    locked = _lock(session, event_id=event_id, team_code=team_code, expert_id=expert_id)
    request = _Request(
        event_id, expert_id, desk, request_key, locked.id, locked.name, locked.queue_state,
        parse_settings(locked.settings_json), database_now(session) if locked.moment is None else locked.moment,
    )  # fmt: skip
    write = _write_at_once if session.get_bind().dialect.name == "postgresql" else _write_in_steps
    for _ in range(_TRIES):
        key = write(session, request)
        if key is not None:
            announce(session, event_id)
            wake_outbox(session, event_id)
            return TakenTicket(key)
        repeated = _refuse(session, request)
        if repeated is not None:
            return TakenTicket(repeated, repeated=True)
    raise QueueEmpty(team=request.team_name)


def _lock(session: Session, *, event_id: int, team_code: str, expert_id: int) -> Row[*tuple[Any, ...]]:
    """Lock the expert's row, then the team's; return the team, the event's settings and the time on PostgreSQL."""
    expert = (
        select(Person.id)
        .where(Person.id == expert_id, Person.event_id == event_id)
        .with_for_update(key_share=True)
        .cte("expert")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    moment = func.clock_timestamp() if on_postgresql else literal(None)
    row = session.execute(
        select(Team.id, Team.name, Team.queue_state, Event.settings_json, moment.label("moment"))
        .join(Event, Event.id == Team.event_id)
        .join(expert, expert.c.id == expert_id)
        .where(Team.event_id == event_id, Team.code == team_code)
        .with_for_update(key_share=True, of=Team)
    ).one_or_none()
    if row is None:
        raise NoSuchTeam
    return row


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
    if request.queue_state is QueueState.PAUSED:
        raise QueuePaused(team=request.team_name)
    if request.queue_state is QueueState.CLOSED:
        raise QueueClosed(team=request.team_name)
    require_free_hands(session, request.expert_id, settings=request.settings)
    if session.execute(_head(request)).first() is None:
        raise QueueEmpty(team=request.team_name)
    return None


def _head(request: _Request) -> Any:
    in_this_queue = and_(Ticket.team_id == request.team_id, offered(request.moment))
    return select(Ticket.id).where(in_this_queue).order_by(*queue_order()).limit(1)


def _changes(request: _Request) -> dict[Any, Any]:
    return {
        Ticket.owner_id: request.expert_id,
        Ticket.desk: request.desk,
        Ticket.taken_at: request.moment,
        Ticket.arrived_at: None,
        Ticket.updated_at: request.moment,
        Ticket.take_number: Ticket.take_number + 1,
        Ticket.version: Ticket.version + 1,
    }


def _write_in_steps(session: Session, request: _Request) -> str | None:
    """Take on SQLite: nobody else writes meanwhile, so the checks come first and plain statements follow."""
    if _refuse(session, request) is not None:
        return None
    ticket_id = session.execute(_head(request)).scalar_one()
    session.execute(update(Ticket).where(Ticket.id == ticket_id).values(_changes(request)))
    ticket = session.get_one(Ticket, ticket_id)
    session.execute(
        insert(Take).values(
            ticket_id=ticket.id, person_id=request.expert_id, take_number=ticket.take_number,
            request_key=request.request_key, taken_at=request.moment,
        )
    )  # fmt: skip
    session.execute(insert(TicketChange).values(ticket_id=ticket.id, **_change_values(request)))
    outbox.enqueue_ready(session, ticket, settings=request.settings, moment=request.moment)
    return ticket.key


def _change_values(request: _Request) -> dict[str, Any]:
    return {
        "action": Action.TAKE,
        "actor": Actor.PERSON,
        "person_id": request.expert_id,
        "at": request.moment,
        "before": {"owner": None},
        "after": {"owner": request.expert_id, "team": request.team_id, "desk": request.desk},
        "words": "",
    }


def _write_at_once(session: Session, request: _Request) -> str | None:
    """Take on PostgreSQL in one statement; None when anything stands against it (then `_refuse` says what)."""
    if request.queue_state in {QueueState.PAUSED, QueueState.CLOSED}:
        return None
    taken = _taken(request)
    written = select(taken.c.key)
    for statement in _rows(taken, request):
        written = written.add_cte(statement)
    return session.execute(written).scalar_one_or_none()


def _taken(request: _Request) -> CTE:
    repeated = exists().where(Take.person_id == request.expert_id, Take.request_key == request.request_key)
    member = exists().where(TeamMember.team_id == request.team_id, TeamMember.person_id == request.expert_id)
    conditions = [Ticket.id == _head(request).scalar_subquery(), Ticket.owner_id.is_(None), member, ~repeated]
    limit = request.settings.tickets_in_hand
    if limit:
        mine = Ticket.__table__.alias("mine")
        held = select(func.count()).select_from(mine).where(mine.c.owner_id == request.expert_id, mine.c.kind == "open")
        conditions.append(held.scalar_subquery() < limit)
    return (
        update(Ticket)
        .where(*conditions)
        .values(_changes(request))
        .returning(Ticket.id, Ticket.event_id, Ticket.key, Ticket.take_number, Ticket.phone, Ticket.email)
        .cte("taken")
    )


def _rows(taken: CTE, request: _Request) -> list[CTE]:
    change = _change_values(request)
    change_columns = [
        literal(value, JSON) if isinstance(value, dict) else literal(value, TicketChange.__table__.c[name].type)
        for name, value in change.items()
    ]
    take = select(
        taken.c.id, literal(request.expert_id), taken.c.take_number, literal(request.request_key),
        literal(request.moment, Take.__table__.c.taken_at.type),
    )  # fmt: skip
    statements = [
        insert(Take).from_select(["ticket_id", "person_id", "take_number", "request_key", "taken_at"], take),
        insert(TicketChange).from_select(["ticket_id", *change], select(taken.c.id, *change_columns)),
    ]
    if outbox.ready_channels(request.settings):
        alerts = outbox.ready_alerts(taken, request.settings, person_id=request.expert_id, moment=request.moment)
        statements.append(alerts)
    return [statement.cte(f"written_{number}") for number, statement in enumerate(statements)]
