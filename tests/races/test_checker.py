"""The checker of races catches each broken variant of take, and blames neither the right one nor the desk's own."""

import random
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import Engine, create_engine, update
from sqlalchemy.exc import DBAPIError

from checkin.db import DatabaseBusy, db, transaction
from checkin.models import Ticket
from checkin.queueing.errors import QueueEmpty, QueueingError
from checkin.queueing.taking import take_next
from tests.cast import Cast
from tests.races import mutants
from tests.races.history import Outcome, Rule, Try, facts_of, violations
from tests.races.mutants import CAUGHT_BY, Click, Variant
from tests.support.crowd import Crowd, crowd_of, fill_queues

pytestmark = pytest.mark.slow

EXPERTS, WAITING = 8, 120
ON_POSTGRES = pytest.mark.parametrize(
    "database_kind", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
ON_SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


class Aborted(Exception):
    """Made up, at the named point before the commit; `key` is what would have been answered."""

    def __init__(self, key: str | None) -> None:
        super().__init__(key)
        self.key = key


@pytest.fixture
def crowd(rules: Cast) -> Crowd:
    """Eight experts in front of one queue of 120, of whom the last ten are urgent."""
    rules.app.secret_key = "for tests only"
    crowd = crowd_of(rules.app, teams=1, experts=EXPERTS, slug="race")
    fill_queues(rules.app, crowd, tickets=WAITING)
    with crowd.cast.writing() as session:
        session.execute(update(Ticket).where(Ticket.number > WAITING - 10).values(priority=0))
        session.execute(update(Ticket).values(phone="+14155552671"))
    return crowd


@ON_POSTGRES
@pytest.mark.parametrize("variant", CAUGHT_BY, ids=lambda variant: variant.__name__)
def test_each_broken_take_is_caught(crowd: Crowd, variant: Variant) -> None:
    hands = 1 if CAUGHT_BY[variant] is Rule.HANDS else 0
    engine = create_engine(db.engines[None].url, pool_size=EXPERTS * 2)
    try:
        answers = "before the commit" if variant is mutants.answers_before_the_commit else "after the commit"
        history = race(crowd, plain(engine, variant), tabs=2 if hands else 1, answers=answers)
    finally:
        engine.dispose()

    found = violations(history, facts_of(crowd.cast, crowd.codes, hands=hands))
    assert CAUGHT_BY[variant] in {violation.rule for violation in found}


@ON_SQLITE
def test_the_stock_driver_of_sqlite_is_caught(crowd: Crowd) -> None:
    engine = create_engine(db.engines[None].url, pool_size=EXPERTS)
    try:
        history = race(crowd, plain(engine, mutants.begins_late_on_sqlite))
    finally:
        engine.dispose()

    found = violations(history, facts_of(crowd.cast, crowd.codes))
    assert Rule.GIVEN_TWICE in {violation.rule for violation in found}


@ON_POSTGRES
def test_a_right_take_in_the_same_style_is_not_blamed(crowd: Crowd) -> None:
    engine = create_engine(db.engines[None].url, pool_size=EXPERTS)
    try:
        history = race(crowd, plain(engine, mutants.correct))
    finally:
        engine.dispose()

    facts = facts_of(crowd.cast, crowd.codes)
    assert violations(history, facts) == []
    assert len(facts.takes) == WAITING


def test_the_desks_own_take_is_not_blamed(crowd: Crowd) -> None:
    history = race(crowd, real(crowd))

    facts = facts_of(crowd.cast, crowd.codes)
    assert violations(history, facts) == []
    assert len(facts.takes) == WAITING
    assert {one.outcome for one in history} >= {Outcome.OK, Outcome.EMPTY, Outcome.FAIL}


def test_two_tabs_of_one_expert_fill_one_hand(crowd: Crowd) -> None:
    crowd.cast.set(tickets_in_hand=1)
    history = race(crowd, real(crowd), tabs=2)

    facts = facts_of(crowd.cast, crowd.codes, hands=1)
    assert violations(history, facts) == []
    assert len(facts.takes) == EXPERTS


BeforeCommit = Callable[[str | None], None]
Take = Callable[[Click, BeforeCommit], str | None]


def plain(engine: Engine, variant: Variant) -> Take:
    """Return the variant as a take with an engine of its own, as a stock driver opens it."""

    def take(click: Click, before_commit: BeforeCommit) -> str | None:
        with engine.begin() as connection:
            key = variant(connection, click)
            before_commit(key)
            return key

    return take


def real(crowd: Crowd) -> Take:
    """Return the desk's own take."""

    def take(click: Click, before_commit: BeforeCommit) -> str | None:
        with crowd.cast.app.app_context(), transaction() as session:
            try:
                key: str | None = take_next(
                    session, event_id=click.event_id, team_code=crowd.codes[0], expert_id=click.expert_id,
                    request_key=click.request_key,
                ).key  # fmt: skip
            except QueueEmpty:
                key = None
            before_commit(key)
        return key

    return take


def race(crowd: Crowd, take: Take, *, tabs: int = 1, answers: str = "after the commit") -> list[Try]:
    """Let every expert take in as many tabs at once until told "empty" or refused; one transaction in five is aborted.

    answers: "before the commit" lets them out too early, also those of transactions that are aborted then.
    """
    history: list[Try] = []
    start = threading.Barrier(EXPERTS * tabs)
    team_id = crowd.team_ids()[crowd.codes[0]]
    with ThreadPoolExecutor(EXPERTS * tabs) as pool:
        for number in range(EXPERTS * tabs):
            click = Click(crowd.cast.event_id, team_id, crowd.experts[number % EXPERTS].someone.id, "")
            tab = Tab(take, click, crowd.codes[0], answers, random.Random(number), history)
            pool.submit(tab.take_all, start)
    return history


@dataclass(frozen=True)
class Tab:
    """One tab of one expert's browser."""

    take: Take
    click: Click
    team: str
    answers: str
    chance: random.Random
    history: list[Try]

    def take_all(self, start: threading.Barrier) -> None:
        """Take until told "empty" or refused; press again after a failure, and now and then without need."""
        start.wait()
        outcome = Outcome.OK
        while outcome is Outcome.OK:
            request_key = str(uuid.uuid4())
            for _ in range(30):
                outcome = self.press(request_key)
                if outcome not in {Outcome.FAIL, Outcome.UNKNOWN}:
                    break
            if outcome is Outcome.OK and self.chance.random() < 0.1:
                self.press(request_key)

    def press(self, request_key: str) -> Outcome:
        """Send the click once and keep how it ended."""
        invoked = time.monotonic()
        key, outcome = self._answer(replace(self.click, request_key=request_key))
        self.history.append(Try(self.click.expert_id, self.team, request_key, outcome, key, invoked, time.monotonic()))
        return outcome

    def _answer(self, click: Click) -> tuple[str | None, Outcome]:
        try:
            key = self.take(click, self._before_commit)
        except Aborted as aborted:
            if self.answers == "before the commit" and aborted.key:
                return aborted.key, Outcome.OK
            return None, Outcome.FAIL
        except QueueingError:
            return None, Outcome.REFUSED
        except (DBAPIError, DatabaseBusy):
            return None, Outcome.UNKNOWN
        return key, Outcome.EMPTY if key is None else Outcome.OK

    def _before_commit(self, key: str | None) -> None:
        if self.chance.random() < 0.2:
            raise Aborted(key)
