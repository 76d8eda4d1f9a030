"""Moves that give a ticket a status, and calls."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    precondition,
    rule,
)

from checkin import clock
from checkin.queueing.calling import call_again, mark_here
from checkin.queueing.escalating import escalate
from checkin.queueing.leaving import bring_back, cancel
from checkin.queueing.transitions import change_status
from tests.queueing.machine.floor import SOMEBODY, Floor
from tests.queueing.machine.model import KINDS, MEMBERS, TEAM_OF, Model, kept


class Statuses(Floor):
    """Somebody moves a ticket to a status, sees somebody off, calls or greets."""

    def expected_status(self, name: str, ticket: Model, to: str) -> str:
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

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), name=SOMEBODY, to=st.sampled_from(sorted(KINDS)))
    def somebody_moves_a_ticket(self, data: st.DataObject, name: str, to: str) -> None:
        ticket, name = self.drawn(data, name, "called", "helped", "on_hold", "closed")
        if self.does(ticket, change_status, name, self.expected_status(name, ticket, to), to=to):
            before = kept(ticket)
            if KINDS[to] == "open" and ticket.kind != "open":
                self._open_again(ticket, name)
            self.set_status(ticket, to, before, by=name)

    def _open_again(self, ticket: Model, name: str) -> None:
        if ticket.owner is None:
            ticket.give(name)
        elif ticket.kind == "on_hold":
            ticket.has_come = ticket.is_coming = False

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), name=SOMEBODY, to=st.sampled_from(["the lead", "the lead", *TEAM_OF.values(), *MEMBERS]))
    def somebody_escalates(self, data: st.DataObject, name: str, to: str) -> None:
        ticket, name = self.drawn(data, name, "called", "helped")
        above = "lena" if ticket.team == "STQ" and name != "lena" else "olga" if name != "olga" else None
        whom = {"the lead": above}.get(to, to if to in MEMBERS else None)
        expected = self.expected_status(name, ticket, "escalated")
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
            self.set_status(ticket, "escalated", before, by=name)

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
            self.set_status(ticket, "cancelled", kept(ticket), by=name)

    @precondition(lambda self: self.has("closed"))
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

    @precondition(lambda self: self.has("called"))
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

    @precondition(lambda self: self.has("called"))
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
