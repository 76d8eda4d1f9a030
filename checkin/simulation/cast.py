"""The people and places of a simulated day: the event's own products and teams, with experts added to them."""

from dataclasses import dataclass
from random import Random
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.models import Event, GivenRole, Product, Team
from checkin.setup.staff import add_person
from checkin.simulation.plan import Shift, plan_shift, spread

_NAMES: Final = (
    "Anna Weber", "Ben Carter", "Carmen Ruiz", "David Kim", "Elif Kaya", "Finn Larsen", "Greta Novak", "Hugo Martin",
    "Ines Costa", "Jonas Meyer", "Kofi Mensah", "Laura Bianchi", "Mina Sato", "Noah Brown", "Oona Virtanen",
    "Pavel Horák", "Quentin Blanc", "Rosa Lopez", "Samir Haddad", "Tara Singh", "Ulla Berg", "Victor Popescu",
    "Wanda Zielińska", "Xavier Petit", "Yara Nasser", "Zoltán Nagy", "Aoife Byrne", "Bruno Alves", "Clara Schmidt",
    "Deniz Arslan",
)  # fmt: skip


@dataclass(frozen=True)
class SimulatedExpert:
    """Somebody who takes tickets: where, when, and at which table."""

    person_id: int
    name: str
    teams: tuple[str, ...]
    shift: Shift
    desk: str


@dataclass(frozen=True)
class Offer:
    """A product that can be checked in for, with its team."""

    product_id: int
    name: str
    team_code: str


def offers_of(session: Session, event_id: int) -> list[Offer]:
    """Return the event's products that a team knows, in the event's order."""
    statement = (
        select(Product.id, Product.name, Team.code)
        .join(Team, Team.id == Product.team_id)
        .where(Product.event_id == event_id)
        .order_by(Product.position, Product.id)
    )
    return [Offer(*row) for row in session.execute(statement)]


def add_experts(
    session: Session, event: Event, random: Random, *, experts: int, teams: list[str], minutes: float
) -> list[SimulatedExpert]:
    """Add the experts of the day, or find them when a day was simulated before; each has a table of their own."""
    known = []
    for number, codes in enumerate(spread(random, experts=experts, teams=teams), start=1):
        name = _NAMES[(number - 1) % len(_NAMES)]
        added = add_person(session, event, email=f"expert-{number}@simulation.example.org", name=name, teams=codes)
        shift = plan_shift(random, minutes=minutes)
        known.append(SimulatedExpert(added.person_id, name, codes, shift, str(100 + number)))
    return known


def add_volunteer_and_organiser(session: Session, event: Event) -> tuple[int, int]:
    """Add who checks in and who closes the day; return their ids."""
    kiosk = add_person(
        session, event, email="volunteer@simulation.example.org", name="Vito Rossi", roles=[GivenRole.VOLUNTEER]
    )
    office = add_person(
        session, event, email="organiser@simulation.example.org", name="Orla Quinn", roles=[GivenRole.ORGANISER]
    )
    return kiosk.person_id, office.person_id
