"""How often the range that a customer was told held the wait that came, and how wide it was.

Days at a desk, made up: people come in waves after each session, one to eight experts work, go on breaks and come back,
half of them share themselves with another team in half of the days, some customers do not show up. Service times are of
four shapes. Everybody who waits is told a range at check-in and whenever their place changes, as on their page, by each
method at once: the same days judge all. `ours` is checkin.queueing.waits itself; `last` is the wait of the last person
to enter service, brought to the place; `blend` takes the middle of both. Prints one line of JSON for each shape and
method, then one for all shapes. The days are the same at each run.
"""

import heapq
import json
import math
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Any, Final

from checkin.queueing.estimates import HANDLED_AT_MOST, RECENT
from checkin.queueing.waits import Pace, WaitRange, experts_for, likely_wait

OURS, OTHER = 0, 1
MINUTES: Final = 480.0
NO_SHOWS: Final = 0.06
WAVE, LULL, SESSION, RUSH = 2.4, 0.55, 75.0, 18.0
LOAD: Final = 0.72
EXPERTS: Final = (1, 2, 3, 4, 6, 8)
SEEDS: Final = 6
Draw = Callable[[random.Random], float]
SHAPES: Final[dict[str, tuple[Draw, float]]] = {
    "exponential": (lambda chance: chance.expovariate(1 / 9), 9),
    "lognormal": (lambda chance: chance.lognormvariate(math.log(9) - 0.2, math.sqrt(0.4)), 9),
    "deterministic": (lambda _chance: 8.0, 8),
    "bimodal": (lambda chance: chance.gauss(4, 0.8) if chance.random() < 0.7 else chance.gauss(22, 3), 9.4),
}


@dataclass
class Expert:
    """Somebody at work; `until_break` is how many minutes of service are left until the next one."""

    teams: tuple[int, ...]
    until_break: float
    is_there: bool = True
    is_free: bool = True


@dataclass
class Guest:
    """Somebody who waits, with all they were told: when, at which place, by which method what."""

    came: float
    place_then: int
    told: list[tuple[float, int, dict[str, WaitRange | None]]] = field(default_factory=list)


@dataclass(frozen=True)
class Seen:
    """What a method may know at a moment."""

    pace: Pace
    last: tuple[float, int] | None


@dataclass(frozen=True)
class Outcome:
    """A range that was told, and the wait that came."""

    place: int
    waited: float
    told: WaitRange | None


def ours(seen: Seen, place: int) -> WaitRange | None:
    """Return what the desk says."""
    return likely_wait(seen.pace, place)


def last_to_enter(seen: Seen, place: int) -> WaitRange | None:
    """Return the wait of the last person to enter service, for each place that they had, give or take a third."""
    if seen.last is None or seen.pace.experts <= 0:
        return None
    waited, places = seen.last
    return _around(waited * place / places)


def blend(seen: Seen, place: int) -> WaitRange | None:
    """Return the range between the middle of both methods, give or take a third."""
    one, other = ours(seen, place), last_to_enter(seen, place)
    if one is None or other is None:
        return one
    return _around((one.least + one.most + other.least + other.most) / 4)


def _around(middle: float) -> WaitRange:
    return WaitRange(5 * math.floor(middle * 0.65 / 5), 5 * max(1, math.ceil(middle * 1.35 / 5)))


METHODS: Final[Mapping[str, Callable[[Seen, int], WaitRange | None]]] = {
    "ours": ours, "last": last_to_enter, "blend": blend,
}  # fmt: skip


class Day:
    """One simulated day; `run` returns what each method told and what came of it."""

    def __init__(self, seed: int, shape: str, experts: int, *, shared: bool) -> None:
        self._chance = random.Random(seed)
        self._draw, self._mean = SHAPES[shape]
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._queues: dict[int, list[Guest]] = defaultdict(list)
        self._handled: list[tuple[float, float]] = []
        self._last: tuple[float, int] | None = None
        self.outcomes: dict[str, list[Outcome]] = defaultdict(list)
        self._experts = [
            Expert((OURS, OTHER) if shared and i % 2 == 0 else (OURS,), self._work()) for i in range(experts)
        ]
        if shared:
            self._experts += [Expert((OTHER,), self._work()) for _ in range(max(1, experts // 2))]
        for late in self._experts[1::3]:
            late.is_there = late.is_free = False
            self._at(self._chance.uniform(20, 90), self._comes_back(late))
        for team in (OURS, OTHER) if shared else (OURS,):
            self._arrivals(team)

    def run(self) -> dict[str, list[Outcome]]:
        """Let the day pass."""
        while self._events:
            now, _, happens = heapq.heappop(self._events)
            happens(now)
            self._take(now)
        return self.outcomes

    def _at(self, time: float, happens: Callable[[float], None]) -> None:
        heapq.heappush(self._events, (time, self._chance.getrandbits(60), happens))

    def _work(self) -> float:
        return 15 + self._chance.expovariate(1 / 80)

    def _arrivals(self, team: int) -> None:
        parts = sum(1 / len(one.teams) for one in self._experts if team in one.teams)
        usual = parts / (self._mean + 0.6) * LOAD
        time = 0.0
        while True:
            time += self._chance.expovariate(usual * WAVE)
            if time > MINUTES - 30:
                return
            if self._chance.random() < (1 if time % SESSION < RUSH else LULL / WAVE):
                self._at(time, self._comes(team))

    def _comes(self, team: int) -> Callable[[float], None]:
        def come(now: float) -> None:
            queue = self._queues[team]
            queue.append(Guest(now, len(queue) + 1))
            self._tell(now, team)

        return come

    def _comes_back(self, expert: Expert) -> Callable[[float], None]:
        def come(_now: float) -> None:
            expert.is_there = expert.is_free = True

        return come

    def _take(self, now: float) -> None:
        for expert in self._experts:
            waiting = [team for team in expert.teams if self._queues[team]]
            if not (expert.is_there and expert.is_free and waiting):
                continue
            team = min(waiting, key=lambda one: self._queues[one][0].came)
            guest = self._queues[team].pop(0)
            expert.is_free = False
            length = self._chance.uniform(3, 5) if self._chance.random() < NO_SHOWS else self._draw(self._chance)
            self._at(now + max(length, 0.5), self._is_done(expert, team, max(length, 0.5)))
            if team == OURS:
                self._judge(guest, now)
                self._last = (now - guest.came, guest.place_then)
                self._tell(now, team)

    def _is_done(self, expert: Expert, team: int, length: float) -> Callable[[float], None]:
        def finish(now: float) -> None:
            if team == OURS:
                self._handled.append((now, length))
            expert.until_break -= length
            if expert.until_break < 0 and now < MINUTES - 40:
                expert.is_there, expert.until_break = False, self._work()
                self._at(now + self._chance.uniform(10, 25), self._comes_back(expert))
            else:
                self._at(now + self._chance.expovariate(1 / 0.6), self._comes_back(expert))

        return finish

    def _tell(self, now: float, team: int) -> None:
        if team != OURS:
            return
        seen = Seen(self._pace(now), self._last)
        for place, guest in enumerate(self._queues[OURS], 1):
            if not guest.told or guest.told[-1][1] != place:
                guest.told.append((now, place, {name: method(seen, place) for name, method in METHODS.items()}))

    def _pace(self, now: float) -> Pace:
        recent = [length for at, length in self._handled[-HANDLED_AT_MOST:] if at > now - RECENT.total_seconds() / 60]
        crew = [one.teams for one in self._experts if one.is_there and OURS in one.teams]
        return Pace(tuple(recent), experts_for(OURS, crew, {team: len(queue) for team, queue in self._queues.items()}))

    def _judge(self, guest: Guest, now: float) -> None:
        for at, place, told in guest.told:
            for method, wait in told.items():
                self.outcomes[method].append(Outcome(place, now - at, wait))


def figures(shape: str, method: str, outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """Return what is printed: `soon` stands apart, as it is no range."""
    rows = list(outcomes)
    soon = [row for row in rows if row.place == 1 and row.told]
    behind = [row for row in rows if row.place > 1]
    ranges = [(row.waited, row.told) for row in behind if row.told]
    widths = [told.most - told.least for _, told in ranges]
    return {
        "bench": "estimate", "shape": shape, "method": method, "told": len(ranges),
        "held": round(fmean(told.least <= waited <= told.most for waited, told in ranges), 3),
        "sooner": round(fmean(waited < told.least for waited, told in ranges), 3),
        "later": round(fmean(waited > told.most for waited, told in ranges), 3),
        "width_median": median(widths), "width_mean": round(fmean(widths), 1),
        "waited_median": round(median(waited for waited, _ in ranges), 1),
        "unknown": round(1 - len(ranges) / len(behind), 3),
        "soon_within_5": round(fmean(row.waited <= 5 for row in soon), 3),
        "soon_within_10": round(fmean(row.waited <= 10 for row in soon), 3),
    }  # fmt: skip


def main() -> None:
    """Simulate and print."""
    every: dict[str, list[Outcome]] = defaultdict(list)
    for shape in SHAPES:
        of_shape: dict[str, list[Outcome]] = defaultdict(list)
        for experts in EXPERTS:
            for seed in range(SEEDS):
                for shared in (False, True):
                    for method, outcomes in Day(seed * 100 + experts, shape, experts, shared=shared).run().items():
                        of_shape[method] += outcomes
        for method, outcomes in of_shape.items():
            print(json.dumps(figures(shape, method, outcomes)), flush=True)
            every[method] += outcomes
    for method, outcomes in every.items():
        print(json.dumps(figures("all", method, outcomes)), flush=True)


if __name__ == "__main__":
    main()
