"""The fixed cast, and what they do with defaults: `checked_in(cast)`, `taken(cast)`, `sign_in(client, cast.emil)`.

Carla is the customer. Vera volunteers at the kiosk. Emil knows Stats iQ and 360 (teams STQ and T60), Tove API.
Lena leads STQ, Olga organises. Oskar organises another event and has no business here.
"""

import itertools
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from checkin import clock
from checkin.db import announce, db, transaction
from checkin.models import (
    Account,
    Alert,
    Event,
    EventCounter,
    GivenRole,
    Person,
    PersonRole,
    Presence,
    Product,
    QueueState,
    Status,
    StatusCode,
    StatusKind,
    Survey,
    Team,
    TeamMember,
    Ticket,
    TicketChange,
)
from checkin.models.settings import changed_settings
from checkin.queueing.checking_in import CheckInDetails, check_in
from checkin.queueing.duplicates import Duplicate
from checkin.queueing.errors import QueueingError
from checkin.queueing.moving import put_back
from checkin.queueing.taking import take_next
from checkin.queueing.transitions import change_status

PASSWORD = "a long walk by the sea"
CARLA_EMAIL = "carla@example.org"
CARLA_PHONE = "+14155552671"
STATUSES = (
    (StatusCode.OPEN, "Open", StatusKind.OPEN),
    (StatusCode.RESOLVED, "Resolved", StatusKind.CLOSED),
    (StatusCode.NO_SHOW, "No-show", StatusKind.CLOSED),
    (StatusCode.CANCELLED, "Cancelled", StatusKind.CLOSED),
    (StatusCode.ESCALATED, "Escalated", StatusKind.ON_HOLD),
    (StatusCode.FOLLOW_UP, "Follow-up", StatusKind.ON_HOLD),
)
Row = TypeVar("Row")
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Someone:
    """One of an event's people, with the account they sign in with (password: PASSWORD)."""

    id: int
    account_id: int
    name: str
    email: str


@dataclass(frozen=True)
class Cast:
    """The event `demo` and who works there; teams, products and statuses give the ids by code or name."""

    app: Flask
    event_id: int
    slug: str
    teams: Mapping[str, int]
    products: Mapping[str, int]
    statuses: Mapping[str, int]
    vera: Someone
    emil: Someone
    tove: Someone
    lena: Someone
    olga: Someone
    oskar: Someone

    def ticket(self, key: str) -> Ticket:
        """Return the ticket as it stands in the database."""
        return self.one(select(Ticket).where(Ticket.event_id == self.event_id, Ticket.key == key))

    def changes(self, key: str) -> Sequence[TicketChange]:
        """Return the ticket's history, oldest first."""
        statement = select(TicketChange).join(Ticket, Ticket.id == TicketChange.ticket_id).order_by(TicketChange.id)
        return self.all(statement.where(Ticket.event_id == self.event_id, Ticket.key == key))

    def alerts(self, key: str) -> Sequence[Alert]:
        """Return the ticket's alerts, oldest first."""
        statement = select(Alert).join(Ticket, Ticket.id == Alert.ticket_id).order_by(Alert.id)
        return self.all(statement.where(Ticket.event_id == self.event_id, Ticket.key == key))

    def survey(self, key: str) -> Survey:
        """Return the ticket's survey."""
        return self.one(select(Survey).join(Ticket).where(Ticket.event_id == self.event_id, Ticket.key == key))

    def one(self, statement: Select[Row]) -> Row:
        """Return the one row of a statement, read in a session of its own."""
        (row,) = self.all(statement)
        return row

    def all(self, statement: Select[Row]) -> Sequence[Row]:
        """Return the rows of a statement, read in a session of its own."""
        with self.app.app_context():
            return db.session.scalars(statement).all()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a transaction in a context of its own."""
        with self.app.app_context(), transaction() as session:
            yield session

    def set(self, **changes: Any) -> None:
        """Change settings of the event."""
        with self.writing() as session:
            event = session.get_one(Event, self.event_id)
            event.settings_json = changed_settings(event.settings_json, **changes)
            announce(session, self.event_id)

    def set_queue(self, team: str, state: QueueState) -> None:
        """Open, pause or close a team's queue."""
        with self.writing() as session:
            session.get_one(Team, self.teams[team]).queue_state = state
            announce(session, self.event_id)


def cast_of(app: Flask, *, slug: str = "demo", **settings: Any) -> Cast:
    """Write the event with its teams, products, statuses and people, and Oskar's event beside it."""
    with app.app_context(), transaction() as session:
        event, elsewhere = _events(session, slug, **settings)
        statuses = [
            Status(
                event_id=event.id, code=code.value, name=name, kind=kind, position=position,
                on_board=code is StatusCode.OPEN, asks_feedback=code is StatusCode.RESOLVED,
            )
            for position, (code, name, kind) in enumerate(STATUSES)
        ]  # fmt: skip
        named = (("STQ", "Stats iQ"), ("T60", "360"), ("API", "API"))
        teams = [Team(event_id=event.id, code=code, name=name) for code, name in named]
        _added(session, *statuses, *teams)
        products = [Product(event_id=event.id, team_id=team.id, name=team.name) for team in teams]
        _added(session, *products)
        people = people_of(session, event.id, ("Vera", "Emil", "Tove", "Lena", "Olga"), slug)
        oskar = person_of(session, elsewhere.id, "Oskar", elsewhere.slug)
        ids = {team.code: team.id for team in teams}
        members = (("STQ", "Emil", False), ("T60", "Emil", False), ("API", "Tove", False), ("STQ", "Lena", True))
        for team, name, is_lead in members:
            session.add(TeamMember(team_id=ids[team], person_id=people[name].id, is_lead=is_lead))
        session.add(PersonRole(person_id=people["Vera"].id, role=GivenRole.VOLUNTEER))
        session.add(PersonRole(person_id=people["Olga"].id, role=GivenRole.ORGANISER))
        session.add(PersonRole(person_id=oskar.id, role=GivenRole.ORGANISER))
        return Cast(
            app, event.id, slug, ids, {one.name: one.id for one in products}, {one.code: one.id for one in statuses},
            **{name.lower(): someone for name, someone in people.items()}, oskar=oskar,
        )  # fmt: skip


def _events(session: Session, slug: str, **settings: Any) -> tuple[Event, Event]:
    event, elsewhere = (
        Event(slug=one, name=name, settings_json=changed_settings("{}", **given), created_at=clock.now())
        for one, name, given in (
            (slug, "Ask the Experts", settings),
            (f"{slug}-elsewhere", "Another Event", {}),
        )
    )
    _added(session, event, elsewhere)
    session.add_all(EventCounter(event_id=one.id) for one in (event, elsewhere))
    return event, elsewhere


def person_of(session: Session, event_id: int, name: str, slug: str) -> Someone:
    """Write somebody who works at the event, with an account."""
    return people_of(session, event_id, (name,), slug)[name]


def people_of(session: Session, event_id: int, names: Sequence[str], slug: str) -> dict[str, Someone]:
    """Write those who work at the event, with accounts."""
    accounts = {
        name: Account(email=f"{name.lower()}@{slug}.example.org", password_hash=_cheap_hash()) for name in names
    }
    _added(session, *accounts.values())
    here = {"event_id": event_id, "presence": Presence.AVAILABLE, "presence_at": clock.now()}
    people = {name: Person(account_id=account.id, name=name, **here) for name, account in accounts.items()}
    _added(session, *people.values())
    return {name: Someone(people[name].id, account.id, name, account.email) for name, account in accounts.items()}


def _added(session: Session, *rows: object) -> None:
    """Write rows in their order, those of one table at once."""
    session.add_all(rows)
    session.flush()


@cache
def _cheap_hash() -> str:
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


def details(cast: Cast, product: str = "Stats iQ", **changes: Any) -> CheckInDetails:
    """Return what the form says when Carla is checked in for a product, as a new submission."""
    given: dict[str, Any] = {
        "submission_id": str(uuid.uuid4()), "first_name": "Carla", "last_name": "Jones", "email": CARLA_EMAIL,
        "phone": CARLA_PHONE, "product_id": cast.products[product],
    }  # fmt: skip
    return CheckInDetails(**(given | changes))


def checked_in(cast: Cast, product: str = "Stats iQ", **changes: Any) -> str:
    """Check Carla in at Vera's kiosk and return the key of her ticket."""
    with cast.writing() as session:
        # Carla may have an open ticket already: Vera checks her in again.
        return check_in(
            session, details(cast, product, **changes), event_id=cast.event_id, by=cast.vera.id,
            duplicate=Duplicate.AGAIN,
        ).key  # fmt: skip


def queue_of(cast: Cast, length: int, product: str = "Stats iQ") -> list[str]:
    """Check in as many different people, one after the other, and return their keys in the order of the queue."""
    keys = []
    for _ in range(length):
        number = next(_numbers)
        keys.append(
            checked_in(cast, product, first_name=f"Guest {number}", email=f"guest{number}@example.org", phone=None)
        )
    return keys


def taken(cast: Cast, team: str = "STQ", *, by: Someone | None = None, desk: str = "7") -> str:
    """Let Emil (or `by`) take the next ticket of a team's queue and return its key."""
    with cast.writing() as session:
        return take_next(
            session, event_id=cast.event_id, team_code=team, expert_id=(by or cast.emil).id,
            request_key=str(uuid.uuid4()), desk=desk,
        ).key  # fmt: skip


def resolved(cast: Cast, team: str = "STQ", *, by: Someone | None = None) -> str:
    """Let Emil (or `by`) take the next ticket and resolve it; return its key."""
    key = taken(cast, team, by=by)
    moved(cast, key, StatusCode.RESOLVED, by=by)
    return key


def moved(cast: Cast, key: str, to: str, *, by: Someone | None = None) -> None:
    """Let Emil (or `by`) move a ticket to a status."""
    with cast.writing() as session:
        change_status(session, key, event_id=cast.event_id, to=to, by=(by or cast.emil).id, version=None)


def returned(cast: Cast, key: str, *, by: Someone | None = None) -> None:
    """Let Emil (or `by`) put a ticket back into its queue."""
    with cast.writing() as session:
        put_back(session, key, event_id=cast.event_id, by=(by or cast.emil).id, version=None)


def sign_in(client: FlaskClient, someone: Someone) -> FlaskClient:
    """Sign somebody in without the sign-in page, which costs a password hash and has tests of its own."""
    with client.session_transaction() as session:
        session["_user_id"] = f"{someone.account_id}.0"
        session["_fresh"] = True
    return client


def session_cookie(app: Flask, someone: Someone, **more: Any) -> str:
    """Return the value of the cookie `checkin` with which somebody is signed in at a server with the app's key."""
    interface: Any = app.session_interface
    cookie: str = interface.get_signing_serializer(app).dumps(
        {"_user_id": f"{someone.account_id}.0", "_fresh": True} | more
    )
    return cookie


@contextmanager
def refused(code: str) -> Iterator[None]:
    """Expect that a rule says no with this code."""
    with pytest.raises(QueueingError) as refusal:
        yield
    assert refusal.value.code == code
