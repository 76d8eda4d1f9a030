"""What happened in a race, and the checker that says what is wrong with it.

The history holds every try as its client saw it: when it was sent, when it was answered, and how. The facts are what
the database holds afterwards. Nothing is put back or closed in a race, so each ticket may be given once.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from sqlalchemy import select

from checkin.models import Action, Alert, AlertKind, Take, Team, Ticket, TicketChange
from tests.cast import Cast


class Outcome(StrEnum):
    """How a try ended, as its client knows it."""

    OK = "ok"
    EMPTY = "empty"
    REFUSED = "refused"
    FAIL = "fail"
    """Nothing has happened, and the client knows."""
    UNKNOWN = "unknown"
    """The answer was lost: it may have happened or not."""


class Rule(StrEnum):
    """What the desk promises (docs/specification.md, 3.3, 3.4, 4.7)."""

    GIVEN_TWICE = "a ticket was given twice"
    LOST = "a ticket that somebody was given is not theirs"
    GHOST = "a ticket was taken by a click that nobody can have sent or that failed"
    PASSED_OVER = "somebody was taken while one who stood in front waited, and was taken later"
    OUT_OF_ORDER = "the takes of a queue were not written in its order"
    FALSE_EMPTY = "somebody was told that the queue is empty while one waited"
    ANSWERED_DIFFERENTLY = "the same click got two tickets"
    HANDS = "somebody holds more than the event allows"
    ALERTS = "not exactly one Ready alert, naming the expert, for each take and channel"
    CHANGES = "not exactly one row of history for each take"


@dataclass(frozen=True)
class Try:
    """One try of a click, as its client saw it; times are of time.monotonic()."""

    expert_id: int
    team: str
    click: str
    outcome: Outcome
    key: str | None
    invoked: float
    returned: float


@dataclass(frozen=True)
class Taken:
    """A take that is in the database, in the order of writing."""

    key: str
    team: str
    expert_id: int
    click: str
    take_number: int


@dataclass(frozen=True)
class Facts:
    """What the database holds after the race. Queues are in their order: urgent, moment of check-in, id."""

    queues: Mapping[str, Sequence[str]]
    owners: Mapping[str, int | None]
    channels: Mapping[str, frozenset[str]]
    takes: Sequence[Taken]
    alerts: Counter[tuple[str, str, str, int | None]]
    changes: Counter[str]
    hands: int = 0
    known_since: Mapping[str, float] = field(default_factory=dict)
    """When a check-in during the race was known to be done; the others stood in the queue before it."""


@dataclass(frozen=True)
class Violation:
    """A broken promise, with what shows it."""

    rule: Rule
    detail: str


def facts_of(
    cast: Cast, teams: Sequence[str], *, hands: int = 0, known_since: Mapping[str, float] | None = None
) -> Facts:
    """Read what the database holds now."""
    names = {row.id: row.code for row in cast.all(select(Team).where(Team.event_id == cast.event_id))}
    order = (Ticket.priority, Ticket.queued_at, Ticket.id)
    tickets = cast.all(select(Ticket).where(Ticket.event_id == cast.event_id).order_by(*order))
    keys = {ticket.id: ticket.key for ticket in tickets}
    home = {ticket.key: names[ticket.team_id] for ticket in tickets}
    takes = cast.all(select(Take).order_by(Take.id))
    alerts = cast.all(select(Alert).where(Alert.kind == AlertKind.READY))
    changes = cast.all(select(TicketChange).where(TicketChange.action == Action.TAKE))
    return Facts(
        queues={team: [ticket.key for ticket in tickets if home[ticket.key] == team] for team in teams},
        owners={ticket.key: ticket.owner_id for ticket in tickets},
        channels={
            ticket.key: frozenset(
                name for name, address in (("text", ticket.phone), ("email", ticket.email)) if address
            )
            for ticket in tickets
        },
        takes=[
            Taken(keys[take.ticket_id], home[keys[take.ticket_id]], take.person_id, take.request_key, take.take_number)
            for take in takes
        ],
        alerts=Counter(
            (keys[alert.ticket_id or 0], alert.occasion, alert.channel.value, alert.person_id) for alert in alerts
        ),
        changes=Counter(keys[change.ticket_id] for change in changes),
        hands=hands,
        known_since=known_since or {},
    )


def violations(history: Sequence[Try], facts: Facts) -> list[Violation]:
    """Return every broken promise, none for a desk that keeps them all."""
    checks = (
        _given_twice,
        _lost,
        _ghosts,
        _passed_over,
        _out_of_order,
        _false_empty,
        _answers,
        _hands,
        _alerts,
        _changes,
    )
    return [violation for check in checks for violation in check(history, facts)]


def _given_twice(history: Sequence[Try], facts: Facts) -> list[Violation]:
    clicks: dict[str, set[tuple[int, str]]] = defaultdict(set)
    for take in facts.takes:
        clicks[take.key].add((take.expert_id, take.click))
    for one in history:
        if one.key is not None:
            clicks[one.key].add((one.expert_id, one.click))
    return [Violation(Rule.GIVEN_TWICE, f"{key}: {sorted(those)}") for key, those in clicks.items() if len(those) > 1]


def _lost(history: Sequence[Try], facts: Facts) -> list[Violation]:
    kept = {(take.key, take.expert_id, take.click) for take in facts.takes}
    return [
        Violation(Rule.LOST, str(one))
        for one in history
        if one.key is not None
        and ((one.key, one.expert_id, one.click) not in kept or facts.owners[one.key] != one.expert_id)
    ]


def _ghosts(history: Sequence[Try], facts: Facts) -> list[Violation]:
    explained = {(one.expert_id, one.click) for one in history if one.key is not None or one.outcome is Outcome.UNKNOWN}
    return [Violation(Rule.GHOST, str(take)) for take in facts.takes if (take.expert_id, take.click) not in explained]


def _passed_over(history: Sequence[Try], facts: Facts) -> list[Violation]:
    """By the clock: a later ticket was answered before the click for an earlier one was even sent."""
    begun, ended = _begun(history), _ended(history)
    clicks = {take.key: (take.expert_id, take.click) for take in facts.takes}
    found = []
    for queue in facts.queues.values():
        for place, ahead in enumerate(queue):
            taken_from = begun.get(clicks[ahead], 0.0) if ahead in clicks else float("inf")
            for behind in queue[place + 1 :]:
                click = clicks.get(behind)
                was_there = click in begun and facts.known_since.get(ahead, 0.0) < begun[click]
                if click is not None and was_there and ended.get(click, float("inf")) < taken_from:
                    found.append(Violation(Rule.PASSED_OVER, f"{behind} was answered before {ahead} was asked for"))
    return found


def _out_of_order(history: Sequence[Try], facts: Facts) -> list[Violation]:
    found = []
    for team, queue in facts.queues.items():
        place = {key: number for number, key in enumerate(queue)}
        written = [take.key for take in facts.takes if take.team == team]
        for earlier, later in pairwise(written):
            if place[later] < place[earlier]:
                found.append(Violation(Rule.OUT_OF_ORDER, f"{team}: {earlier} before {later}"))
    return found


def _false_empty(history: Sequence[Try], facts: Facts) -> list[Violation]:
    begun = _begun(history)
    taken_from = {take.key: begun.get((take.expert_id, take.click), 0.0) for take in facts.takes}
    found = []
    for one in history:
        if one.outcome is not Outcome.EMPTY:
            continue
        for key in facts.queues[one.team]:
            waited_since = facts.known_since.get(key, 0.0)
            if waited_since < one.invoked and taken_from.get(key, float("inf")) > one.returned:
                found.append(Violation(Rule.FALSE_EMPTY, f"{key} waited while {one}"))
                break
    return found


def _answers(history: Sequence[Try], facts: Facts) -> list[Violation]:
    answers: dict[tuple[int, str], set[str]] = defaultdict(set)
    for one in history:
        if one.key is not None:
            answers[one.expert_id, one.click].add(one.key)
    for take in facts.takes:
        answers[take.expert_id, take.click].add(take.key)
    return [
        Violation(Rule.ANSWERED_DIFFERENTLY, f"{click}: {sorted(keys)}")
        for click, keys in answers.items()
        if len(keys) > 1
    ]


def _hands(history: Sequence[Try], facts: Facts) -> list[Violation]:
    held = Counter(owner for owner in facts.owners.values() if owner is not None)
    return [Violation(Rule.HANDS, f"{owner} holds {count}") for owner, count in held.items() if 0 < facts.hands < count]


def _alerts(history: Sequence[Try], facts: Facts) -> list[Violation]:
    wanted: Counter[tuple[str, str, str, int | None]] = Counter(
        (take.key, str(take.take_number), channel, take.expert_id)
        for take in facts.takes
        for channel in facts.channels[take.key]
    )
    wrong = {alert for alert in wanted | facts.alerts if wanted[alert] != facts.alerts[alert]}
    return [Violation(Rule.ALERTS, str(alert)) for alert in sorted(wrong, key=str)]


def _changes(history: Sequence[Try], facts: Facts) -> list[Violation]:
    wanted = Counter(take.key for take in facts.takes)
    wrong = {key for key in wanted | facts.changes if wanted[key] != facts.changes[key]}
    return [Violation(Rule.CHANGES, key) for key in sorted(wrong)]


def _begun(history: Sequence[Try]) -> dict[tuple[int, str], float]:
    """Return when each click was first sent."""
    begun: dict[tuple[int, str], float] = {}
    for one in history:
        click = (one.expert_id, one.click)
        begun[click] = min(one.invoked, begun.get(click, one.invoked))
    return begun


def _ended(history: Sequence[Try]) -> dict[tuple[int, str], float]:
    """Return when each click was first answered with a ticket."""
    ended: dict[tuple[int, str], float] = {}
    for one in history:
        if one.key is not None:
            click = (one.expert_id, one.click)
            ended[click] = min(one.returned, ended.get(click, one.returned))
    return ended
