"""The desks that are measured: ours and the plain one, each with the same people waiting, and clients who take."""

import random
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import create_engine, insert, select
from sqlalchemy.orm import Session

from app import create_app
from bench import plain
from checkin.config import Settings
from tests.races.history import Facts, Outcome, Rule, Taken, Try, violations
from tests.support.crowd import Crowd, SignedIn, analyze, crowd_of, fill_queues
from tests.support.databases import SECRET_KEY, close, make_tables
from tests.support.load import Answer, Script, drive, post
from tests.support.postgres import Postgres

CLIENTS, TEAMS = 32, 9
EMPTY = (b'data-code="queue_empty"', b'"code":"queue_empty"')


@dataclass(frozen=True)
class Desk:
    """A desk with people waiting: what a server needs to serve it, and who can take there."""

    settings: Settings
    experts: Sequence[SignedIn]
    codes: Sequence[str]


@dataclass(frozen=True)
class OurDesk(Desk):
    """Checkin itself."""

    app: Flask
    crowd: Crowd


@dataclass
class Round:
    """What one round of clients saw."""

    seconds: float
    history: list[Try] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Return how many tickets were given per second."""
        return sum(one.key is not None for one in self.history) / self.seconds


@contextmanager
def our_desk(server: Postgres, *, tickets: int) -> Iterator[OurDesk]:
    """Yield our desk on a new database of this server."""
    url = server.new_database()
    try:
        with desk_on(url, tickets=tickets) as desk:
            yield desk
    finally:
        server.drop_database(url)


@contextmanager
def desk_on(url: str, *, tickets: int) -> Iterator[OurDesk]:
    """Yield our desk with 32 experts, nine teams, and that many people waiting who get a text and an email."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        make_tables(url, folder)
        settings = Settings(database_url=url, secret_key=SECRET_KEY, instance_folder=folder, worker_inside=False)
        app = create_app(settings)
        stack.callback(close, app)
        crowd = crowd_of(app, teams=TEAMS, experts=CLIENTS)
        fill_queues(app, crowd, tickets=tickets, phone="+14155552671")
        analyze(app)
        yield OurDesk(settings, crowd.experts, crowd.codes, app, crowd)


@contextmanager
def plain_desk(server: Postgres, ours: OurDesk, *, tickets: int) -> Iterator[Desk]:
    """Yield the plain desk with the same experts, as many teams and as many people waiting."""
    url = server.new_database()
    engine = create_engine(url)
    plain.Base.metadata.create_all(engine)
    begin = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=1)
    people = [one.someone for one in ours.experts]
    members = [{"user_id": person.id, "team_id": number} for person in people for number in range(1, TEAMS + 1)]
    with engine.begin() as connection:
        connection.execute(insert(plain.Team), [{"id": n, "code": code} for n, code in enumerate(ours.codes, 1)])
        connection.execute(insert(plain.User), [{"id": person.id, "name": person.name} for person in people])
        connection.execute(insert(plain.Membership), members)
        rows = [
            {
                "key": f"{ours.codes[n % TEAMS]}-{n}", "first_name": f"Guest {n}", "email": f"guest{n}@example.org",
                "phone": "+14155552671", "status": "open", "team_id": n % TEAMS + 1,
                "queued_at": begin + timedelta(milliseconds=n),
            }
            for n in range(1, tickets + 1)
        ]  # fmt: skip
        connection.execute(insert(plain.Ticket), rows)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    engine.dispose()
    settings = Settings(database_url=url, secret_key=SECRET_KEY, instance_folder=ours.settings.instance_folder)
    yield Desk(settings, [_signed_in(ours.app, one) for one in ours.experts], ours.codes)
    server.drop_database(url)


def _signed_in(app: Flask, browser: SignedIn) -> SignedIn:
    """Return the browser with a cookie of the plain app, which knows its people by their ids."""
    interface = app.session_interface
    serializer = interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    cookie = serializer.dumps({"_user_id": str(browser.someone.id), "_fresh": True})
    return SignedIn(cookie, browser.csrf_token, browser.someone)


def take_for(seconds: float, address: str, desk: Desk) -> Round:
    """Let every expert take as fast as the desk answers, for so long."""
    begin = time.monotonic()
    done = Round(0)
    drive(address, [_takes_until(begin + seconds, browser, desk, n, done) for n, browser in enumerate(desk.experts)])
    done.seconds = time.monotonic() - begin
    return done


def take_all(address: str, desk: Desk) -> Round:
    """Let every expert take until each queue has told them that it is empty; press again what failed."""
    begin = time.monotonic()
    done = Round(0)
    drive(address, [_takes_all(browser, desk, random.Random(n), done) for n, browser in enumerate(desk.experts)])
    done.seconds = time.monotonic() - begin
    return done


def _takes_until(end: float, browser: SignedIn, desk: Desk, first: int, done: Round) -> Script:
    number = first
    while time.monotonic() < end:
        team, click = desk.codes[number % len(desk.codes)], str(uuid.uuid4())
        done.history.append(_seen(browser, team, click, (yield _take(browser, team, click))))
        number += 1


def _takes_all(browser: SignedIn, desk: Desk, chance: random.Random, done: Round) -> Script:
    left = list(desk.codes)
    while left:
        team, click = chance.choice(left), str(uuid.uuid4())
        outcome = Outcome.FAIL
        while outcome is Outcome.FAIL:
            done.history.append(_seen(browser, team, click, (yield _take(browser, team, click))))
            outcome = done.history[-1].outcome
        if outcome is Outcome.EMPTY:
            left.remove(team)


def _take(browser: SignedIn, team: str, click: str) -> bytes:
    return post(f"/demo/desk/{team}/take", {"request_key": click}, browser)


def _seen(browser: SignedIn, team: str, click: str, answer: Answer) -> Try:
    key = answer.location.rsplit("/", 1)[-1] if answer.status == 303 else None
    outcome = Outcome.OK if key else Outcome.FAIL
    if answer.status == 409 and any(sign in answer.body for sign in EMPTY):
        outcome = Outcome.EMPTY
    return Try(browser.someone.id, team, click, outcome, key, answer.invoked, answer.returned)


def plain_facts(desk: Desk, history: Sequence[Try]) -> Facts:
    """Return what the plain desk's database holds; it keeps no clicks, so they come from the history."""
    engine = create_engine(desk.settings.effective_database_url)
    clicks = {(one.key, one.expert_id): one.click for one in history if one.key is not None}
    with Session(engine) as session:
        tickets = session.scalars(select(plain.Ticket).order_by(plain.Ticket.queued_at)).all()
        changes = session.scalars(select(plain.Change).order_by(plain.Change.id)).all()
    engine.dispose()
    keys = {ticket.id: ticket.key for ticket in tickets}
    takes = [
        Taken(key, key.split("-")[0], change.user_id, clicks.get((key, change.user_id), ""), number)
        for number, change in enumerate(changes)
        for key in (keys[change.ticket_id],)
    ]
    return Facts(
        queues={code: [ticket.key for ticket in tickets if ticket.key.split("-")[0] == code] for code in desk.codes},
        owners={ticket.key: ticket.owner_id for ticket in tickets},
        channels={ticket.key: frozenset() for ticket in tickets},
        takes=takes,
        alerts=Counter(),
        changes=Counter(),
    )


def faults(history: Sequence[Try], facts: Facts) -> dict[str, int]:
    """Return how often a ticket was given twice, one was passed over, and "empty" was not true."""
    found = Counter(violation.rule for violation in violations(history, facts))
    return {
        "doubles": found[Rule.GIVEN_TWICE],
        "inversions": found[Rule.OUT_OF_ORDER],
        "false_empty": found[Rule.FALSE_EMPTY],
    }
