"""A desk that anything may happen to, in any order, beside a model of it in plain lists (hypothesis).

After each step the tickets, the places, the history and the alerts have to be what the model says.
"""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, select

from checkin import clock
from checkin.alerts.outbox import take_of
from checkin.config import Settings
from checkin.db import Base, db
from checkin.models import Alert, AlertKind, Presence, QueueState, Survey, Take, Ticket, TicketChange
from checkin.queueing import calling, undoing
from checkin.queueing.calling import call_again, mark_here
from checkin.queueing.checking_in import check_in
from checkin.queueing.closing import Waiting, set_queue_state, settle_waiting
from checkin.queueing.customer_moves import leave_queue, more_time, on_my_way
from checkin.queueing.duplicates import Duplicate
from checkin.queueing.errors import QueueingError
from checkin.queueing.escalating import escalate
from checkin.queueing.handing_over import hand_over_to_person, hand_over_to_product, hand_over_to_team
from checkin.queueing.leaving import bring_back, cancel
from checkin.queueing.moving import put_back
from checkin.queueing.places import places
from checkin.queueing.presence import set_presence
from checkin.queueing.taking import take_next
from checkin.queueing.transitions import change_status
from checkin.queueing.undoing import undo
from checkin.queueing.urgency import make_normal, make_urgent
from tests.cast import Cast, Someone, cast_of, details
from tests.queueing.desk_model import KINDS, MEMBERS, TAKES_NOBODY_NEW, TEAM_OF, Model, Undo, kept, queue_of
from tests.queueing.moves import has_left, time_passed
from tests.support.databases import SECRET_KEY, close, rules_app

PEOPLE = st.sampled_from(sorted(MEMBERS))
# Most moves are tried by somebody who may: the ticket's owner, or Olga where it has none.
SOMEBODY = st.sampled_from([*sorted(MEMBERS), "who may", "who may", "who may", "who may"])
THEIR_QUEUES = st.sampled_from([(name, team) for name, teams in MEMBERS.items() for team in teams])
TEAMS = st.sampled_from(sorted(TEAM_OF.values()))
A_WHILE = timedelta(hours=1)
NO_VERSION = {"note", "on_the_way", "more_time"}


class Desk(RuleBasedStateMachine):
    """Vera checks in, experts take and move tickets, and everybody presses buttons that are not for them."""

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
        type(self).cast = cast_of(self.app, tickets_in_hand=limit, allow_urgent=True)
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
            with self._answering("ticket_changed"), self.cast.writing() as session:
                move(session, ticket.key, version=ticket.version - 1, **given)
        with self._answering(expected), self.cast.writing() as session:
            move(session, ticket.key, version=ticket.version, **given)
        return expected == "ok"

    @contextmanager
    def _answering(self, expected: str) -> Iterator[None]:
        answer = "ok"
        try:
            yield
        except QueueingError as refusal:
            answer = refusal.code
        assert answer == expected

    @rule(
        product=st.sampled_from(sorted(TEAM_OF)),
        urgent=st.sampled_from(["", "", "flight"]),
        email=st.sampled_from([None, "c"]),
    )
    def vera_checks_somebody_in(self, product: str, urgent: str, email: str | None) -> None:
        self.check_in(product, urgent, email)

    def check_in(self, product: str, urgent: str = "", email: str | None = "c") -> None:
        number, team = len(self.tickets) + 1, TEAM_OF[product]
        given = details(
            self.cast, product, urgent_reason=urgent, phone=None if number % 3 else "+14155552671",
            email=email and f"{email}{number % 4}@example.org",
        )  # fmt: skip
        expected = "queue_closed" if self.queues[team] in TAKES_NOBODY_NEW else "ok"
        with self._answering(expected), self.cast.writing() as session:
            made = check_in(
                session, given, event_id=self.cast.event_id, by=self.cast.vera.id, duplicate=Duplicate.AGAIN
            )
            assert made.key == f"{team}-{number}"
        if expected == "ok":
            self.tickets.append(Model(f"{team}-{number}", team, product, urgent, given))

    @precondition(lambda self: self.tickets)
    @rule(data=st.data())
    def vera_presses_the_button_again(self, data: st.DataObject) -> None:
        ticket = data.draw(st.sampled_from(self.tickets))
        with self.cast.writing() as session:
            made = check_in(session, ticket.submission, event_id=self.cast.event_id, by=self.cast.vera.id)
        assert (made.key, made.differs) == (ticket.key, False)

    @rule(who=THEIR_QUEUES)
    def an_expert_takes(self, who: tuple[str, str]) -> None:
        self.take(*who, "new")

    @rule(who=THEIR_QUEUES, click=st.sampled_from(["new", "a", "b"]))
    def an_expert_takes_or_clicks_again(self, who: tuple[str, str], click: str) -> None:
        self.take(*who, click)

    @rule(name=PEOPLE, team=TEAMS)
    def somebody_tries_to_take(self, name: str, team: str) -> None:
        self.take(name, team, "new")

    def take(self, name: str, team: str, click: str) -> None:
        click = str(uuid.uuid4()) if click == "new" else click
        expected = self._expected_take(name, team, click)
        answer = "?"
        try:
            with self.cast.writing() as session:
                answer = take_next(
                    session, event_id=self.cast.event_id, team_code=team, expert_id=self.id_of(name), request_key=click
                ).key
        except QueueingError as refusal:
            answer = refusal.code
        assert answer == expected
        taken = next((one for one in queue_of(self.tickets, team) if one.key == answer), None)
        if taken is not None and (name, click) not in self.clicks:
            self.clicks[name, click] = answer
            taken.give(name)
            taken.changed("take")
            taken.tell("ready")

    def _expected_take(self, name: str, team: str, click: str) -> str:
        if (name, click) in self.clicks:
            return self.clicks[name, click]
        if team not in MEMBERS[name]:
            return "not_your_team"
        if name in self.away:
            return "away"
        if self.queues[team] in {"paused", "closed"}:
            return f"queue_{self.queues[team]}"
        if not self.has_free_hand(name):
            return "hands_full"
        queue = queue_of(self.tickets, team)
        return queue[0].key if queue else "queue_empty"

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), name=SOMEBODY)
    def somebody_puts_back(self, data: st.DataObject, name: str) -> None:
        ticket, name = self.drawn(data, name, "called", "helped")
        expected = "ok"
        if not self.may_change(name, ticket):
            expected = "not_your_ticket"
        elif ticket.standing not in {"called", "helped"}:
            expected = "not_in_hand"
        if self.does(ticket, put_back, name, expected):
            ticket.changed("put_back")
            ticket.withdraw("ready")
            ticket.tell("please_wait", among=ticket.calls_that_left())
            ticket.release()

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), name=SOMEBODY, to=st.sampled_from(sorted(KINDS)))
    def somebody_moves_a_ticket(self, data: st.DataObject, name: str, to: str) -> None:
        ticket, name = self.drawn(data, name, "called", "helped", "on_hold", "closed")
        if self.does(ticket, change_status, name, self._expected_status(name, ticket, to), to=to):
            before = kept(ticket)
            if KINDS[to] == "open" and ticket.kind != "open":
                self._open_again(ticket, name)
            self._set_status(ticket, to, before, by=name)

    def _expected_status(self, name: str, ticket: Model, to: str) -> str:
        if not self.may_change(name, ticket):
            return "not_your_ticket"
        never = {
            "waiting": {"resolved", "no_show"}, "called": set(), "helped": set(), "on_hold": {"no_show"},
            "closed": {"resolved", "no_show", "cancelled"},
        }  # fmt: skip
        if to == ticket.status or to in never[ticket.standing]:
            return "move_not_allowed"
        opens = KINDS[to] == "open" and ticket.kind != "open"
        return "hands_full" if opens and not self.has_free_hand(ticket.owner or name) else "ok"

    def _open_again(self, ticket: Model, name: str) -> None:
        if ticket.owner is None:
            ticket.give(name)
        elif ticket.kind == "on_hold":
            ticket.has_come = ticket.is_coming = False

    def _set_status(self, ticket: Model, to: str, before: Model, *, by: str | None) -> None:
        ticket.status = to
        ticket.changed("status")
        ticket.stand_at(to, before.status, by=by)
        ticket.undo = Undo(by, ticket.version, before) if by else None

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), name=SOMEBODY, to=st.sampled_from(["the lead", "the lead", *TEAM_OF.values(), *MEMBERS]))
    def somebody_escalates(self, data: st.DataObject, name: str, to: str) -> None:
        ticket, name = self.drawn(data, name, "called", "helped")
        above = "lena" if ticket.team == "STQ" and name != "lena" else "olga" if name != "olga" else None
        whom = {"the lead": above}.get(to, to if to in MEMBERS else None)
        expected = self._expected_status(name, ticket, "escalated")
        if expected == "ok" and to == "the lead" and above is None:
            expected = "nobody_to_escalate_to"
        elif expected == "ok" and to == "vera":
            expected = "no_team"
        where: dict[str, Any] = {"person_id": self.id_of(to)} if to in MEMBERS else {}
        where |= {"team_code": to} if to in TEAM_OF.values() else {}
        if self.does(ticket, escalate, name, expected, **where):
            before = kept(ticket)
            if whom is None:
                ticket.release()
                ticket.team = to
            elif whom != ticket.owner:
                ticket.give(whom)
            self._set_status(ticket, "escalated", before, by=name)

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), name=SOMEBODY)
    def somebody_cancels(self, data: st.DataObject, name: str) -> None:
        ticket, name = self.drawn(data, name, "waiting", "called")
        expected = "ok"
        if not (self.may_change(name, ticket) or name == "vera"):
            expected = "not_your_ticket"
        elif ticket.kind == "closed":
            expected = "move_not_allowed"
        if self.does(ticket, cancel, name, expected):
            self._set_status(ticket, "cancelled", kept(ticket), by=name)

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), name=SOMEBODY)
    def somebody_brings_back(self, data: st.DataObject, name: str) -> None:
        ticket, name = self.drawn(data, name, "closed")
        expected = "ok"
        if not (self.may_change(name, ticket) or name == "vera"):
            expected = "not_your_ticket"
        elif ticket.status not in {"no_show", "cancelled"}:
            expected = "not_gone"
        elif self._closed_on(ticket) != clock.now().date():
            expected = "day_over"
        elif self.queues[ticket.team] == "closed":
            expected = "queue_closed"
        if self.does(ticket, bring_back, name, expected):
            was, ticket.status = ticket.status, "open"
            ticket.release()
            ticket.held_back = False
            ticket.changed("bring_back")
            ticket.withdraw({"no_show": "missed"}.get(was, was))

    def _closed_on(self, ticket: Model) -> object:
        closed_at = self.cast.ticket(ticket.key).closed_at
        return closed_at and closed_at.date()

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), name=SOMEBODY)
    def somebody_calls_again(self, data: st.DataObject, name: str) -> None:
        ticket, name = self.drawn(data, name, "called")
        expected = self._expected_of_called(name, ticket)
        if expected == "ok" and ticket.was_called_lately():
            expected = "called_already"
        if self.does(ticket, call_again, name, expected):
            ticket.changed("call")
            ticket.withdraw("ready")
            ticket.calls += 1
            ticket.called_lately = True
            ticket.tell("ready")

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), name=SOMEBODY)
    def somebody_greets(self, data: st.DataObject, name: str) -> None:
        ticket, name = self.drawn(data, name, "called")
        if self.does(ticket, mark_here, name, self._expected_of_called(name, ticket)):
            ticket.changed("arrived")
            ticket.has_come = True
            ticket.withdraw("ready")

    def _expected_of_called(self, name: str, ticket: Model) -> str:
        if not self.may_change(name, ticket):
            return "not_your_ticket"
        return "ok" if ticket.standing == "called" else "nobody_expected"

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), name=SOMEBODY, to=st.sampled_from([*TEAM_OF, *TEAM_OF.values()]))
    def somebody_hands_over_to_a_queue(self, data: st.DataObject, name: str, to: str) -> None:
        ticket, name = self.drawn(data, name, "waiting", "called", "helped", "on_hold")
        team = TEAM_OF.get(to, to)
        product = to if to in TEAM_OF else ticket.product
        expected = self._expected_hand_over(name, ticket)
        if expected == "ok" and (ticket.team, ticket.product, ticket.standing) == (team, product, "waiting"):
            expected = "same_place"
        elif expected == "ok" and not self._takes(ticket, team):
            expected = "queue_closed"
        move = hand_over_to_product if to in TEAM_OF else hand_over_to_team
        where = {"product_id": self.cast.products[product]} if to in TEAM_OF else {"team_code": team}
        if self.does(ticket, move, name, expected, **where):
            self._let_wait(ticket, team, product, by=name)

    def _expected_hand_over(self, name: str, ticket: Model) -> str:
        if not self.may_change(name, ticket):
            return "not_your_ticket"
        return "move_not_allowed" if ticket.kind == "closed" else "ok"

    def _takes(self, ticket: Model, team: str) -> bool:
        there_already = ticket.team == team and ticket.kind == "open"
        return there_already or self.queues[team] not in TAKES_NOBODY_NEW

    def _let_wait(self, ticket: Model, team: str, product: str, *, by: str) -> None:
        before = kept(ticket)
        ticket.changed("hand_over")
        ticket.withdraw("ready")
        ticket.release()
        ticket.status, ticket.team, ticket.product = "open", team, product
        ticket.undo = Undo(by, ticket.version, before)

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), name=SOMEBODY, to=st.sampled_from(["emil", "emil", "tove", "lena", "lena", "vera", "olga"]))
    def somebody_hands_over_to_a_person(self, data: st.DataObject, name: str, to: str) -> None:
        ticket, name = self.drawn(data, name, "waiting", "called", "helped", "on_hold")
        team, expected = self._expected_for_person(name, ticket, to)
        if self.does(ticket, hand_over_to_person, name, expected, person_id=self.id_of(to)):
            before = kept(ticket)
            ticket.changed("hand_over")
            ticket.withdraw("ready")
            ticket.status, ticket.team = "open", team
            ticket.give(to)
            ticket.tell("ready")
            ticket.undo = Undo(name, ticket.version, before)

    def _expected_for_person(self, name: str, ticket: Model, to: str) -> tuple[str, str]:
        theirs = MEMBERS[to]
        if not theirs:
            return "", "no_team"
        expected = self._expected_hand_over(name, ticket)
        teams = [ticket.team] if ticket.team in theirs else [one for one in theirs if self._takes(ticket, one)]
        if expected == "ok" and not teams:
            expected = "queue_closed"
        elif expected == "ok" and (ticket.owner, ticket.kind) == (to, "open"):
            expected = "same_place"
        elif expected == "ok" and to in self.away:
            expected = "away"
        elif expected == "ok" and not self.has_free_hand(to):
            expected = "hands_full"
        return teams[0] if teams else "", expected

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), name=SOMEBODY)
    def somebody_undoes(self, data: st.DataObject, name: str) -> None:
        fresh = [one for one in self.tickets if one.undo is not None and one.undo.version == one.version]
        ticket = data.draw(st.sampled_from([*self.tickets, *fresh, *fresh, *fresh]))
        name = (ticket.undo.by if ticket.undo else "olga") if name == "who may" else name
        history = [one.id for one in self.cast.changes(ticket.key) if one.action.value in {"status", "hand_over"}]
        expected = self._expected_undo(name, ticket)
        with self._answering(expected), self.cast.writing() as session:
            undo(
                session, ticket.key, event_id=self.cast.event_id, by=self.id_of(name),
                change_id=history[-1] if history else 0,
            )  # fmt: skip
        if expected == "ok":
            ticket.take_back()

    def _expected_undo(self, name: str, ticket: Model) -> str:
        if ticket.undo is None or not ticket.can_be_undone_by(name):
            return "too_late_to_undo"
        then = ticket.undo.kept
        has_it = (ticket.owner, ticket.kind) == (then.owner, "open")
        if then.owner and then.kind == "open" and not has_it and not self.has_free_hand(then.owner):
            return "hands_full"
        left = any(one.made == ticket.version and one.state == "sent" for one in ticket.told)
        return "too_late_to_undo" if left else "ok"

    @precondition(lambda self: self.tickets)
    @rule(
        data=st.data(), name=st.sampled_from(["lena", "olga", "olga", "emil"]), reason=st.sampled_from(["", "a train"])
    )
    def somebody_decides_who_is_urgent(self, data: st.DataObject, name: str, reason: str) -> None:
        ticket, name = self.drawn(data, name, "waiting")
        expected = "ok"
        if not self.leads(name, ticket.team):
            expected = "not_your_queue"
        elif ticket.kind == "closed":
            expected = "ticket_closed"
        elif ticket.urgent == reason:
            expected = "nothing_changed"
        move, more = (make_urgent, {"reason": reason}) if reason else (make_normal, {})
        if self.does(ticket, move, name, expected, **more):
            ticket.urgent = reason
            ticket.changed("urgent")

    @rule(name=st.sampled_from(["emil", "tove", "lena"]), to=st.sampled_from(["available"] * 5 + ["on_break", "off"]))
    def somebody_comes_or_goes(self, name: str, to: str) -> None:
        with self.cast.writing() as session:
            set_presence(session, event_id=self.cast.event_id, person_id=self.id_of(name), to=Presence(to))
        self.away = self.away - {name} if to == "available" else self.away | {name}

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), name=st.sampled_from(["lena", "olga", "olga", "emil"]), team=TEAMS)
    def somebody_runs_a_queue(self, data: st.DataObject, name: str, team: str) -> None:
        shut = [one for one, state in self.queues.items() if state != "open"]
        if data.draw(st.sampled_from(["its state", "its state", "who waits"])) == "who waits":
            choice = data.draw(st.sampled_from([*Waiting, Waiting.LEAVE, Waiting.HAND_OVER]))
            self.settle_who_waits(name, team, choice, data.draw(TEAMS))
        elif shut:
            self.open_or_close(name, data.draw(st.sampled_from([*shut, team])), "open")
        else:
            self.open_or_close(name, team, data.draw(st.sampled_from(QueueState)).value)

    def open_or_close(self, name: str, team: str, to: str) -> None:
        expected = "ok" if self.leads(name, team) else "not_your_queue"
        with self._answering(expected), self.cast.writing() as session:
            set_queue_state(
                session, event_id=self.cast.event_id, team_code=team, to=QueueState(to), by=self.id_of(name),
                expected=None,
            )  # fmt: skip
        if expected == "ok":
            self.queues[team] = str(to)

    def settle_who_waits(self, name: str, team: str, choice: Waiting, to: str) -> None:
        waiting = [one for one in self.tickets if one.team == team and one.standing == "waiting"]
        expected = "ok"
        if choice is Waiting.HAND_OVER and team == to:
            expected = "nothing_changed"
        elif not self.leads(name, team):
            expected = "not_your_queue"
        elif choice is Waiting.HAND_OVER and waiting and self.queues[to] in TAKES_NOBODY_NEW:
            expected = "queue_closed"
        with self._answering(expected), self.cast.writing() as session:
            moved = settle_waiting(
                session, event_id=self.cast.event_id, team_code=team, by=self.id_of(name), choice=choice,
                to_team_code=to if choice is Waiting.HAND_OVER else None,
            )  # fmt: skip
            assert moved == len(waiting) * (choice is not Waiting.LEAVE)
        if expected != "ok" or choice is Waiting.LEAVE:
            return
        for ticket in waiting:
            if choice is Waiting.CANCEL:
                self._set_status(ticket, "cancelled", kept(ticket), by=name)
            else:
                self._let_wait(ticket, to, ticket.product, by=name)

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), move=st.sampled_from([on_my_way, more_time, leave_queue]))
    def a_customer_presses_a_button(self, data: st.DataObject, move: Callable[..., object]) -> None:
        ticket, _ = self.drawn(data, "olga", "waiting", "called")
        expected = self._expected_of_customer(ticket, move)
        token = self.cast.ticket(ticket.key).token
        with self._answering(expected), self.cast.writing() as session:
            move(session, token)
        if expected != "ok":
            return
        if move is on_my_way and not ticket.is_coming:
            ticket.is_coming = True
            ticket.changes.append("on_the_way")
        elif move is more_time:
            ticket.more_time += 1
            ticket.held_back = ticket.held_back or ticket.owner is None
            ticket.changes.append("more_time")
        elif move is leave_queue and ticket.status != "cancelled":
            self._set_status(ticket, "cancelled", kept(ticket), by=None)

    def _expected_of_customer(self, ticket: Model, move: Callable[..., object]) -> str:
        if move is on_my_way:
            return "ok" if ticket.standing == "called" else "not_called"
        if move is leave_queue and ticket.status == "cancelled":
            return "ok"
        if ticket.standing not in {"waiting", "called"}:
            return "not_in_queue"
        if move is leave_queue:
            return "ok"
        if ticket.more_time == 2:
            return "no_more_time"
        near = ticket.standing == "called" or ticket in queue_of(self.tickets, ticket.team)[:3]
        return "ok" if near else "too_early"

    @precondition(lambda self: any(one.state == "pending" for ticket in self.tickets for one in ticket.told))
    @rule(data=st.data())
    def what_waits_is_sent(self, data: st.DataObject) -> None:
        ticket = data.draw(st.sampled_from(self.tickets))
        has_left(self.cast, ticket.key)
        for one in ticket.told:
            one.state = "sent" if one.state == "pending" else one.state

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

    @invariant()
    def the_tickets_are_what_the_model_says(self) -> None:
        names = {self.id_of(name): name for name in MEMBERS}
        codes = {number: code for code, number in self.cast.statuses.items()}
        teams = {number: code for code, number in self.cast.teams.items()}
        products = {number: name for name, number in self.cast.products.items()}
        rows = self.cast.all(select(Ticket).order_by(Ticket.number))
        found = [
            (
                row.key, codes[row.status_id], row.kind.value, names.get(row.owner_id or 0), row.take_number,
                row.version, teams[row.team_id], products[row.product_id], row.urgent_reason,
                row.arrived_at is not None, row.on_the_way_at is not None, row.call_number, row.more_time,
            )
            for row in rows
        ]  # fmt: skip
        assert found == [
            (
                one.key, one.status, one.kind, one.owner, one.takes, one.version, one.team, one.product, one.urgent,
                one.has_come, one.is_coming, one.calls, one.more_time,
            )
            for one in self.tickets
        ]  # fmt: skip
        for row, one in zip(rows, self.tickets, strict=True):
            assert products[row.asked_product_id] == next(
                name for name, number in self.cast.products.items() if number == one.submission.product_id
            )
            assert row.title == f"Carla needs your help with {one.product}"
            assert (row.priority == 0) == bool(one.urgent)
            assert row.queued_at <= row.updated_at
            assert row.taken_at is None or row.queued_at < row.taken_at
            assert (row.closed_at is None) == (row.kind.value != "closed")
            assert row.owner_id is None or row.taken_at is not None

    @invariant()
    def nobody_holds_more_than_the_event_allows(self) -> None:
        held = Counter(row.owner_id for row in self.cast.all(select(Ticket)) if row.owner_id and row.kind == "open")
        assert self.limit == 0 or all(number <= self.limit for number in held.values())

    @invariant()
    def the_last_update_moves_with_status_owner_team_and_product_alone(self) -> None:
        for row in self.cast.all(select(Ticket)):
            now = (row.status_id, row.owner_id, row.team_id, row.product_id, row.updated_at, row.take_number)
            before = self.seen.get(row.key, now)
            assert (before[:4] == now[:4]) == (before[4] == now[4])
            assert before[4] <= now[4]
            assert before[5] <= now[5]
            self.seen[row.key] = now

    @invariant()
    def the_places_are_those_of_the_models_queues(self) -> None:
        with self.app.app_context():
            found = places(db.session(), event_id=self.cast.event_id, moment=clock.now())
        keys = {row.id: row.key for row in self.cast.all(select(Ticket))}
        wanted = {
            one.key: place for team in TEAM_OF.values() for place, one in enumerate(queue_of(self.tickets, team), 1)
        }
        assert {keys[number]: place for number, place in found.items()} == wanted

    @invariant()
    def every_change_has_one_row_of_history_in_its_order(self) -> None:
        keys = {row.id: row.key for row in self.cast.all(select(Ticket))}
        history: dict[str, list[str]] = {one.key: [] for one in self.tickets}
        moments = []
        for change in self.cast.all(select(TicketChange).order_by(TicketChange.id)):
            steps = history[keys[change.ticket_id]]
            steps.append(change.action.value)
            version = sum(one not in NO_VERSION for one in steps)
            assert change.after.get("version", version) == version
            moments.append(change.at)
        assert history == {one.key: one.changes for one in self.tickets}
        assert moments == sorted(moments)
        for one in self.tickets:
            assert one.version == sum(step not in NO_VERSION for step in one.changes)

    @invariant()
    def the_alerts_are_those_of_the_model_and_no_two_are_the_same(self) -> None:
        keys = {row.id: row.key for row in self.cast.all(select(Ticket))}
        found: dict[str, Counter[tuple[str, str, str, int]]] = {one.key: Counter() for one in self.tickets}
        once = set()
        for one in self.cast.all(select(Alert)):
            take = take_of(one.occasion) if one.kind is AlertKind.READY else 0
            found[keys[one.ticket_id or 0]][one.kind.value, one.channel.value, one.state.value, take] += 1
            once.add((one.ticket_id, one.kind, one.channel, one.occasion))
        assert found == {one.key: one.counted() for one in self.tickets}
        assert len(once) == sum(counter.total() for counter in found.values())

    @invariant()
    def who_was_asked_how_it_went_has_one_survey(self) -> None:
        keys = {row.id: row.key for row in self.cast.all(select(Ticket))}
        surveys = [keys[one.ticket_id] for one in self.cast.all(select(Survey))]
        assert sorted(surveys) == sorted(one.key for one in self.tickets if one.asked)

    @invariant()
    def every_click_is_kept_once(self) -> None:
        names = {self.id_of(name): name for name in MEMBERS}
        keys = {row.id: row.key for row in self.cast.all(select(Ticket))}
        takes = {(names[row.person_id], row.request_key): keys[row.ticket_id] for row in self.cast.all(select(Take))}
        assert takes == self.clicks


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_whatever_happens_the_desk_stays_what_the_model_says(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A step takes as long as the machine likes; time passes where the model says so.
    monkeypatch.setattr(undoing, "UNDO_SECONDS", A_WHILE.total_seconds())
    monkeypatch.setattr(calling, "CALL_EVERY", A_WHILE)
    app = rules_app(Settings(database_url=database_url, secret_key=SECRET_KEY, instance_folder=tmp_path))
    machine = type("DeskHere", (Desk,), {"app": app})
    try:
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=25, stateful_step_count=40, deadline=None, database=None,
                suppress_health_check=list(HealthCheck), print_blob=True,
            ),
        )  # fmt: skip
    finally:
        close(app)
