"""What anybody would write in an afternoon, to be measured against: Flask, Flask-Login, Flask-SQLAlchemy, SKIP LOCKED.

Honestly written and in no way slowed down: it has the index that its query wants, commits once, reads little. It keeps
what ours keeps of a take (owner, times, a row of history, an alert per channel), but knows no request keys, no pauses,
no limits of hands, no listeners, and has no CSRF check.
"""

import os
import random
from datetime import UTC, datetime

from flask import Flask, abort, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_required
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ForeignKey, Index, event, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship


class Base(DeclarativeBase):
    """The base of the plain app's tables."""


db = SQLAlchemy(model_class=Base)


class Membership(Base):
    """Who is in which team."""

    __tablename__ = "memberships"
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), primary_key=True)


class Team(Base):
    """A team of experts."""

    __tablename__ = "teams"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)


class User(UserMixin, Base):  # type: ignore[misc]
    """An expert."""

    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    teams: Mapped[list[Team]] = relationship(secondary="memberships")


class Ticket(Base):
    """A customer's request."""

    __tablename__ = "tickets"
    __table_args__ = (Index("ix_tickets_queue", "team_id", "status", "queued_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    first_name: Mapped[str]
    email: Mapped[str]
    phone: Mapped[str]
    status: Mapped[str]
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    queued_at: Mapped[datetime]
    taken_at: Mapped[datetime | None]


class Change(Base):
    """A row of a ticket's history."""

    __tablename__ = "changes"
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    what: Mapped[str]
    at: Mapped[datetime]


class Alert(Base):
    """A text or an email that waits to be sent."""

    __tablename__ = "alerts"
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), index=True)
    channel: Mapped[str]
    state: Mapped[str]
    created_at: Mapped[datetime]


def create_app() -> Flask:
    """Return the app for DATABASE_URL; ABORTED percent of its commits fail, as everywhere in the races."""
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=os.environ["SECRET_KEY"],
        SESSION_COOKIE_NAME="checkin",
        SQLALCHEMY_DATABASE_URI=os.environ["DATABASE_URL"],
        SQLALCHEMY_ENGINE_OPTIONS={"pool_size": 10, "max_overflow": 20},
    )
    db.init_app(app)
    login = LoginManager(app)
    login.user_loader(lambda kept: db.session.get(User, int(kept)))
    aborted, chance = int(os.environ.get("ABORTED", "0")), random.Random(os.getpid())

    @event.listens_for(Session, "before_commit")
    def abort_some(_session: Session) -> None:
        if chance.randrange(100) < aborted:
            raise ConnectionAbortedError

    @app.get("/healthz")
    def alive() -> ResponseReturnValue:
        return {"alive": True}

    @app.post("/demo/desk/<code>/take")
    @login_required  # type: ignore[untyped-decorator]
    def take(code: str) -> ResponseReturnValue:
        team = db.session.execute(select(Team).where(Team.code == code)).scalar_one_or_none()
        if team is None:
            abort(404)
        if team not in current_user.teams:
            return {"code": "not_your_team"}, 409
        waiting = select(Ticket).where(Ticket.team_id == team.id, Ticket.status == "open", Ticket.owner_id.is_(None))
        first = waiting.order_by(Ticket.queued_at).limit(1).with_for_update(skip_locked=True)
        ticket = db.session.execute(first).scalar_one_or_none()
        if ticket is None:
            return {"code": "queue_empty"}, 409
        moment = datetime.now(UTC).replace(tzinfo=None)
        ticket.owner_id = current_user.id
        ticket.status = "taken"
        ticket.taken_at = moment
        db.session.add(Change(ticket_id=ticket.id, user_id=current_user.id, what="take", at=moment))
        for channel in ("text", "email"):
            db.session.add(Alert(ticket_id=ticket.id, channel=channel, state="pending", created_at=moment))
        db.session.commit()
        return redirect(url_for("show", key=ticket.key), 303)

    @app.get("/demo/tickets/<key>")
    @login_required  # type: ignore[untyped-decorator]
    def show(key: str) -> ResponseReturnValue:
        return {"key": key}

    return app
