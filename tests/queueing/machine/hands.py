"""Moves from hand to hand, back again, and those of the customers themselves."""

from collections.abc import Callable

from hypothesis import strategies as st
from hypothesis.stateful import (
    precondition,
    rule,
)

from checkin.queueing.customer_moves import back_already, leave_queue, more_time, on_my_way
from checkin.queueing.handing_over import hand_over_to_person, hand_over_to_product, hand_over_to_team
from checkin.queueing.moving import put_back
from checkin.queueing.undoing import undo
from tests.queueing.machine.floor import SOMEBODY, Floor
from tests.queueing.machine.model import MEMBERS, TAKES_NOBODY_NEW, TEAM_OF, Model, Undo, kept, queue_of


class Hands(Floor):
    """Somebody puts back, hands over, undoes; customers press their own buttons."""

    @precondition(lambda self: self.has("called", "helped"))
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
            self.let_wait(ticket, team, product, by=name)

    def _expected_hand_over(self, name: str, ticket: Model) -> str:
        if not self.may_change(name, ticket):
            return "not_your_ticket"
        return "move_not_allowed" if ticket.kind == "closed" else "ok"

    def _takes(self, ticket: Model, team: str) -> bool:
        there_already = ticket.team == team and ticket.kind == "open"
        return there_already or self.queues[team] not in TAKES_NOBODY_NEW

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

    @precondition(lambda self: any(one.undo is not None for one in self.tickets))
    @rule(data=st.data(), name=SOMEBODY)
    def somebody_tries_to_undo(self, data: st.DataObject, name: str) -> None:
        ticket = data.draw(st.sampled_from([one for one in self.tickets if one.undo is not None]))
        self.undo(ticket, ticket.undo.by if ticket.undo and name == "who may" else name.replace("who may", "olga"))

    @precondition(lambda self: any(one.can_be_undone for one in self.tickets))
    @rule(data=st.data())
    def somebody_undoes(self, data: st.DataObject) -> None:
        ticket = data.draw(st.sampled_from([one for one in self.tickets if one.can_be_undone]))
        self.undo(ticket, ticket.undo.by if ticket.undo else "")

    def undo(self, ticket: Model, name: str) -> None:
        history = [one.id for one in self.cast.changes(ticket.key) if one.action.value in {"status", "hand_over"}]
        expected = self._expected_undo(name, ticket)
        with self.answering(expected), self.cast.writing() as session:
            undo(session, ticket.key, event_id=self.cast.event_id, by=self.id_of(name), change_id=history[-1])
        if expected == "ok":
            ticket.take_back()

    def _expected_undo(self, name: str, ticket: Model) -> str:
        if ticket.undo is None or not ticket.can_be_undone or ticket.undo.by != name:
            return "too_late_to_undo"
        then = ticket.undo.kept
        has_it = (ticket.owner, ticket.kind) == (then.owner, "open")
        if then.owner and then.kind == "open" and not has_it and not self.has_free_hand(then.owner):
            return "hands_full"
        left = any(one.made == ticket.version and one.state == "sent" for one in ticket.told)
        return "too_late_to_undo" if left else "ok"

    @precondition(lambda self: self.has("waiting", "called"))
    @rule(data=st.data(), move=st.sampled_from([on_my_way, more_time, back_already, leave_queue]))
    def a_customer_presses_a_button(self, data: st.DataObject, move: Callable[..., object]) -> None:
        ticket, _ = self.drawn(data, "olga", "waiting", "called")
        expected = self._expected_of_customer(ticket, move)
        token = self.cast.ticket(ticket.key).token
        with self.answering(expected), self.cast.writing() as session:
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
        elif move is back_already and ticket.held_back:
            ticket.held_back = False
            ticket.changes.append("more_time")
        elif move is leave_queue and ticket.status != "cancelled":
            self.set_status(ticket, "cancelled", kept(ticket), by=None)

    def _expected_of_customer(self, ticket: Model, move: Callable[..., object]) -> str:
        if move is on_my_way:
            return "ok" if ticket.standing == "called" else "not_called"
        if move is leave_queue and ticket.status == "cancelled":
            return "ok"
        if ticket.standing not in {"waiting", "called"}:
            return "not_in_queue"
        if move in {leave_queue, back_already}:
            return "ok"
        if ticket.more_time == 2:
            return "no_more_time"
        near = ticket.standing == "called" or ticket in queue_of(self.tickets, ticket.team)[:3]
        return "ok" if near else "too_early"
