"""What an expert does with a customer at the table, and what comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from checkin.models import StatusCode
from checkin.queueing.answering import Answer, answer_survey
from checkin.queueing.escalating import escalate, follow_up
from checkin.queueing.handing_over import hand_over_to_product
from checkin.queueing.moving import put_back
from checkin.queueing.notes import add_note
from checkin.queueing.transitions import resolve
from checkin.queueing.undoing import undo
from checkin.simulation.acts import last_change, survey_token, ticket_of

if TYPE_CHECKING:
    from checkin.simulation.cast import SimulatedExpert
    from checkin.simulation.day import Day

_NOTICED_AFTER: Final = 1.5
_ANSWERS_AFTER: Final = 12.0
_USUAL_SERVICE: Final = 8.0


class Helping:
    """Brings the tickets that are in somebody's hands to their ends."""

    def __init__(self, day: Day) -> None:
        """Keep the day whose list of steps is used."""
        self._day = day
        self._open: dict[str, SimulatedExpert] = {}
        self._sent_on: set[str] = set()
        self._ended_once: set[str] = set()

    def begin(self, expert: SimulatedExpert, key: str) -> None:
        """Let the expert help; somebody who asked for the wrong product is sent on when that is noticed."""
        day = self._day
        visit = day.visits.get(key)
        self._open[key] = expert
        if visit is not None and visit.right_product != visit.product and key not in self._sent_on:
            day.after(_NOTICED_AFTER, lambda: self._send_on(expert, key, visit.right_product))
            return
        service = visit.service if visit is not None else _USUAL_SERVICE
        day.after(service, lambda: self._end(expert, key))

    def finish_all(self) -> None:
        """Resolve what is still in somebody's hands when the day is over."""
        for key, expert in list(self._open.items()):
            self._resolve(expert, key)

    def _send_on(self, expert: SimulatedExpert, key: str, product: int) -> None:
        day, by = self._day, expert.person_id
        product_id = day.plan.offers[product].product_id
        moved = day.acting.do(
            lambda session: hand_over_to_product(
                session, key, event_id=day.acting.event_id, by=by, version=None, product_id=product_id
            )
        )
        self._sent_on.add(key)
        if moved is None:
            day.after(_NOTICED_AFTER, lambda: self._end(expert, key))
            return
        day.figures.counts["handed_over"] += 1
        self._leave(expert, key)

    def _end(self, expert: SimulatedExpert, key: str) -> None:
        visit = self._day.visits.get(key)
        ending = visit.ending if visit is not None else "resolve"
        if ending != "resolve" and key not in self._ended_once:
            self._ended_once.add(key)
            if self._end_otherwise(expert, key, ending):
                return
        self._resolve(expert, key)

    def _end_otherwise(self, expert: SimulatedExpert, key: str, ending: str) -> bool:
        """End it in the way that was planned; tell whether the expert is rid of it by that."""
        day, by = self._day, expert.person_id
        event_id = day.acting.event_id
        if ending == "undo":
            self._resolve_and_undo(expert, key)
            return True
        acts = {
            "follow_up": lambda session: follow_up(session, key, event_id=event_id, by=by, version=None),
            "escalate": lambda session: escalate(
                session, key, event_id=event_id, by=by, version=None, words="Needs somebody who knows the internals."
            ),
            "put_back": lambda session: put_back(session, key, event_id=event_id, by=by, version=None),
        }
        if day.acting.do(acts[ending]) is None:
            return False
        day.figures.counts[ending] += 1
        self._leave(expert, key)
        return True

    def _resolve_and_undo(self, expert: SimulatedExpert, key: str) -> None:
        """Press Resolve too early, take it back, and resolve for good a while later."""
        day, by = self._day, expert.person_id
        event_id = day.acting.event_id
        if day.acting.do(lambda session: resolve(session, key, event_id=event_id, by=by, version=None)) is not None:
            change_id = last_change(event_id, key)
            if day.acting.do(lambda session: undo(session, key, event_id=event_id, by=by, change_id=change_id)):
                day.figures.counts["undone"] += 1
        day.after(_NOTICED_AFTER, lambda: self._resolve(expert, key))

    def _resolve(self, expert: SimulatedExpert, key: str) -> None:
        day, by = self._day, expert.person_id
        event_id = day.acting.event_id
        if ticket_of(event_id, key).owner_id != by:
            # The customer left, or somebody who watches this day in a browser has moved the ticket.
            self._leave(expert, key)
            return
        day.acting.do(lambda session: add_note(session, key, event_id=event_id, by=by, words="Shown how it is done."))
        done = day.acting.do(lambda session: resolve(session, key, event_id=event_id, by=by, version=None))
        if done is not None:
            day.figures.counts[StatusCode.RESOLVED] += 1
            day.after(_ANSWERS_AFTER, lambda: self._answer(key))
        self._leave(expert, key)

    def _leave(self, expert: SimulatedExpert, key: str) -> None:
        self._open.pop(key, None)
        self._day.done(expert)

    def _answer(self, key: str) -> None:
        day = self._day
        visit = day.visits.get(key)
        token = survey_token(ticket_of(day.acting.event_id, key).id)
        if visit is None or visit.scores is None or token is None:
            return
        answer = Answer(*visit.scores)
        if day.acting.do(lambda session: answer_survey(session, token, answer)) is not None:
            day.figures.counts["answered"] += 1
