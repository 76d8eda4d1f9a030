"""Runs a simulated day: everybody's next step in the order of time, at the chosen speed."""

import heapq
import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from checkin.models import Presence, Source
from checkin.queueing.calling import call_again, mark_here
from checkin.queueing.checking_in import CheckInDetails, check_in
from checkin.queueing.closing import Waiting, end_day, settle_waiting
from checkin.queueing.customer_moves import leave_queue, on_my_way
from checkin.queueing.leaving import bring_back, mark_no_show
from checkin.queueing.moving import put_back
from checkin.queueing.presence import set_desk, set_presence
from checkin.queueing.taking import take_next
from checkin.simulation.acts import Acting, left_in_hand, oldest_queues, ticket_of, waiting_now
from checkin.simulation.cast import Offer, SimulatedExpert
from checkin.simulation.helping import Helping
from checkin.simulation.plan import Visit

_LOOK_AGAIN: Final = 0.5
_CALLED_IN_VAIN: Final = 4.0
Step = Callable[[], None]


@dataclass(frozen=True)
class DayPlan:
    """Who is there on the day, how long it is (minutes), and who closes it."""

    offers: list[Offer]
    experts: list[SimulatedExpert]
    visits: list[Visit]
    minutes: float
    volunteer_id: int
    organiser_id: int


@dataclass
class Figures:
    """What came of the day; waits in minutes of the day."""

    counts: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)


class Day:
    """A day that is under way. Iterating over `run()` lives through it and yields the minute it has come to."""

    def __init__(self, plan: DayPlan, acting: Acting) -> None:
        """Put everybody's first step on the list, and back what they still hold of a day that was broken off."""
        self.plan = plan
        self.acting = acting
        self.figures = Figures()
        self.now = 0.0
        self.visits: dict[str, Visit] = {}
        self._missed: set[str] = set()
        self._steps: list[tuple[float, int, Step]] = []
        self._order = itertools.count()
        self._helping = Helping(self)
        self._present: set[int] = set()
        self._busy: set[int] = set()
        for key, owner_id in left_in_hand(acting.event_id, [expert.person_id for expert in plan.experts]):
            acting.do(partial(put_back, key=key, event_id=acting.event_id, by=owner_id, version=None))
        for visit in plan.visits:
            self.at(visit.at, partial(self._arrive, visit))
        for expert in plan.experts:
            self._plan_expert(expert)

    def at(self, minute: float, step: Step) -> None:
        """Let `step` happen at this minute of the day."""
        heapq.heappush(self._steps, (minute, next(self._order), step))

    def after(self, minutes: float, step: Step) -> None:
        """Let `step` happen so many minutes from now."""
        self.at(self.now + minutes, step)

    def run(self) -> Iterator[float]:
        """Yield the minute of the next step before it happens, to the end of the day; then close the day."""
        while self._steps and self._steps[0][0] <= self.plan.minutes:
            minute, _, step = heapq.heappop(self._steps)
            self.now = minute
            yield minute
            step()
        self._close()
        yield self.plan.minutes

    def _arrive(self, visit: Visit) -> None:
        acting, event_id = self.acting, self.acting.event_id
        details = CheckInDetails(
            submission_id=acting.new_key(), first_name=visit.first_name, last_name=visit.last_name,
            email=visit.email, phone=visit.phone, notes=visit.notes, language=visit.language,
            product_id=self.plan.offers[visit.product].product_id,
        )  # fmt: skip
        made = acting.do(
            lambda session: check_in(
                session, details, event_id=event_id, by=self.plan.volunteer_id, where="Simulation", source=Source.KIOSK
            )
        )
        if made is None:
            self.figures.counts["not_checked_in"] += 1
            return
        self.figures.counts["checked_in"] += 1
        self.visits[made.key] = visit
        self.after(visit.patience, lambda: self._lose_patience(made.key))

    def _lose_patience(self, key: str) -> None:
        ticket = ticket_of(self.acting.event_id, key)
        if ticket.owner_id is not None or ticket.kind != "open":
            return
        if self.acting.do(lambda session: leave_queue(session, ticket.token)) is not None:
            self.figures.counts["walked_out"] += 1

    def _plan_expert(self, expert: SimulatedExpert) -> None:
        self.at(expert.shift.begin, lambda: self._come(expert))
        for begin, end in expert.shift.breaks:
            self.at(begin, lambda: self._go(expert, Presence.ON_BREAK))
            self.at(end, lambda: self._come(expert))
        self.at(expert.shift.end, lambda: self._go(expert, Presence.OFF))

    def _come(self, expert: SimulatedExpert) -> None:
        event_id, person_id = self.acting.event_id, expert.person_id
        self.acting.do(
            lambda session: set_presence(session, event_id=event_id, person_id=person_id, to=Presence.AVAILABLE)
        )
        self.acting.do(
            lambda session: set_desk(session, event_id=event_id, person_id=person_id, desk=expert.desk, take_over=True)
        )
        self._present.add(person_id)
        self.look(expert)

    def _go(self, expert: SimulatedExpert, to: Presence) -> None:
        """Go away; a ticket in hand is brought to its end all the same."""
        self._present.discard(expert.person_id)
        event_id = self.acting.event_id
        self.acting.do(lambda session: set_presence(session, event_id=event_id, person_id=expert.person_id, to=to))

    def look(self, expert: SimulatedExpert) -> None:
        """Take the next ticket of the queue whose first has waited longest; look again in a while when there is none.

        Does nothing for an expert who is away or has a ticket in hand.
        """
        if expert.person_id not in self._present or expert.person_id in self._busy:
            return
        for team_code in oldest_queues(self.acting.event_id, expert.teams):
            take = partial(
                take_next, event_id=self.acting.event_id, team_code=team_code, expert_id=expert.person_id,
                request_key=self.acting.new_key(), desk=expert.desk,
            )  # fmt: skip
            taken = self.acting.do(take)
            if taken is not None:
                self._busy.add(expert.person_id)
                self._took(expert, taken.key)
                return
        self.after(_LOOK_AGAIN, lambda: self.look(expert))

    def done(self, expert: SimulatedExpert) -> None:
        """Let the expert look for the next ticket."""
        self._busy.discard(expert.person_id)
        self.after(_LOOK_AGAIN, lambda: self.look(expert))

    def _took(self, expert: SimulatedExpert, key: str) -> None:
        visit = self.visits.get(key)
        self.figures.counts["taken"] += 1
        if visit is None:
            # Somebody at a real kiosk joined the simulated day.
            self.after(1, lambda: self._here(expert, key))
            return
        self.figures.waits.append(self.now - visit.at)
        if visit.says_on_the_way:
            token = ticket_of(self.acting.event_id, key).token
            self.after(visit.walk / 3, lambda: self._say_on_my_way(token))
        if visit.comes or key in self._missed:
            self.after(visit.walk, lambda: self._here(expert, key))
        else:
            self.after(_CALLED_IN_VAIN, lambda: self._call(expert, key))

    def _say_on_my_way(self, token: str) -> None:
        self.acting.do(lambda session: on_my_way(session, token))

    def _here(self, expert: SimulatedExpert, key: str) -> None:
        event_id, by = self.acting.event_id, expert.person_id
        self.acting.do(lambda session: mark_here(session, key, event_id=event_id, by=by, version=None))
        self._helping.begin(expert, key)

    def _call(self, expert: SimulatedExpert, key: str) -> None:
        event_id, by = self.acting.event_id, expert.person_id
        self.acting.do(lambda session: call_again(session, key, event_id=event_id, by=by, version=None))
        self.after(_CALLED_IN_VAIN, lambda: self._give_up(expert, key))

    def _give_up(self, expert: SimulatedExpert, key: str) -> None:
        event_id, by = self.acting.event_id, expert.person_id
        gone = self.acting.do(lambda session: mark_no_show(session, key, event_id=event_id, by=by, version=None))
        if gone is not None:
            self.figures.counts["no_show"] += 1
            self._missed.add(key)
            visit = self.visits[key]
            if visit.returns_after is not None:
                self.after(visit.returns_after, lambda: self._return(key))
        self.done(expert)

    def _return(self, key: str) -> None:
        event_id, by = self.acting.event_id, self.plan.volunteer_id
        if self.acting.do(lambda session: bring_back(session, key, event_id=event_id, by=by, version=None)):
            self.figures.counts["brought_back"] += 1

    def _close(self) -> None:
        """Close the day as an organiser does: who still waits gets a message."""
        event_id, by = self.acting.event_id, self.plan.organiser_id
        self.figures.counts["still_waiting"] = waiting_now(event_id)
        self.acting.do(lambda session: end_day(session, event_id=event_id, by=by))
        for team_code in sorted({offer.team_code for offer in self.plan.offers}):
            settle = partial(
                settle_waiting, event_id=event_id, team_code=team_code, by=by, choice=Waiting.CANCEL,
                words="The desk has closed for today.",
            )  # fmt: skip
            self.acting.do(settle)
        self._helping.finish_all()
        # Who was called last and is still on the way is not waited for.
        for key, owner_id in left_in_hand(event_id, [expert.person_id for expert in self.plan.experts]):
            gone = partial(mark_no_show, key=key, event_id=event_id, by=owner_id, version=None)
            if self.acting.do(gone) is not None:
                self.figures.counts["no_show"] += 1
