"""A busy desk: many experts in one team or in nine, and many people waiting. For races and benches."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import insert, select, update

from checkin import clock
from checkin.db import db, transaction
from checkin.models import Customer, EventCounter, Product, Team, TeamMember, Ticket
from tests.cast import Cast, Someone, cast_of, people_of, session_cookie

CSRF = "0123456789012345678901234567890123456789"


@dataclass(frozen=True)
class SignedIn:
    """Somebody's browser at a server: the cookie, the token that its forms carry, and who it is."""

    cookie: str
    csrf_token: str
    someone: Someone


@dataclass(frozen=True)
class Crowd:
    """The event with its cast, and many experts who are in all the teams and may hold as much as they like."""

    cast: Cast
    codes: Sequence[str]
    experts: Sequence[SignedIn]
    volunteer: SignedIn

    def team_ids(self) -> dict[str, int]:
        """Return the ids of the teams by their codes."""
        teams = self.cast.all(select(Team).where(Team.event_id == self.cast.event_id))
        return {team.code: team.id for team in teams}

    def product_ids(self) -> dict[str, int]:
        """Return the ids of the products by their names."""
        return {product.name: product.id for product in self.cast.all(select(Product))}


def crowd_of(app: Flask, *, teams: int, experts: int, slug: str = "demo", **settings: Any) -> Crowd:
    """Write the cast's event with that many teams (Q1, Q2, ...; a product each) and experts, with nobody waiting."""
    cast = cast_of(app, slug=slug, tickets_in_hand=0, **settings)
    codes = [f"Q{number}" for number in range(1, teams + 1)]
    with cast.writing() as session:
        made = [Team(event_id=cast.event_id, code=code, name=f"Team {code}") for code in codes]
        session.add_all(made)
        session.flush()
        session.add_all(Product(event_id=cast.event_id, team_id=team.id, name=f"Product {team.code}") for team in made)
        names = [f"Expert{number}" for number in range(experts)]
        people = list(people_of(session, cast.event_id, names, cast.slug).values())
        session.add_all(TeamMember(team_id=team.id, person_id=person.id) for team in made for person in people)
    return Crowd(cast, codes, [signed_in(app, person) for person in people], signed_in(app, cast.vera))


def signed_in(app: Flask, someone: Someone) -> SignedIn:
    """Return a browser with which somebody is signed in at every server with the app's key."""
    token = URLSafeTimedSerializer(str(app.secret_key), salt="wtf-csrf-token").dumps(CSRF)
    return SignedIn(session_cookie(app, someone, csrf_token=CSRF), str(token), someone)


def fill_queues(app: Flask, crowd: Crowd, *, tickets: int, phone: str | None = None) -> None:
    """Let that many people wait, in turn in each team's queue, a millisecond apart; quick, without the rules."""
    cast, begin = crowd.cast, clock.now() - timedelta(hours=1)
    with app.app_context(), transaction() as session:
        found = session.execute(
            select(Team.id, Team.code, Product.id)
            .join(Product, Product.team_id == Team.id)
            .where(Team.code.in_(crowd.codes))
        ).all()
        first: int = (
            session.execute(
                update(EventCounter)
                .where(EventCounter.event_id == cast.event_id)
                .values(tickets=EventCounter.tickets + tickets)
                .returning(EventCounter.tickets)
            ).scalar_one()
            - tickets
        )
        customer_id = session.execute(
            insert(Customer).values(event_id=cast.event_id, first_name="Guest").returning(Customer.id)
        ).scalar_one()
        rows = []
        for number in range(first + 1, first + tickets + 1):
            team_id, code, product_id = found[number % len(found)]
            moment, submission_id = begin + timedelta(milliseconds=number), str(uuid.uuid4())
            rows.append({
                "event_id": cast.event_id, "number": number, "key": f"{code}-{number}", "submission_id": submission_id,
                "submission_digest": "0" * 64, "customer_id": customer_id, "first_name": f"Guest {number}",
                "email": f"guest{number}@example.org", "phone": phone, "title": f"Guest {number}",
                "product_id": product_id, "asked_product_id": product_id, "team_id": team_id,
                "status_id": cast.statuses["open"], "queued_at": moment, "updated_at": moment,
            })  # fmt: skip
        session.execute(insert(Ticket), rows)


def analyze(app: Flask) -> None:
    """Let PostgreSQL learn what the tables hold; a plan cached on an empty table doubles a take's cost."""
    with app.app_context():
        engine = db.engines[None]
        if engine.dialect.name == "postgresql":
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("ANALYZE")
