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
    """Return takes per second: locks, the one statement, commit, the notification."""
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
            "delay": timedelta(), "lifetime": timedelta(minutes=15),
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


LOOK_UP = """
SELECT products.id, products.name, teams.id, teams.code, teams.name, teams.queue_state, statuses.id,
  events.settings_json, tickets.key, tickets.submission_digest
FROM products JOIN teams ON teams.id = products.team_id JOIN events ON events.id = products.event_id
JOIN statuses ON statuses.event_id = %(event_id)s AND statuses.code = 'open'
LEFT JOIN tickets ON tickets.event_id = %(event_id)s AND tickets.submission_id = %(submission_id)s
WHERE products.id = %(product_id)s AND products.event_id = %(event_id)s
"""
HOLD_PERSON = """
SELECT pg_advisory_xact_lock(hashtextextended(%(email)s, 0)), pg_advisory_xact_lock(hashtextextended(%(phone)s, 0))
"""
KNOWN = "SELECT id FROM customers WHERE event_id = %(event_id)s AND (email = %(email)s OR phone = %(phone)s)"
RECOGNISED = """
SELECT id FROM customers WHERE event_id = %(event_id)s
  AND (email = %(email)s OR phone = %(phone)s AND email IS NULL) LIMIT 1
"""
QUEUE_STATE = "SELECT queue_state FROM teams WHERE id = %(team_id)s FOR KEY SHARE"
CUSTOMER = """
INSERT INTO customers (event_id, first_name, last_name, email, phone, username, language)
VALUES (%(event_id)s, 'Carla', 'Jones', %(email)s, %(phone)s, '', 'en')
ON CONFLICT (event_id, email) DO UPDATE SET first_name = excluded.first_name, last_name = excluded.last_name,
  phone = excluded.phone, username = excluded.username, language = excluded.language
RETURNING id
"""
COUNTER = """
UPDATE event_counters SET tickets = tickets + 1 WHERE event_id = %(event_id)s RETURNING tickets, clock_timestamp()
"""
TICKET = """
INSERT INTO tickets (event_id, number, key, token, submission_id, submission_digest, source, checked_in_where,
  customer_id, first_name, last_name, email, phone, username, language, title, notes, urgent_reason, product_id,
  asked_product_id, team_id, desk, status_id, kind, priority, queued_at, updated_at, take_number, version, answers,
  more_time, call_number)
VALUES (%(event_id)s, %(number)s, %(key)s, %(token)s, %(submission_id)s, repeat('0', 64), 'kiosk', '', %(customer_id)s,
  'Carla', 'Jones', %(email)s, %(phone)s, '', 'en', 'Carla needs your help', 'the chart is empty', '',
  %(product_id)s, %(product_id)s, %(team_id)s, '', %(status_id)s, 'open', 1, %(moment)s, %(moment)s, 0, 1, '{}', 0, 0)
RETURNING id
"""
CHANGE = """
INSERT INTO ticket_changes (ticket_id, action, actor, at, before, after, words)
VALUES (%(ticket_id)s, 'check_in', 'customer', %(moment)s, '{}', '{"status": "open"}', '')
"""


def raw_check_ins(desk: OurDesk, *, seconds: float) -> float:
    """Return check-ins per second: the person held, look-ups, customer, counter, ticket, history, commit."""
    event_id = desk.crowd.cast.event_id
    ids = desk.crowd.product_ids()
    products = [ids[f"Product {code}"] for code in desk.codes]

    def check_in(connection: psycopg.Connection[Any], client: int, number: int) -> None:
        submission_id = str(uuid.uuid4())
        values: dict[str, Any] = {
            "event_id": event_id, "submission_id": submission_id,
            "product_id": products[(client + number) % len(products)],
            "email": f"{submission_id}@example.org", "phone": f"+{submission_id.replace('-', '')[:14]}",
            "token": submission_id[:22],
        }  # fmt: skip
        with connection.transaction():
            connection.execute(HOLD_PERSON, values)
            found = _one(connection, LOOK_UP, values)
            values |= {"team_id": found[2], "status_id": found[6]}
            connection.execute(KNOWN, values)
            connection.execute(RECOGNISED, values)
            connection.execute(QUEUE_STATE, values)
            values["customer_id"] = _one(connection, CUSTOMER, values)[0]
            values["number"], values["moment"] = _one(connection, COUNTER, values)
            values["key"] = f"{found[3]}-{values['number']}"
            values["ticket_id"] = _one(connection, TICKET, values)[0]
            connection.execute(CHANGE, values)
        connection.execute(NOTIFY, {"topic": f"event:{event_id}"})

    return _rate(desk, check_in, seconds)


def _one(connection: psycopg.Connection[Any], statement: str, values: dict[str, Any]) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = connection.execute(statement, values).fetchone()
    if row is None:
        raise RuntimeError(statement)
    return row
