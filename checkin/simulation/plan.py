"""What will happen on a simulated day: who comes when, for what, and how long it takes. Follows from the seed alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

MINUTES_AN_HOUR: Final = 60

# People come in waves: most of them in the breaks between two talks. Hour of the day (0 is the first) and its weight.
_WAVE_MINUTES: Final = 15
_WAVE_SHARE: Final = 0.65

_FIRST_NAMES: Final = (
    "Ada", "Grace", "Alan", "Katherine", "Linus", "Radia", "Edsger", "Barbara", "Zoë", "José", "Søren", "Łukasz",
    "Nguyễn", "Amélie", "Björn", "Chloé", "Dmitri", "Eilidh", "Fatima", "Giulia", "Hiroshi", "Ingrid", "Jürgen",
    "محمد", "小龍", "יעל", "Ольга", "Priya", "Siobhán", "Thandiwe", "Umar", "Valentina", "Wei", "Ximena", "Yusuf",
)  # fmt: skip
_LAST_NAMES: Final = (
    "Lovelace", "Hopper", "Turing", "Johnson", "Berners-Lee", "Perlman", "Dijkstra", "Liskov", "García", "Müller",
    "O'Neill", "Þórsdóttir", "Nowak", "Van der Berg", "Dupont", "Rossi", "Tanaka", "Okafor", "Singh", "de la Cruz",
)  # fmt: skip
_NOTES: Final = (
    "", "", "", "Leaves at 15:00.", "The regression output looks wrong.", "Has tried the documentation already.",
    "Wants to see how others do it.", "Second visit today.", "The dashboard is empty since the last release.",
)  # fmt: skip
_AREA_CODES: Final = (415, 212, 312, 206, 617, 305, 503, 720)


@dataclass(frozen=True)
class Visit:
    """One customer: when they come and what they will do. Times and durations in minutes of the day."""

    number: int
    at: float
    first_name: str
    last_name: str
    email: str
    phone: str
    language: str
    notes: str
    product: int
    right_product: int
    patience: float
    walk: float
    comes: bool
    returns_after: float | None
    service: float
    ending: str
    scores: tuple[int, int, int, int] | None
    says_on_the_way: bool


@dataclass(frozen=True)
class Shift:
    """When an expert is there, with breaks as (begin, end)."""

    begin: float
    end: float
    breaks: tuple[tuple[float, float], ...]


def plan_visits(random: Random, *, customers: int, products: int, minutes: float, busy: float) -> list[Visit]:
    """Return the customers of a day in the order they come; `busy` is the mean time an expert needs, in minutes."""
    times = sorted(_arrival(random, minutes) for _ in range(customers))
    return [_visit(random, number, at, products, busy) for number, at in enumerate(times, start=1)]


def _arrival(random: Random, minutes: float) -> float:
    """Return a moment of the first nine tenths of the day: in the break of an hour, else at any time."""
    last = minutes * 0.9
    if random.random() < _WAVE_SHARE:
        hours = max(1, int(last // MINUTES_AN_HOUR))
        wave = MINUTES_AN_HOUR * random.randrange(hours) + 45
        return min(last, wave + random.triangular(-_WAVE_MINUTES, _WAVE_MINUTES))
    return random.uniform(0, last)


def _visit(random: Random, number: int, at: float, products: int, busy: float) -> Visit:
    # Some products are asked for twice as often as others.
    product = random.choices(range(products), [2 - index / products for index in range(products)])[0]
    is_wrong = random.random() < 0.06 and products > 1
    comes = random.random() < 0.93
    return Visit(
        number=number,
        at=at,
        first_name=random.choice(_FIRST_NAMES),
        last_name=random.choice(_LAST_NAMES),
        email=f"guest-{number}@simulation.example.org",
        # 555-0100 to 555-0199 are given to nobody: a text that leaves by mistake reaches nobody.
        phone=f"+1{_AREA_CODES[number // 100 % len(_AREA_CODES)]}55501{number % 100:02}",
        language=random.choices(("en", "fr"), (4, 1))[0],
        notes=random.choice(_NOTES),
        product=product,
        right_product=_another(random, product, products) if is_wrong else product,
        patience=random.lognormvariate(4.0, 0.5),
        walk=random.triangular(0.3, 4, 1),
        comes=comes,
        returns_after=random.uniform(8, 30) if not comes and random.random() < 0.5 else None,
        service=min(busy * random.lognormvariate(-0.18, 0.6), 6 * busy),
        ending=random.choices(("resolve", "follow_up", "escalate", "put_back", "undo"), (88, 5, 3, 2, 2))[0],
        scores=_scores(random) if random.random() < 0.35 else None,
        says_on_the_way=random.random() < 0.4,
    )


def _another(random: Random, product: int, products: int) -> int:
    return (product + random.randrange(1, products)) % products


def _scores(random: Random) -> tuple[int, int, int, int]:
    if random.random() < 0.85:
        return random.randint(4, 5), random.randint(3, 5), random.randint(7, 10), random.randint(4, 5)
    return random.randint(1, 3), random.randint(1, 4), random.randint(0, 6), random.randint(1, 4)


def plan_shift(random: Random, *, minutes: float) -> Shift:
    """Return when an expert comes and goes: a little late, a break or two, and most stay to the end."""
    begin = max(0.0, random.gauss(4, 8))
    end = minutes if random.random() < 0.75 else random.uniform(0.6, 0.95) * minutes
    lunch = random.uniform(0.38, 0.6) * minutes
    breaks = [(lunch, lunch + random.uniform(20, 45))]
    if random.random() < 0.5:
        coffee = random.uniform(0.7, 0.85) * minutes
        breaks.append((coffee, coffee + random.uniform(5, 15)))
    return Shift(begin, end, tuple(one for one in breaks if one[1] < end))


def spread(random: Random, *, experts: int, teams: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the teams of each expert: every team has some as long as there are enough, a third know two."""
    homes = [teams[number % len(teams)] for number in range(experts)]
    return [
        (home, *(other for other in [random.choice(teams)] if other != home and random.random() < 0.4))
        for home in homes
    ]
