"""Who comes, who takes, who is there, and what the queues do."""

import uuid

from hypothesis import strategies as st
from hypothesis.stateful import (
    precondition,
    rule,
)

from checkin.models import Presence, QueueState
from checkin.queueing.checking_in import check_in
from checkin.queueing.closing import Waiting, set_queue_state, settle_waiting
from checkin.queueing.errors import QueueingError
from checkin.queueing.presence import set_presence
from checkin.queueing.taking import take_next
from checkin.queueing.urgency import make_normal, make_urgent
from tests.queueing.machine.floor import LEADS, PEOPLE, TEAMS, THEIR_QUEUES, Floor
from tests.queueing.machine.model import MEMBERS, TAKES_NOBODY_NEW, TEAM_OF, Model, kept, queue_of


class Queues(Floor):
    """Vera checks in, experts take, leads run their queues."""

    @rule(
        data=st.data(),
        product=st.sampled_from(sorted(TEAM_OF)),
        urgent=st.sampled_from(["", "", "flight"]),
        email=st.sampled_from([None, "c"]),
    )
    def vera_checks_somebody_in(self, data: st.DataObject, product: str, urgent: str, email: str | None) -> None:
        self.check_in(product, urgent, email)
        self.press_again(data.draw(st.sampled_from(self.tickets)))

    def press_again(self, ticket: Model) -> None:
        with self.cast.writing() as session:
            made = check_in(session, ticket.submission, event_id=self.cast.event_id, by=self.cast.vera.id)
        assert (made.key, made.differs) == (ticket.key, False)

    @rule(who=THEIR_QUEUES)
    def an_expert_takes(self, who: tuple[str, str]) -> None:
        self.take(*who, "new")

    @rule(who=st.tuples(PEOPLE, TEAMS) | THEIR_QUEUES, click=st.sampled_from(["new", "a", "b"]))
    def somebody_takes_or_clicks_again(self, who: tuple[str, str], click: str) -> None:
        self.take(*who, click)

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

    @rule(name=st.sampled_from(["emil", "tove", "lena"]), to=st.sampled_from(["available"] * 5 + ["on_break", "off"]))
    def somebody_comes_or_goes(self, name: str, to: str) -> None:
        with self.cast.writing() as session:
            set_presence(session, event_id=self.cast.event_id, person_id=self.id_of(name), to=Presence(to))
        self.away = self.away - {name} if to == "available" else self.away | {name}

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), name=LEADS, team=TEAMS)
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
        with self.answering(expected), self.cast.writing() as session:
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
        with self.answering(expected), self.cast.writing() as session:
            moved = settle_waiting(
                session, event_id=self.cast.event_id, team_code=team, by=self.id_of(name), choice=choice,
                to_team_code=to if choice is Waiting.HAND_OVER else None,
            )  # fmt: skip
            assert moved == len(waiting) * (choice is not Waiting.LEAVE)
        if expected != "ok" or choice is Waiting.LEAVE:
            return
        for ticket in waiting:
            if choice is Waiting.CANCEL:
                self.set_status(ticket, "cancelled", kept(ticket), by=name)
            else:
                self.let_wait(ticket, to, ticket.product, by=name)

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), name=LEADS, reason=st.sampled_from(["", "a train"]))
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
