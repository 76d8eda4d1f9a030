"""The bare transactions: the statements of a take and of a check-in straight on PostgreSQL, without app and HTTP."""

import json
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from multiprocessing import get_context
from typing import Any

import psycopg
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from bench.queues import CLIENTS, OurDesk
from checkin.models import Channel
from checkin.queueing.taking_at_once import take_statement
from tests.support.postgres import plain_address

PROCESSES = 2
LOCK = """
WITH expert AS MATERIALIZED (SELECT id FROM people WHERE id = %(expert_id)s FOR NO KEY UPDATE)
SELECT teams.id FROM teams JOIN expert ON true WHERE teams.id = %(team_id)s FOR NO KEY UPDATE OF teams
"""
NOTIFY = "SELECT pg_notify('checkin', %(topic)s)"
Work = Callable[[psycopg.Connection[Any], int, int], None]


def raw_takes(desk: OurDesk, *, seconds: float) -> float:
    """Return takes per second: locks, the one statement, the notification, commit."""
    ids = desk.crowd.team_ids()
    teams = [ids[code] for code in desk.codes]
    experts = [one.someone.id for one in desk.experts]
    clause = take_statement((Channel.TEXT, Channel.EMAIL))
    statement = str(
        clause.compile(
            dialect=PGDialect_psycopg()  # type: ignore[no-untyped-call]
        )
    )

    def take(connection: psycopg.Connection[Any], client: int, number: int) -> None:
        team_id, expert_id = teams[(client + number) % len(teams)], experts[client]
        values = {
            "team_id": team_id, "expert_id": expert_id, "request_key": str(uuid.uuid4()), "desk": "7",
            "after": json.dumps({"owner": expert_id, "team": team_id, "desk": "7"}), "hands": 2**31 - 1,
            "lifetime": timedelta(minutes=15),
        }  # fmt: skip
        with connection.transaction():
            connection.execute(LOCK, values)
            key = connection.execute(statement, values).fetchone()
            connection.execute(NOTIFY, {"topic": f"event:{desk.crowd.cast.event_id}"})
        if key is None:
            raise RuntimeError("the queues of the bench are too short")

    return _rate(desk, take, seconds)


def _rate(desk: OurDesk, work: Work, seconds: float) -> float:
    """Let processes with 16 connections each work at once; return what they did per second."""
    address = plain_address(desk.settings.effective_database_url)
    context = get_context("fork")
    results: Any = context.SimpleQueue()
    share = CLIENTS // PROCESSES
    running = [
        context.Process(
            target=_report, args=(results, partial(_work, address, work, range(n * share, n * share + share), seconds))
        )
        for n in range(PROCESSES)
    ]
    for process in running:
        process.start()
    rates = [results.get() for _ in running]
    for process in running:
        process.join()
    if any(isinstance(rate, str) for rate in rates):
        raise RuntimeError(rates)
    total: float = sum(rates)
    return total


def _report(results: Any, work: Callable[[], float]) -> None:
    try:
        results.put(work())
    except BaseException as error:  # noqa: BLE001 - the other process waits for a word
        results.put(repr(error))


def _work(address: str, work: Work, clients: range, seconds: float) -> float:
    connections = [psycopg.connect(address, autocommit=True) for _ in clients]
    begin = time.monotonic()

    def client(number: int, connection: psycopg.Connection[Any]) -> int:
        count = 0
        while time.monotonic() < begin + seconds:
            work(connection, number, count)
            count += 1
        return count

    with ThreadPoolExecutor(len(clients)) as pool:
        total = sum(pool.map(client, clients, connections))
    rate = total / (time.monotonic() - begin)
    for connection in connections:
        connection.close()
    return rate
