"""The queues of an event with who waits in them (docs/specification.md, 3.6, 4.1)."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from checkin.models import EventSettings, Priority, Product, QueueState, Team, Ticket
from checkin.models.ticket import in_queue, offered


@dataclass(frozen=True)
class QueueCard:
    """One team's queue; `longest_since` is when the first of those waiting was checked in.

    `waiting` counts who can be taken now, `urgent` those of them who come first, `queued` also who asked for a few more
    minutes.
    """

    team_id: int
    code: str
    name: str
    state: QueueState
    waiting: int
    longest_since: datetime | None
    queued: int
    urgent: int
    request_key: str = ""


@dataclass(frozen=True)
class ProductTile:
    """A product as the kiosk offers it, with the number waiting in its team's queue."""

    id: int
    name: str
    team_code: str
    waiting: int
    state: QueueState


def queue_cards(session: Session, *, event_id: int, moment: datetime) -> list[QueueCard]:
    """Return every queue of the event in the organisers' order."""
    now = offered(moment)
    rows = session.execute(
        select(
            Team.id, Team.code, Team.name, Team.queue_state, func.count(Ticket.id).filter(now),
            func.min(Ticket.queued_at).filter(now), func.count(Ticket.id),
            func.count(Ticket.id).filter(now, Ticket.priority == Priority.URGENT),
        )
        .outerjoin(Ticket, and_(Ticket.team_id == Team.id, in_queue()))
        .where(Team.event_id == event_id)
        .group_by(Team.id)
        .order_by(Team.position, Team.id)
    )  # fmt: skip
    return [QueueCard(*row) for row in rows]


def is_day_over(settings: EventSettings, *, time_zone: str, moment: datetime) -> bool:
    """Tell whether the event's day has ended by its own clock; never where no end is set."""
    here = moment.astimezone(ZoneInfo(time_zone))
    return bool(settings.day_ends_at) and here.strftime("%H:%M") >= settings.day_ends_at


def product_tiles(session: Session, *, event_id: int, moment: datetime) -> list[ProductTile]:
    """Return the products that have a team, in the organisers' order."""
    waiting = select(func.count(Ticket.id)).where(Ticket.team_id == Team.id, offered(moment)).scalar_subquery()
    rows = session.execute(
        select(Product.id, Product.name, Team.code, waiting, Team.queue_state)
        .join(Team, Team.id == Product.team_id)
        .where(Product.event_id == event_id)
        .order_by(Product.position, Product.id)
    )
    return [ProductTile(*row) for row in rows]
