"""The arithmetic of the estimated wait, without a database: bench/estimate.py tries these very functions.

The method, its rivals and how often the range held: docs/estimates.md.
"""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean, pvariance
from typing import Final

HANDLED_AT_LEAST: Final = 3
# Minutes from the end of one ticket to the take of the next.
_BETWEEN: Final = 0.6
# The spread (squared, relative to the mean) that lengths are given before they were seen, and for how many it stands.
_USUAL_SPREAD: Final = 0.5
_USUAL_COUNTS: Final = 3
# Experts come and go while people wait: that much more spread of the whole wait (squared, relative).
_COMING_AND_GOING: Final = 0.03
_STEP: Final = 5


@dataclass(frozen=True)
class WaitRange:
    """The likely wait in whole minutes, both ends rounded to 5; both 0 means soon."""

    least: int
    most: int


SOON: Final = WaitRange(0, 0)


@dataclass(frozen=True)
class Pace:
    """How quickly a team works: how many minutes each of the last tickets took, and by how many experts.

    An expert who is shared with another team counts as the part that this one gets.
    """

    handled: tuple[float, ...]
    experts: float


def experts_for(team_id: int, crew: Iterable[Collection[int]], waiting: Mapping[int, int]) -> float:
    """Return how many experts the team has: one for each of the crew (the teams they are in) who is in no other.

    Who is in several teams works for each as it has people waiting; where nobody waits at all, for each alike. A team
    that is asked about has somebody who waits, or is about to.
    """
    parts = 0.0
    for teams in crew:
        everybody = sum(waiting.get(team, 0) for team in teams)
        ours = waiting.get(team_id, 0)
        asked = max(ours, 1)
        parts += asked / (everybody - ours + asked) if everybody else 1 / len(teams)
    return parts


def likely_wait(pace: Pace, place: int) -> WaitRange | None:
    """Return the likely wait of who is at this place; None: nobody knows (too few were served, or no expert is there).

    It takes as many ends of tickets as the place says. Their lengths are as those of the last ones, all spread alike:
    the range is one standard deviation below to one above in a gamma distribution of that mean and variance.
    """
    if pace.experts <= 0:
        return None
    if place <= 1:
        return SOON
    counted = len(pace.handled)
    if counted < HANDLED_AT_LEAST:
        return None
    each = fmean(pace.handled) + _BETWEEN
    seen = pvariance(pace.handled) / each**2
    spread = (counted * seen + _USUAL_COUNTS * _USUAL_SPREAD) / (counted + _USUAL_COUNTS)
    mean = place * each / pace.experts
    # The lengths differ, their mean is not known exactly, and the experts will not stay the same.
    relative = spread / place + spread / counted + _COMING_AND_GOING
    return _rounded(_gamma(mean, relative, -1), _gamma(mean, relative, 1))


def _gamma(mean: float, relative_variance: float, deviations: float) -> float:
    """Return the quantile so many standard deviations off, as Wilson and Hilferty approximate it."""
    ninth = relative_variance / 9
    return float(mean * max(1 - ninth + deviations * math.sqrt(ninth), 0) ** 3)


def _rounded(least: float, most: float) -> WaitRange:
    # Outwards, but for a few seconds: 10.1 minutes are ten.
    return WaitRange(_STEP * math.floor(least / _STEP + 0.02), _STEP * max(1, math.ceil(most / _STEP - 0.02)))
