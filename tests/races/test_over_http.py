"""Races over HTTP: the real server with its processes, 32 experts and two kiosks, and bad luck at named points.

One transaction in five is aborted just before its commit, and one answer in twenty is lost just after it. Every expert
presses again until answered, as people do, and sometimes once more than needed.
"""

import random
import time
import uuid
from collections.abc import Iterator
from multiprocessing import get_context
from typing import Any

import pytest

from app import create_app
from checkin.config import Settings
from tests.races.history import Outcome, Try, facts_of, violations
from tests.support.crowd import Crowd, SignedIn, analyze, crowd_of, fill_queues
from tests.support.databases import close
from tests.support.load import Answer, Script, drive, post
from tests.support.server import running_server

pytestmark = [pytest.mark.race, pytest.mark.timeout(600)]
EXPERTS, WAITING, ARRIVING = 32, 300, 40


@pytest.fixture
def crowd(settings: Settings, teams: int) -> Iterator[Crowd]:
    app = create_app(settings)
    crowd = crowd_of(app, teams=teams, experts=EXPERTS, ask_phone="optional")
    fill_queues(app, crowd, tickets=WAITING)
    analyze(app)
    yield crowd
    close(app)


@pytest.mark.parametrize("teams", [1, 9])
def test_thirty_two_experts_are_given_each_ticket_once_in_order_and_nobody_is_told_empty_falsely(
    crowd: Crowd, settings: Settings, database_kind: str, teams: int
) -> None:
    processes = 1 if database_kind == "sqlite" else 2
    unlucky = "tests.races.served:create_app()"
    with running_server(settings, app=unlucky, processes=processes, ABORTED="20", LOST="5") as address:
        history, arrived = race(address, crowd)

    facts = facts_of(crowd.cast, crowd.codes, known_since=arrived)
    assert violations(history, facts) == []
    assert len(facts.takes) == WAITING + ARRIVING == len(arrived) + WAITING
    outcomes = {one.outcome for one in history}
    assert outcomes == {Outcome.OK, Outcome.EMPTY, Outcome.FAIL, Outcome.UNKNOWN}


def race(address: str, crowd: Crowd) -> tuple[list[Try], dict[str, float]]:
    """Let two processes of clients loose; return what the experts saw, and when each arrival was known to be done."""
    context = get_context("fork")
    with context.Manager() as manager:
        kiosks_open = manager.list([True, True])
        with context.Pool(2) as pool:
            work = [(address, crowd_without_app(crowd), half, kiosks_open) for half in (0, 1)]
            halves = pool.starmap(_half, work)
    history = [one for tries, _ in halves for one in tries]
    return history, {key: moment for _, arrived in halves for key, moment in arrived.items()}


def crowd_without_app(crowd: Crowd) -> dict[str, Any]:
    """Return what the clients need to know, in a form that travels to another process."""
    products = {code: f"Product {code}" for code in crowd.codes}
    ids = crowd.product_ids()
    return {
        "experts": list(crowd.experts), "codes": list(crowd.codes), "volunteer": crowd.volunteer,
        "products": [ids[products[code]] for code in crowd.codes],
    }  # fmt: skip


def _half(address: str, known: dict[str, Any], half: int, kiosks_open: Any) -> tuple[list[Try], dict[str, float]]:
    history: list[Try] = []
    arrived: dict[str, float] = {}
    chance = random.Random(half)
    experts = known["experts"][half::2]
    scripts = [_expert(browser, known["codes"], history, chance, kiosks_open) for browser in experts]
    kiosk = _kiosk(known["volunteer"], known["products"], half, arrived, kiosks_open)
    drive(address, [kiosk, *scripts], seconds=240)
    return history, arrived


def _expert(browser: SignedIn, codes: list[str], history: list[Try], chance: random.Random, kiosks_open: Any) -> Script:
    """Take from one queue after the other until each has said that it is empty after the kiosks had closed."""
    left = chance.sample(codes, len(codes))
    while left:
        team, click, last_round = chance.choice(left), str(uuid.uuid4()), not any(kiosks_open)
        request = post(f"/demo/desk/{team}/take", {"request_key": click}, browser)
        outcome = Outcome.FAIL
        while outcome in {Outcome.FAIL, Outcome.UNKNOWN}:
            answer = yield request
            outcome = _keep(history, browser, team, click, answer)
        if outcome is Outcome.OK and chance.random() < 0.1:
            _keep(history, browser, team, click, (yield request))
        if outcome is Outcome.EMPTY and last_round:
            left.remove(team)


def _keep(history: list[Try], browser: SignedIn, team: str, click: str, answer: Answer) -> Outcome:
    key = answer.location.rsplit("/", 1)[-1] if answer.status == 303 else None
    if key is not None:
        outcome = Outcome.OK
    elif answer.status == 409 and b'data-code="queue_empty"' in answer.body:
        outcome = Outcome.EMPTY
    else:
        assert answer.status in {0, 500, 503}, answer
        outcome = Outcome.FAIL if answer.status == 503 else Outcome.UNKNOWN
    history.append(Try(browser.someone.id, team, click, outcome, key, answer.invoked, answer.returned))
    return outcome


def _kiosk(browser: SignedIn, products: list[int], half: int, arrived: dict[str, float], kiosks_open: Any) -> Script:
    """Check people in, one after the other; the same submission is sent until it is answered."""
    for number in range(ARRIVING // 2):
        fields = {
            "submission_id": str(uuid.uuid4()), "first_name": "Carla", "last_name": f"Number {half}.{number}",
            "email": f"carla.{half}.{number}@example.org", "product": str(products[number % len(products)]),
        }  # fmt: skip
        answer = Answer(0, "", b"", 0, 0)
        while answer.status != 303:
            answer = yield post("/demo/checkin", fields, browser)
            assert answer.status in {0, 303, 500, 503}, answer
        key = answer.location.split("done=")[1].split("&")[0]
        assert key not in arrived
        arrived[key] = time.monotonic()
    kiosks_open[half] = False
