"""Whom no text reached, and who is missing (docs/specification.md, 4.8): for the volunteers who call names out."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, case, false, func, or_, select
from sqlalchemy.orm import Session

from checkin.models import (
    Alert,
    AlertKind,
    AlertState,
    Channel,
    EventSettings,
    Person,
    Product,
    Source,
    Status,
    StatusCode,
    StatusKind,
    Ticket,
)
from checkin.reports.deliveries import NOT_REACHED

LINES_AT_MOST: Final = 200
PUT_BACK_LATELY: Final = timedelta(hours=1)


@dataclass(frozen=True)
class LostLine:
    """Somebody to look for. `state` and `reason` say why their text did not arrive; without a number there is none.

    `kind` is what that text said. `is_reached` is true of who got their text and did not come all the same.
    """

    ticket_id: int
    key: str
    name: str
    phone: str
    product: str
    team_id: int
    owner_id: int | None
    expert: str
    desk: str
    version: int
    since: datetime
    is_called: bool
    is_reached: bool
    kind: AlertKind
    state: AlertState | None
    reason: str


def not_reached(session: Session, *, event_id: int, settings: EventSettings, moment: datetime) -> list[LostLine]:
    """Return who is called or was put back and got no text about it, the longest first.

    Somebody without a number counts where a text would have told them to come; who was put back merely waits.
    """
    recent = moment - PUT_BACK_LATELY
    called = and_(Ticket.owner_id.is_not(None), Ticket.arrived_at.is_(None))
    put_back = and_(Ticket.owner_id.is_(None), Ticket.take_number > 0, Ticket.updated_at > recent)
    no_number = Ticket.phone.is_(None) if settings.ready_text else false()
    lost = or_(
        and_(called, or_(_last_text(AlertKind.READY).in_(NOT_REACHED), no_number)),
        and_(put_back, _last_text(AlertKind.PLEASE_WAIT).in_(NOT_REACHED)),
    )
    kind = case((Ticket.owner_id.is_not(None), AlertKind.READY.value), else_=AlertKind.PLEASE_WAIT.value)
    statement = _lines(event_id, kind).where(Ticket.kind == StatusKind.OPEN, lost)
    rows = session.execute(statement.order_by(Ticket.updated_at, Ticket.id).limit(LINES_AT_MOST))
    return [_line(*row) for row in rows]


def missing(session: Session, *, event_id: int, time_zone: str, moment: datetime) -> list[LostLine]:
    """Return who did not come when called today, the latest first."""
    today = start_of_day(moment, time_zone=time_zone)
    statement = _lines(event_id, AlertKind.READY.value).where(
        Status.code == StatusCode.NO_SHOW, Ticket.closed_at >= today
    )
    rows = session.execute(statement.order_by(Ticket.closed_at.desc(), Ticket.id.desc()).limit(LINES_AT_MOST))
    return [_line(*row) for row in rows]


def start_of_day(moment: datetime, *, time_zone: str) -> datetime:
    """Return when the event's day of `moment` began."""
    here = moment.astimezone(ZoneInfo(time_zone))
    return datetime.combine(here.date(), time(), tzinfo=here.tzinfo)


def _last_text(kind: AlertKind) -> ScalarSelect[AlertState]:
    """Return the state of a ticket's last text of a kind."""
    texts = (Alert.ticket_id == Ticket.id, Alert.channel == Channel.TEXT, Alert.kind == kind)
    return select(Alert.state).where(*texts).order_by(Alert.id.desc()).limit(1).correlate(Ticket).scalar_subquery()


def _lines(event_id: int, kind: ColumnElement[str] | str) -> Select[*tuple[Any, ...]]:
    """Return the event's tickets with product, expert and the last text of a kind."""
    last = (
        select(func.max(Alert.id))
        .where(Alert.ticket_id == Ticket.id, Alert.channel == Channel.TEXT, Alert.kind == kind)
        .correlate(Ticket)
        .scalar_subquery()
    )
    return (
        select(Ticket, Product.name, Person.name, Alert.state, Alert.reason)
        .join(Status, Status.id == Ticket.status_id)
        .join(Product, Product.id == Ticket.product_id)
        .outerjoin(Person, Person.id == Ticket.owner_id)
        .outerjoin(Alert, Alert.id == last)
        .where(Ticket.event_id == event_id, Ticket.source != Source.FEEDBACK)
    )


def _line(ticket: Ticket, product: str, expert: str | None, state: AlertState | None, reason: str | None) -> LostLine:
    is_back = ticket.owner_id is None and ticket.kind is StatusKind.OPEN
    return LostLine(
        ticket_id=ticket.id,
        key=ticket.key,
        name=f"{ticket.first_name} {ticket.last_name}".strip(),
        phone=ticket.phone or "",
        product=product,
        team_id=ticket.team_id,
        owner_id=ticket.owner_id,
        expert=expert or "",
        desk=ticket.desk,
        version=ticket.version,
        since=ticket.closed_at or ticket.taken_at or ticket.updated_at,
        is_called=ticket.owner_id is not None and ticket.kind is StatusKind.OPEN,
        is_reached=state is not None and state not in NOT_REACHED,
        kind=AlertKind.PLEASE_WAIT if is_back else AlertKind.READY,
        state=state,
        reason=reason or "",
    )
