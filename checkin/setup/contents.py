"""Adds teams, products and statuses to an event."""

import re
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from checkin.db import announce
from checkin.models import Event, Product, Status, StatusKind, Team
from checkin.setup.errors import AlreadyThere, NoSuchTeam, StatusNotPossible
from checkin.setup.names import checked_code, checked_name

Thing = TypeVar("Thing", Team, Product, Status)


def add_team(session: Session, event: Event, *, code: str, name: str) -> Team:
    """Add a team with its one, open queue.

    Raises CodeNotPossible, NameNotPossible, AlreadyThere.
    """
    code, name = checked_code(code), checked_name(name, longest=100)
    for taken in session.execute(select(Team.code, Team.name).where(Team.event_id == event.id)):
        if code == taken.code or name == taken.name:
            raise AlreadyThere(name=code if code == taken.code else name)
    team = Team(event_id=event.id, code=code, name=name, position=_count(session, Team, event))
    return _added(session, event, team)


def add_product(session: Session, event: Event, *, name: str, team_code: str | None = None) -> Product:
    """Add a product that routes to the team, or give a product that has no team this one.

    Without a team it cannot be offered at check-in. Raises NameNotPossible, NoSuchTeam, AlreadyThere.
    """
    name = checked_name(name, longest=100)
    team_id = None if team_code is None else find_team(session, event, team_code).id
    product = session.scalar(select(Product).where(Product.event_id == event.id, Product.name == name))
    if product is None:
        position = _count(session, Product, event)
        return _added(session, event, Product(event_id=event.id, name=name, team_id=team_id, position=position))
    if product.team_id is not None or team_id is None:
        raise AlreadyThere(name=name)
    product.team_id = team_id
    return _added(session, event, product)


def add_status(
    session: Session, event: Event, *, name: str, kind: StatusKind, on_board: bool, asks_feedback: bool
) -> Status:
    """Add a status of the organisers' own; its code comes from its name and stays when it is renamed.

    Raises NameNotPossible, StatusNotPossible, AlreadyThere.
    """
    name = checked_name(name, longest=60)
    if (on_board and kind is not StatusKind.OPEN) or (asks_feedback and kind is not StatusKind.CLOSED):
        raise StatusNotPossible
    code = status_code(name)
    for taken in session.execute(select(Status.code, Status.name).where(Status.event_id == event.id)):
        if code == taken.code or name.casefold() == taken.name.casefold():
            raise AlreadyThere(name=name)
    status = Status(
        event_id=event.id, code=code, name=name, kind=kind, on_board=on_board, asks_feedback=asks_feedback,
        position=_count(session, Status, event),
    )  # fmt: skip
    return _added(session, event, status)


def status_code(name: str) -> str:
    """Return the code of a status with this name, such as `waiting_for_a_call`; letters of every script stay."""
    return re.sub(r"\W+", "_", name.lower()).strip("_")[:40] or "status"


def find_team(session: Session, event: Event, code: str) -> Team:
    """Return the event's team with this code.

    Raises NoSuchTeam.
    """
    team = session.scalar(select(Team).where(Team.event_id == event.id, Team.code == code.strip().upper()))
    if team is None:
        raise NoSuchTeam(event=event.slug, code=code)
    return team


def _count(session: Session, kind: type[Team] | type[Product] | type[Status], event: Event) -> int:
    return session.scalar(select(func.count()).select_from(kind).where(kind.event_id == event.id)) or 0


def _added(session: Session, event: Event, thing: Thing) -> Thing:
    session.add(thing)
    session.flush()
    announce(session, event.id)
    return thing
