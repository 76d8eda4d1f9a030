"""The desk of the fault runs: customers who were called, and what the outbox and the providers say of them."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import and_, insert, select, update

from app import create_app
from bench.faults.worker import Route
from checkin import clock
from checkin.config import Settings
from checkin.db import db, transaction
from checkin.models import Alert, AlertKind, AlertState, Channel, StatusKind, Ticket
from tests.support.crowd import Crowd, crowd_of, fill_queues
from tests.support.databases import SECRET_KEY, close, make_tables
from tests.support.fake_smtp import FakeSmtp, fake_smtp
from tests.support.fake_twilio import FakeTwilio
from tests.support.postgres import Postgres

LEASE, LOOK_UP_AFTER = 60.0, 0.3
FINAL = frozenset(AlertState) - {AlertState.PENDING, AlertState.SENDING}
SAID_TO_BE_THERE = frozenset({AlertState.SENT, AlertState.DELIVERED})


@dataclass(frozen=True)
class Verdict:
    """What became of the alerts of one run, by the outbox's words and by what the provider really accepted."""

    alerts: int
    accepted: int
    lost: int
    """The outbox says that it left and it did not, or it is in no final state."""
    doubled_in_silence: int
    """Accepted more than once, and neither counted as a possible duplicate nor left to a person."""
    doubled: int
    possible_duplicates: int
    needs_review: int
    states: Counter[str]


@dataclass(frozen=True)
class Desk:
    """A desk on a database of its own, with both fakes."""

    name: str
    app: Flask
    crowd: Crowd
    settings: Settings
    twilio: FakeTwilio
    mail: FakeSmtp

    def route(
        self, channel: Channel, *, lease: float = LEASE, look_up_after: float = LOOK_UP_AFTER,
        read_seconds: float | None = None,
    ) -> Route:  # fmt: skip
        """Return how a worker in a process of its own reaches this desk and its provider."""
        provider = self.twilio.api_base_url if channel is Channel.TEXT else self.mail.url()
        return Route(str(self.settings.database_url), channel.value, provider, lease, look_up_after, read_seconds)

    def call(self, number: int, *, channel: Channel, minutes: float = 15) -> None:
        """Let an expert have called that many customers just now, each with an alert on this channel that is due."""
        fill_queues(self.app, self.crowd, tickets=number)
        expert, moment = self.crowd.experts[0].someone, clock.now()
        with self.app.app_context(), transaction() as session:
            is_waiting = and_(Ticket.kind == StatusKind.OPEN, Ticket.owner_id.is_(None))
            waiting = session.execute(select(Ticket.id, Ticket.number).where(is_waiting)).all()
            session.execute(
                update(Ticket), [{"id": one.id, "phone": phone_of(one.number)} for one in waiting]
            )  # fmt: skip
            session.execute(
                update(Ticket).where(is_waiting).values(owner_id=expert.id, taken_at=moment, take_number=1, desk="7")
            )
            session.execute(
                insert(Alert),
                [
                    {
                        "event_id": self.crowd.cast.event_id, "ticket_id": one.id, "person_id": expert.id,
                        "kind": AlertKind.READY, "channel": channel, "occasion": "1", "created_at": moment,
                        "due_at": moment, "expires_at": moment + timedelta(minutes=minutes),
                    }
                    for one in waiting
                ],
            )  # fmt: skip

    def clear(self) -> None:
        """Forget every alert and what reached anybody; the tickets are resolved."""
        with self.app.app_context(), transaction() as session:
            session.query(Alert).delete()
            session.execute(
                update(Ticket).values(
                    kind="closed", closed_at=clock.now(), status_id=self.crowd.cast.statuses["resolved"]
                )
            )
        self.twilio.delivered.clear()
        self.twilio.accepted.clear()
        self.twilio.requests.clear()
        self.twilio.always = None
        self.mail.received.clear()
        self.mail.always.clear()

    def leases_run_out(self) -> None:
        """Let the time of every lease be over (its worker is dead, nobody waits for it)."""
        with self.app.app_context(), transaction() as session:
            session.execute(
                update(Alert)
                .where(Alert.state == AlertState.SENDING)
                .values(lease_until=clock.now() - timedelta(seconds=1))
            )

    def due_now(self) -> None:
        """Let every pause between two tries be over; the time to live stays as it is."""
        with self.app.app_context(), transaction() as session:
            session.execute(
                update(Alert).where(Alert.state == AlertState.PENDING).values(due_at=clock.now() - timedelta(seconds=1))
            )

    def time_passes(self, **length: float) -> None:
        """Let every alert be that much older (the clock of a database cannot be moved)."""
        by = timedelta(**length)
        with self.app.app_context(), transaction() as session:
            for alert in session.scalars(select(Alert).where(Alert.state.not_in(FINAL))):
                alert.due_at -= by
                alert.expires_at = alert.expires_at - by if alert.expires_at else None

    def open_alerts(self) -> int:
        """Return how many alerts are in no final state."""
        with self.app.app_context():
            return len(db.session.scalars(select(Alert.id).where(Alert.state.not_in(FINAL))).all())

    def accepted(self) -> Counter[str]:
        """Return how often a provider accepted something for each number and address."""
        texts = Counter(text.to for text in self.twilio.delivered)
        return texts + Counter(address for mail in self.mail.received for address in mail.recipients)

    def judge(self) -> Verdict:
        """Compare the outbox with what the providers accepted."""
        truth = self.accepted()
        with self.app.app_context():
            rows = db.session.execute(
                select(Alert.state, Alert.possible_duplicate, Alert.channel, Ticket.phone, Ticket.email).join(
                    Ticket, Ticket.id == Alert.ticket_id
                )
            ).all()
        lost = silent = doubled = 0
        for row in rows:
            times = truth[row.phone if row.channel is Channel.TEXT else row.email]
            lost += row.state not in FINAL or (row.state in SAID_TO_BE_THERE and times == 0)
            doubled += times > 1
            silent += times > 1 and not row.possible_duplicate and row.state is not AlertState.NEEDS_REVIEW
        return Verdict(
            alerts=len(rows), accepted=truth.total(), lost=lost, doubled_in_silence=silent, doubled=doubled,
            possible_duplicates=sum(row.possible_duplicate for row in rows),
            needs_review=sum(row.state is AlertState.NEEDS_REVIEW for row in rows),
            states=Counter(row.state.value for row in rows),
        )  # fmt: skip


def phone_of(number: int) -> str:
    """Return a number of its own for each ticket."""
    return f"+1415{5_000_000 + number}"


@contextmanager
def fault_desk(name: str, server: Postgres | None) -> Iterator[Desk]:
    """Yield a desk on a new PostgreSQL database of this server, or on a new SQLite file without one."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = server.new_database() if server else f"sqlite:///{folder / 'checkin.sqlite3'}"
        if server:
            stack.callback(server.drop_database, url)
        make_tables(url, folder)
        settings = Settings(database_url=url, secret_key=SECRET_KEY, instance_folder=folder, worker_inside=False)
        app = create_app(settings)
        stack.callback(close, app)
        twilio = stack.enter_context(FakeTwilio())
        mail = stack.enter_context(fake_smtp())
        yield Desk(name, app, crowd_of(app, teams=1, experts=2), settings, twilio, mail)
