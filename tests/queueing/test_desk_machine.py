"""A desk that anything may happen to, in any order, beside a model of it in plain lists (hypothesis).

After each step the tickets, the places, the history and the alerts have to be what the model says.
"""

import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete, select

from checkin import clock
from checkin.config import Settings
from checkin.db import Base, db
from checkin.models import Alert, AlertKind, Survey, Take, Ticket, TicketChange
from checkin.queueing.checking_in import CheckInDetails, check_in
from checkin.queueing.duplicates import Duplicate
from checkin.queueing.errors import QueueingError
from checkin.queueing.moving import put_back
from checkin.queueing.places import places
from checkin.queueing.taking import take_next
from checkin.queueing.transitions import change_status
from tests.cast import STATUSES, Cast, Someone, cast_of, details
from tests.support.databases import SECRET_KEY, close, rules_app

TEAM_OF = {"Stats iQ": "STQ", "360": "T60", "API": "API"}
MEMBERS = {"emil": {"STQ", "T60"}, "tove": {"API"}, "lena": {"STQ"}, "vera": set(), "olga": set()}
KINDS = {code.value: kind.value for code, _, kind in STATUSES}
PEOPLE = st.sampled_from(sorted(MEMBERS))


@dataclass
class Model:
    """What the model knows of a ticket."""

    key: str
    team: str
    urgent: bool
    submission: CheckInDetails
    status: str = "open"
    owner: str | None = None
    takes: int = 0
    version: int = 1
    changes: list[str] = field(default_factory=lambda: ["check_in"])
    ready: set[tuple[str, str]] = field(default_factory=set)
    asked: bool = False

    @property
    def kind(self) -> str:
        return KINDS[self.status]

    @property
    def waits(self) -> bool:
        return self.kind == "open" and self.owner is None


class Desk(RuleBasedStateMachine):
    """Vera checks in, experts take, put back and move tickets, and everybody presses buttons that are not for them."""

    app: Flask
    cast: Cast

    @initialize(limit=st.sampled_from([0, 1, 2]))
    def open_the_desk(self, limit: int) -> None:
        with self.app.app_context():
            db.session.remove()
            with db.engines[None].begin() as connection:
                for table in reversed(Base.metadata.sorted_tables):
                    connection.execute(delete(table))
        type(self).cast = cast_of(self.app, tickets_in_hand=limit, allow_urgent=True)
        self.limit = limit
        self.tickets: list[Model] = []
        self.clicks: dict[tuple[str, str], str] = {}

    def person(self, name: str) -> Someone:
        someone: Someone = getattr(self.cast, name)
        return someone

    def queue(self, team: str) -> list[Model]:
        waiting = [one for one in self.tickets if one.team == team and one.waits]
        return sorted(waiting, key=lambda one: (not one.urgent, self.tickets.index(one)))

    def in_hand(self, name: str) -> int:
        return sum(one.owner == name and one.kind == "open" for one in self.tickets)

    def has_free_hand(self, name: str) -> bool:
        return self.limit == 0 or self.in_hand(name) < self.limit

    def may_change(self, name: str, ticket: Model) -> bool:
        return name in {ticket.owner, "olga"} or (name == "lena" and ticket.team == "STQ")

    @rule(
        product=st.sampled_from(sorted(TEAM_OF)),
        urgent=st.sampled_from(["", "flight"]),
        email=st.sampled_from([None, "c"]),
    )
    def vera_checks_somebody_in(self, product: str, urgent: str, email: str | None) -> None:
        number = len(self.tickets) + 1
        given = details(
            self.cast, product, urgent_reason=urgent, phone=None if number % 3 else "+14155552671",
            email=email and f"{email}{number % 4}@example.org",
        )  # fmt: skip
        with self.cast.writing() as session:
            made = check_in(
                session, given, event_id=self.cast.event_id, by=self.cast.vera.id, duplicate=Duplicate.AGAIN
            )
        team = TEAM_OF[product]
        assert made.key == f"{team}-{number}"
        self.tickets.append(Model(made.key, team, bool(urgent), given))

    @rule(data=st.data())
    def vera_presses_the_button_again(self, data: st.DataObject) -> None:
        if not self.tickets:
            return
        ticket = data.draw(st.sampled_from(self.tickets))
        with self.cast.writing() as session:
            made = check_in(session, ticket.submission, event_id=self.cast.event_id, by=self.cast.vera.id)
        assert (made.key, made.differs) == (ticket.key, False)

    @rule(
        name=PEOPLE, team=st.sampled_from(["STQ", "T60", "API"]), click=st.sampled_from(["new", "new", "new", "a", "b"])
    )
    def somebody_takes(self, name: str, team: str, click: str) -> None:
        click = str(uuid.uuid4()) if click == "new" else click
        expected = self._expected_take(name, team, click)
        answer = "?"
        try:
            with self.cast.writing() as session:
                answer = take_next(
                    session,
                    event_id=self.cast.event_id,
                    team_code=team,
                    expert_id=self.person(name).id,
                    request_key=click,
                ).key
        except QueueingError as refusal:
            answer = refusal.code
        assert answer == expected
        taken = next((one for one in self.queue(team) if one.key == answer), None)
        if taken is not None and (name, click) not in self.clicks:
            self.clicks[name, click] = answer
            taken.owner, taken.takes, taken.version = name, taken.takes + 1, taken.version + 1
            taken.changes.append("take")
            channels = [("text", taken.submission.phone), ("email", taken.submission.email)]
            taken.ready |= {(str(taken.takes), channel) for channel, address in channels if address}

    def _expected_take(self, name: str, team: str, click: str) -> str:
        if (name, click) in self.clicks:
            return self.clicks[name, click]
        if team not in MEMBERS[name]:
            return "not_your_team"
        if not self.has_free_hand(name):
            return "hands_full"
        queue = self.queue(team)
        return queue[0].key if queue else "queue_empty"

    @rule(data=st.data(), name=PEOPLE, tab=st.sampled_from(["fresh", "fresh", "old"]))
    def somebody_puts_back(self, data: st.DataObject, name: str, tab: str) -> None:
        if not self.tickets:
            return
        ticket = data.draw(st.sampled_from(self.tickets))
        expected = "ok"
        if tab == "old":
            expected = "ticket_changed"
        elif not self.may_change(name, ticket):
            expected = "not_your_ticket"
        elif ticket.owner is None or ticket.kind != "open":
            expected = "not_in_hand"
        with self._answering(expected), self.cast.writing() as session:
            put_back(
                session, ticket.key, event_id=self.cast.event_id, by=self.person(name).id,
                version=ticket.version - (tab == "old"),
            )  # fmt: skip
        if expected == "ok":
            ticket.owner, ticket.version = None, ticket.version + 1
            ticket.changes.append("put_back")

    @rule(data=st.data(), name=PEOPLE, to=st.sampled_from(sorted(KINDS)))
    def somebody_moves_a_ticket(self, data: st.DataObject, name: str, to: str) -> None:
        if not self.tickets:
            return
        ticket = data.draw(st.sampled_from(self.tickets))
        expected = self._expected_move(name, ticket, to)
        with self._answering(expected), self.cast.writing() as session:
            change_status(
                session, ticket.key, event_id=self.cast.event_id, to=to, by=self.person(name).id, version=ticket.version
            )
        if expected != "ok":
            return
        if KINDS[to] == "open" and ticket.kind != "open" and ticket.owner is None:
            ticket.owner, ticket.takes = name, ticket.takes + 1
        ticket.status, ticket.version = to, ticket.version + 1
        ticket.changes.append("status")
        ticket.asked = ticket.asked or to == "resolved"

    def _expected_move(self, name: str, ticket: Model, to: str) -> str:
        if not self.may_change(name, ticket):
            return "not_your_ticket"
        never = to == ticket.status
        unserved = to in {"resolved", "no_show"} and ticket.waits
        too_late = to == "no_show" and ticket.kind != "open"
        again = to == "resolved" and ticket.kind == "closed"
        if never or unserved or too_late or again:
            return "move_not_allowed"
        opens = KINDS[to] == "open" and ticket.kind != "open"
        return "hands_full" if opens and not self.has_free_hand(ticket.owner or name) else "ok"

    @contextmanager
    def _answering(self, expected: str) -> Iterator[None]:
        answer = "ok"
        try:
            yield
        except QueueingError as refusal:
            answer = refusal.code
        assert answer == expected

    @invariant()
    def the_tickets_are_what_the_model_says(self) -> None:
        names = {self.person(name).id: name for name in MEMBERS}
        codes = {number: code for code, number in self.cast.statuses.items()}
        rows = self.cast.all(select(Ticket).order_by(Ticket.number))
        found = [
            (row.key, codes[row.status_id], row.kind.value, names.get(row.owner_id or 0), row.take_number, row.version)
            for row in rows
        ]
        assert found == [(one.key, one.status, one.kind, one.owner, one.takes, one.version) for one in self.tickets]
        for row in rows:
            assert row.queued_at <= row.updated_at
            assert row.taken_at is None or row.queued_at < row.taken_at
            assert (row.closed_at is None) == (row.kind.value != "closed")

    @invariant()
    def the_places_are_those_of_the_models_queues(self) -> None:
        with self.app.app_context():
            found = places(db.session(), event_id=self.cast.event_id, moment=clock.now())
        keys = {row.id: row.key for row in self.cast.all(select(Ticket))}
        wanted = {one.key: place for team in TEAM_OF.values() for place, one in enumerate(self.queue(team), 1)}
        assert {keys[number]: place for number, place in found.items()} == wanted

    @invariant()
    def every_change_has_one_row_of_history_in_its_order(self) -> None:
        keys = {row.id: row.key for row in self.cast.all(select(Ticket))}
        history: dict[str, list[str]] = {one.key: [] for one in self.tickets}
        moments = []
        for change in self.cast.all(select(TicketChange).order_by(TicketChange.id)):
            history[keys[change.ticket_id]].append(change.action.value)
            moments.append(change.at)
        assert history == {one.key: one.changes for one in self.tickets}
        assert moments == sorted(moments)

    @invariant()
    def every_take_alerts_once_on_each_channel_and_a_customer_is_asked_once(self) -> None:
        keys = {row.id: row.key for row in self.cast.all(select(Ticket))}
        alerts = self.cast.all(select(Alert))
        ready = Counter(
            (keys[one.ticket_id or 0], one.occasion, one.channel.value) for one in alerts if one.kind is AlertKind.READY
        )
        assert ready == Counter((one.key, *alert) for one in self.tickets for alert in one.ready)
        live = Counter(
            keys[one.ticket_id or 0] for one in alerts if one.kind is AlertKind.FEEDBACK and one.state != "cancelled"
        )
        for ticket in self.tickets:
            assert live[ticket.key] == (ticket.status == "resolved" and ticket.submission.email is not None)
        assert {keys[one.ticket_id] for one in self.cast.all(select(Survey))} == {
            one.key for one in self.tickets if one.asked
        }

    @invariant()
    def every_click_is_kept_once(self) -> None:
        names = {self.person(name).id: name for name in MEMBERS}
        keys = {row.id: row.key for row in self.cast.all(select(Ticket))}
        takes = {(names[row.person_id], row.request_key): keys[row.ticket_id] for row in self.cast.all(select(Take))}
        assert takes == self.clicks


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_whatever_happens_the_desk_stays_what_the_model_says(database_url: str, tmp_path: Path) -> None:
    app = rules_app(Settings(database_url=database_url, secret_key=SECRET_KEY, instance_folder=tmp_path))
    machine = type("DeskHere", (Desk,), {"app": app})
    try:
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=20, stateful_step_count=25, deadline=None, database=None,
                suppress_health_check=list(HealthCheck), print_blob=True,
            ),
        )  # fmt: skip
    finally:
        close(app)
