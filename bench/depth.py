"""A take from a queue of 1,000,000 open tickets against one from a queue of 100.

The desk's own `take_next` with its locks and its commit, one after the other on PostgreSQL, taking turns between two
databases that differ only in how many people wait. The queue's partial index is what keeps the ratio near one; without
it a take reads the whole queue. `ratio` is that of the medians. Prints one line of JSON.
"""

import json
import statistics
import time
import uuid
from contextlib import ExitStack

from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError

from bench.queues import OurDesk, our_desk
from checkin.db import transaction
from checkin.queueing.moving import put_back
from checkin.queueing.taking import take_next
from tests.support.crowd import analyze
from tests.support.postgres import Durability, running_postgres

DEEP, SHALLOW, TAKES = 1_000_000, 100, 300
FILL = """
INSERT INTO tickets (event_id, number, key, token, submission_id, submission_digest, source, checked_in_where,
  customer_id, first_name, last_name, email, phone, username, language, title, notes, urgent_reason, product_id,
  asked_product_id, team_id, desk, status_id, kind, priority, queued_at, updated_at, take_number, version, answers,
  more_time, call_number)
SELECT event_id, n, 'DEEP-' || n, 'deep' || n, 'deep-' || n, submission_digest, source, '', customer_id, first_name, '',
  'guest@example.org', phone, '', 'en', title, '', '', product_id, asked_product_id, team_id, '', status_id, kind,
  priority, queued_at + n * interval '1 millisecond', updated_at, 0, 1, '{}', 0, 0
FROM (SELECT * FROM tickets WHERE team_id = :team_id ORDER BY id LIMIT 1) AS one,
  generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n
"""


def main() -> None:
    """Measure and print."""
    with running_postgres(Durability.ON_DISK) as server, ExitStack() as stack:
        deep = stack.enter_context(our_desk(server, tickets=SHALLOW * 9))
        shallow = stack.enter_context(our_desk(server, tickets=SHALLOW * 9))
        begin = time.monotonic()
        _deepen(deep)
        filled = time.monotonic() - begin
        times: dict[str, list[float]] = {"deep": [], "shallow": []}
        for number in range(TAKES + 20):
            for name, desk in (("deep", deep), ("shallow", shallow)):
                seconds = _take_and_put_back(desk, number)
                if number >= 20:
                    times[name].append(seconds)
    medians = {name: statistics.median(those) * 1000 for name, those in times.items()}
    figures = {
        "bench": "depth", "deep": DEEP, "shallow": SHALLOW, "takes": TAKES,
        "deep_ms": round(medians["deep"], 2), "shallow_ms": round(medians["shallow"], 2),
        "ratio": round(medians["deep"] / medians["shallow"], 3), "filled_in_s": round(filled, 1),
    }  # fmt: skip
    print(json.dumps(figures))


def _deepen(desk: OurDesk) -> None:
    """Let a million people wait in the first team's queue; the foreign keys are right as they are copied."""
    team_id = desk.crowd.team_ids()[desk.codes[0]]
    engine = create_engine(desk.settings.effective_database_url)
    with engine.begin() as connection:
        try:
            with connection.begin_nested():
                connection.execute(text("SET LOCAL session_replication_role = replica"))
        except ProgrammingError:
            pass  # somebody else's server: the keys are checked one by one, which only takes longer
        connection.execute(text("SET LOCAL synchronous_commit = off"))
        connection.execute(text(FILL), {"team_id": team_id, "first": 1_000_000, "last": 1_000_000 + DEEP - 1})
    engine.dispose()
    analyze(desk.app)


def _take_and_put_back(desk: OurDesk, number: int) -> float:
    """Return how long one take lasts; the ticket goes back, so that the shallow queue keeps its length."""
    expert_id = desk.experts[number % len(desk.experts)].someone.id
    event_id = desk.crowd.cast.event_id
    with desk.app.app_context():
        begin = time.perf_counter()
        with transaction() as session:
            key = take_next(
                session, event_id=event_id, team_code=desk.codes[0], expert_id=expert_id, request_key=str(uuid.uuid4())
            ).key
        seconds = time.perf_counter() - begin
        with transaction() as session:
            put_back(session, key, event_id=event_id, by=expert_id, version=None)
    return seconds


if __name__ == "__main__":
    main()
