"""The floor of a desk that anything may happen to: the real one, the model, and how a move is tried on both."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
)
from sqlalchemy import delete, select

from checkin import clock
from checkin.alerts.surveys import contents_of
from checkin.db import Base, db
from checkin.models import Alert, AlertKind, AlertState, Ticket
from checkin.queueing.checking_in import check_in
from checkin.queueing.duplicates import Duplicate
from checkin.queueing.errors import QueueingError
from tests.cast import Cast, Someone, cast_of, details
from tests.queueing.machine.model import MEMBERS, TAKES_NOBODY_NEW, TEAM_OF, Model, Undo, kept, was_asked_lately
from tests.queueing.moves import has_left, time_passed

PEOPLE = st.sampled_from(sorted(MEMBERS))
# Most moves are tried by somebody who may: the ticket's owner, or Olga where it has none.
SOMEBODY = st.sampled_from([*["who may"] * 12, *sorted(MEMBERS)])
THEIR_QUEUES = st.sampled_from([(name, team) for name, teams in MEMBERS.items() for team in teams])
TEAMS = st.sampled_from(sorted(TEAM_OF.values()))
LEADS = st.sampled_from(["lena", "olga", "olga", "emil"])


class Floor(RuleBasedStateMachine):
    """The real desk and the model; the rules and what has to hold come from the classes that stand on it."""

    app: Flask
    cast: Cast

    @initialize(
        limit=st.sampled_from([0, 1, 2]), crowd=st.lists(st.sampled_from(sorted(TEAM_OF)), min_size=2, max_size=6)
    )
    def open_the_desk(self, limit: int, crowd: list[str]) -> None:
        with self.app.app_context():
            db.session.remove()
            with db.engines[None].begin() as connection:
                for table in reversed(Base.metadata.sorted_tables):
                    connection.execute(delete(table))
        type(self).cast = cast_of(self.app, tickets_in_hand=limit, allow_urgent=True, feedback_once_hours=1)
        self.limit = limit
        self.tickets: list[Model] = []
        self.clicks: dict[tuple[str, str], str] = {}
        self.away: set[str] = set()
        self.queues = dict.fromkeys(TEAM_OF.values(), "open")
        self.seen: dict[str, tuple[Any, ...]] = {}
        for product in crowd:
            self.check_in(product)

    def id_of(self, name: str) -> int:
        someone: Someone = getattr(self.cast, name)
        return someone.id

    def has_free_hand(self, name: str) -> bool:
        in_hand = sum(one.owner == name and one.kind == "open" for one in self.tickets)
        return self.limit == 0 or in_hand < self.limit

    def leads(self, name: str, team: str) -> bool:
        return name == "olga" or (name == "lena" and team == "STQ")

    def may_change(self, name: str, ticket: Model) -> bool:
        return name == ticket.owner or self.leads(name, ticket.team)

    def has(self, *standings: str) -> bool:
        return any(one.standing in standings for one in self.tickets)

    def drawn(self, data: st.DataObject, name: str, *standings: str) -> tuple[Model, str]:
        """Return a ticket, if there is one rather one that stands so, and who tries to do something to it."""
        fitting = [one for one in self.tickets if one.standing in standings]
        often = [*fitting, *fitting, *fitting] or self.tickets
        ticket = data.draw(st.sampled_from([*self.tickets, *often]))
        return ticket, (ticket.owner or "olga") if name == "who may" else name

    def does(self, ticket: Model, move: Callable[..., object], name: str, expected: str, **more: Any) -> bool:
        """Make the move on an old page, where nothing happens, then on a fresh one; tell whether it was made."""
        given = {"event_id": self.cast.event_id, "by": self.id_of(name), **more}
        if expected == "ok":
            with self.answering("ticket_changed"), self.cast.writing() as session:
                move(session, ticket.key, version=ticket.version - 1, **given)
        with self.answering(expected), self.cast.writing() as session:
            move(session, ticket.key, version=ticket.version, **given)
        return expected == "ok"

    @contextmanager
    def answering(self, expected: str) -> Iterator[None]:
        answer = "ok"
        try:
            yield
        except QueueingError as refusal:
            answer = refusal.code
        assert answer == expected

    def check_in(self, product: str, urgent: str = "", email: str | None = "c") -> None:
        number, team = len(self.tickets) + 1, TEAM_OF[product]
        given = details(
            self.cast, product, urgent_reason=urgent, phone=None if number % 3 else "+14155552671",
            email=email and f"{email}{number % 4}@example.org",
        )  # fmt: skip
        expected = "queue_closed" if self.queues[team] in TAKES_NOBODY_NEW else "ok"
        with self.answering(expected), self.cast.writing() as session:
            made = check_in(
                session, given, event_id=self.cast.event_id, by=self.cast.vera.id, duplicate=Duplicate.AGAIN
            )
            assert made.key == f"{team}-{number}"
        if expected == "ok":
            self.tickets.append(Model(f"{team}-{number}", team, product, urgent, given))

    @precondition(lambda self: self.tickets)
    @rule()
    def a_long_time_passes(self) -> None:
        time_passed(self.cast, hours=2)
        self.seen = {}
        for ticket in self.tickets:
            ticket.held_back = ticket.called_lately = False
            for one in ticket.told:
                one.is_old = True
            if ticket.undo:
                ticket.undo.is_old = True

    @precondition(lambda self: any(one.state == "pending" for ticket in self.tickets for one in ticket.told))
    @rule(data=st.data())
    def what_waits_is_sent(self, data: st.DataObject) -> None:
        ticket = data.draw(st.sampled_from(self.tickets))
        self.a_worker_looks_at_the_feedback(ticket)
        has_left(self.cast, ticket.key)
        for one in ticket.told:
            one.state = "sent" if one.state == "pending" else one.state

    def a_worker_looks_at_the_feedback(self, ticket: Model) -> None:
        """Decide what the email carries: one survey of a ticket ever, none soon after another of the same customer."""
        for one in ticket.feedback("pending"):
            one.asks = not was_asked_lately(self.tickets, ticket)
            one.state = "pending" if one.asks else "cancelled"
        with self.cast.writing() as session:
            row = session.scalars(select(Ticket).where(Ticket.key == ticket.key)).one()
            waiting = (Alert.ticket_id == row.id, Alert.kind == AlertKind.FEEDBACK, Alert.state == AlertState.PENDING)
            for alert in session.scalars(select(Alert).where(*waiting)):
                contents = contents_of(session, alert, row, moment=clock.now())
                alert.asked_at = clock.now() if contents.has_survey else None
                alert.state = AlertState.PENDING if contents.has_survey else AlertState.CANCELLED

    def set_status(self, ticket: Model, to: str, before: Model, *, by: str | None) -> None:
        ticket.status = to
        ticket.changed("status")
        ticket.stand_at(to, before.status, by=by)
        ticket.undo = Undo(by, ticket.version, before) if by else None

    def let_wait(self, ticket: Model, team: str, product: str, *, by: str) -> None:
        before = kept(ticket)
        ticket.changed("hand_over")
        ticket.withdraw("ready")
        ticket.release()
        ticket.status, ticket.team, ticket.product = "open", team, product
        ticket.undo = Undo(by, ticket.version, before)
