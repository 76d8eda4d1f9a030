"""What the kiosk shows: the products with who waits for them, and where somebody stands (specification 2.4, 2.5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.models import Person, Product, QueueState, StatusKind, Team, Ticket
from checkin.queueing.estimates import pace_of
from checkin.queueing.places import place_of
from checkin.queueing.waits import Pace, WaitRange, likely_wait
from checkin.reports.queues import ProductTile, product_tiles


@dataclass(frozen=True)
class Tile:
    """A product to tap. `wait` is what the next person would wait, None when nobody waits or it is not known."""

    id: int
    name: str
    state: QueueState
    waiting: int
    wait: WaitRange | None

    @property
    def is_shut(self) -> bool:
        """Tell whether nobody new can be checked in."""
        return self.state in {QueueState.CLOSING, QueueState.CLOSED}


@dataclass(frozen=True)
class Arrival:
    """Where somebody who stands at the kiosk is: in the queue at `place` (None: not offered now), or with `expert`."""

    at: datetime
    ticket_id: int
    key: str
    token: str
    language: str
    first_name: str
    last_name: str
    product_id: int
    product: str
    is_closed: bool
    place: int | None
    wait: WaitRange | None
    expert: str | None
    desk: str
    by_text: bool
    by_email: bool
    in_rehearsal: bool


def kiosk_tiles(session: Session, *, event_id: int, moment: datetime, paces: Mapping[str, Pace]) -> list[Tile]:
    """Return the products that have a team, in the organisers' order; `paces` are the teams' by their codes."""
    products = product_tiles(session, event_id=event_id, moment=moment)
    return [Tile(tile.id, tile.name, tile.state, tile.waiting, _wait(tile, paces)) for tile in products]


def _wait(tile: ProductTile, paces: Mapping[str, Pace]) -> WaitRange | None:
    if not tile.waiting or tile.state is not QueueState.OPEN or tile.team_code not in paces:
        return None
    return likely_wait(paces[tile.team_code], tile.waiting + 1)


def team_paces(session: Session, *, event_id: int, moment: datetime) -> dict[str, Pace]:
    """Return how quickly each team of the event works, by its code."""
    teams = session.execute(select(Team.code, Team.id).where(Team.event_id == event_id)).all()
    return {code: pace_of(session, team_id=team_id, moment=moment) for code, team_id in teams}


def arrival(
    session: Session, key: str, *, event_id: int, moment: datetime, paces: Mapping[str, Pace]
) -> Arrival | None:
    """Return where the customer of the event's ticket stands, None when there is no such ticket."""
    found = session.execute(
        select(Ticket, Product.name, Team.code, Person.name)
        .join(Product, Product.id == Ticket.product_id)
        .join(Team, Team.id == Ticket.team_id)
        .outerjoin(Person, Person.id == Ticket.owner_id)
        .where(Ticket.event_id == event_id, Ticket.key == key)
    ).one_or_none()
    if found is None:
        return None
    ticket, product, team_code, expert = found
    place = place_of(session, ticket, moment=moment)
    return Arrival(
        at=moment,
        ticket_id=ticket.id,
        key=ticket.key,
        token=ticket.token,
        language=ticket.language,
        first_name=ticket.first_name,
        last_name=ticket.last_name,
        product_id=ticket.product_id,
        product=product,
        is_closed=ticket.kind is not StatusKind.OPEN,
        place=place,
        wait=likely_wait(paces[team_code], place) if place and team_code in paces else None,
        expert=expert,
        desk=ticket.desk,
        by_text=ticket.phone is not None,
        by_email=ticket.email is not None,
        in_rehearsal=ticket.in_rehearsal,
    )
