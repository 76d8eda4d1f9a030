"""The event `demo`, with which anybody can try the desk (docs/specification.md, section 13)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.models import Event, GivenRole
from checkin.setup.contents import add_product, add_team
from checkin.setup.events import create_event
from checkin.setup.staff import add_person

SLUG: Final = "demo"
PRODUCTS: Final = (
    ("Survey projects", "SUR"), ("360", "T60"), ("Stats iQ", "STQ"), ("Employee engagement", "EMP"),
    ("XM Directory", "XMD"), ("CX dashboards", "CXD"), ("API", "API"), ("Extensions", "EXT"),
    ("Website and app feedback", "WEB"),
)  # fmt: skip


@dataclass(frozen=True)
class DemoPerson:
    """One of the people of the demo."""

    email: str
    name: str
    roles: tuple[GivenRole, ...] = ()
    teams: tuple[str, ...] = ()
    leads: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """Return what this person is, as people say it."""
        parts = [role.value for role in self.roles]
        parts += ["lead of " + " and ".join(self.leads)] if self.leads else []
        parts += ["expert of " + " and ".join(self.teams)] if self.teams else []
        return ", ".join(parts)


PEOPLE: Final = (
    DemoPerson("olga@example.org", "Olga Lind", roles=(GivenRole.ORGANISER,)),
    DemoPerson("lena@example.org", "Lena Vogt", leads=("STQ",)),
    DemoPerson("emil@example.org", "Emil Berg", teams=("STQ", "T60")),
    DemoPerson("tove@example.org", "Tove Dahl", teams=("API",)),
    DemoPerson("vera@example.org", "Vera Moss", roles=(GivenRole.VOLUNTEER,)),
)


def has_demo(session: Session) -> bool:
    """Tell whether there is an event `demo`; then nothing of it is changed."""
    return session.scalar(select(Event.id).where(Event.slug == SLUG)) is not None


def create_demo(session: Session, *, password_hashes: Mapping[str, str], moment: datetime) -> Event:
    """Make the event with its products, teams and people, without tickets. `password_hashes` are by email.

    Raises AlreadyThere.
    """
    event = create_event(session, SLUG, name="Demo conference", moment=moment)
    for name, code in PRODUCTS:
        add_team(session, event, code=code, name=name)
        add_product(session, event, name=name, team_code=code)
    for person in PEOPLE:
        add_person(
            session, event, email=person.email, name=person.name, roles=person.roles, teams=person.teams,
            leads=person.leads, password_hash=password_hashes[person.email],
        )  # fmt: skip
    return event
