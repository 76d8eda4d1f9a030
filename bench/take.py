"""Taking over HTTP against the bare transaction and against the plain app.

32 clients, nine teams, PostgreSQL with commits on disk, gunicorn with two processes, everything on this machine.
Compared in rounds of a few seconds that take turns, so that what else the machine does falls on all alike:

- http: our desk, POST /demo/desk/<team>/take, by one light client process;
- raw: the same locks and the same statement straight on the database, by two processes with 16 connections each;
- plain: bench/plain.py (Flask, Flask-Login, Flask-SQLAlchemy, SKIP LOCKED) behind the same server, by the same client.

http_to_raw and http_to_plain are medians over the rounds. Then both desks are emptied once more while a fifth of the
transactions is aborted before the commit, and what went wrong is counted by the checker of the races (tests/races):
doubles, inversions, "empty" said falsely. Prints one line of JSON.
"""

import json
import statistics
from contextlib import AbstractContextManager, ExitStack

from bench.queues import CLIENTS, TEAMS, faults, our_desk, plain_desk, plain_facts, take_all, take_for
from bench.raw import raw_takes
from checkin.config import Settings
from tests.races.history import facts_of
from tests.support.postgres import Durability, Postgres, running_postgres
from tests.support.server import running_server

ROUNDS, SECONDS, PROCESSES, THREADS = 4, 2.5, 2, 16


def main() -> None:
    """Measure and print."""
    with running_postgres(Durability.ON_DISK) as server:
        figures = _rates(server) | {"with_a_fifth_aborted": _faults(server)}
    print(json.dumps({"bench": "take", "clients": CLIENTS, "teams": TEAMS} | figures))


def _rates(server: Postgres) -> dict[str, object]:
    with ExitStack() as stack:
        ours = stack.enter_context(our_desk(server, tickets=12_000))
        bare = stack.enter_context(our_desk(server, tickets=24_000))
        theirs = stack.enter_context(plain_desk(server, ours, tickets=12_000))
        here = stack.enter_context(running_server(ours.settings, processes=PROCESSES, threads=THREADS))
        there = stack.enter_context(
            running_server(theirs.settings, app="bench.plain:create_app()", processes=PROCESSES, threads=THREADS)
        )
        take_for(2, here, ours)
        take_for(2, there, theirs)
        http, raw, plain, waits = [], [], [], []
        for _ in range(ROUNDS):
            seen = take_for(SECONDS, here, ours)
            waits += [one.returned - one.invoked for one in seen.history]
            http.append(seen.rate)
            raw.append(raw_takes(bare, seconds=SECONDS))
            plain.append(take_for(SECONDS, there, theirs).rate)
    waits.sort()
    return {
        "http_per_s": round(statistics.median(http)),
        "raw_per_s": round(statistics.median(raw)),
        "plain_per_s": round(statistics.median(plain)),
        "http_to_raw": round(statistics.median(a / b for a, b in zip(http, raw, strict=True)), 3),
        "http_to_plain": round(statistics.median(a / b for a, b in zip(http, plain, strict=True)), 2),
        "p50_ms": round(waits[len(waits) // 2] * 1000, 1),
        "p99_ms": round(waits[len(waits) * 99 // 100] * 1000, 1),
    }


def _faults(server: Postgres) -> dict[str, dict[str, int]]:
    with ExitStack() as stack:
        ours = stack.enter_context(our_desk(server, tickets=900))
        theirs = stack.enter_context(plain_desk(server, ours, tickets=900))
        with _unlucky(ours.settings, "tests.races.served:create_app()") as here:
            seen = take_all(here, ours)
        with _unlucky(theirs.settings, "bench.plain:create_app()") as there:
            seen_there = take_all(there, theirs)
        return {
            "http": faults(seen.history, facts_of(ours.crowd.cast, ours.codes)),
            "plain": faults(seen_there.history, plain_facts(theirs, seen_there.history)),
        }


def _unlucky(settings: Settings, app: str) -> AbstractContextManager[str]:
    return running_server(settings, app=app, processes=PROCESSES, threads=THREADS, ABORTED="20")


if __name__ == "__main__":
    main()
