"""Broken variants of take, each wrong in one way that somebody has really written. The checker has to catch them all.

A variant gets an open connection in a transaction and returns the key of the ticket, or None for "the queue is empty".
Those of SQLite run on connections as the stock driver opens them.
"""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, text

from checkin.queueing.errors import HandsFull
from tests.races.history import Rule


@dataclass(frozen=True)
class Click:
    """One click on "Take next ticket"."""

    event_id: int
    team_id: int
    expert_id: int
    request_key: str


Variant = Callable[[Connection, Click], str | None]

HEAD: Final = "SELECT id FROM tickets WHERE team_id = :team AND kind = 'open' AND owner_id IS NULL ORDER BY {} LIMIT 1"
IN_ORDER: Final = HEAD.format("priority, queued_at, id")
GIVE: Final = (
    "UPDATE tickets SET owner_id = :expert, taken_at = CURRENT_TIMESTAMP, take_number = take_number + 1, "
    "version = version + 1 WHERE id = {} RETURNING id, key, take_number"
)
LOCK: Final = "SELECT id FROM teams WHERE id = :team FOR NO KEY UPDATE"
HELD: Final = "SELECT count(*) FROM tickets WHERE owner_id = :expert AND kind = 'open'"


def correct(connection: Connection, click: Click) -> str | None:
    """Take as it should be, in the same plain style: what the checker must not blame."""
    _run(connection, "SELECT id FROM people WHERE id = :expert FOR NO KEY UPDATE", click)
    _run(connection, LOCK, click)
    if before := _answered(connection, click):
        return before
    return _given(connection, click, _run(connection, GIVE.format(f"({IN_ORDER})"), click))


def skips_locked_rows(connection: Connection, click: Click) -> str | None:
    """FOR UPDATE SKIP LOCKED, as every blog says: out of order as soon as one transaction rolls back."""
    head = _run(connection, f"{IN_ORDER} FOR UPDATE SKIP LOCKED", click)
    return _given(connection, click, _run(connection, GIVE.format(":id"), click, id=head[0].id)) if head else None


def updates_with_a_guard(connection: Connection, click: Click) -> str | None:
    """UPDATE ... WHERE id = (the first) AND owner IS NULL: who loses the race is told that the queue is empty."""
    return _given(connection, click, _run(connection, _guarded(), click))


def selects_then_updates(connection: Connection, click: Click) -> str | None:
    """Read the first, think, write: two experts read the same one."""
    head = _run(connection, IN_ORDER, click)
    _think()
    return _given(connection, click, _run(connection, GIVE.format(":id"), click, id=head[0].id)) if head else None


def orders_by_id_downwards(connection: Connection, click: Click) -> str | None:
    """Newest first."""
    _run(connection, LOCK, click)
    return _given(connection, click, _run(connection, GIVE.format(f"({HEAD.format('id DESC')})"), click))


def forgets_the_urgent(connection: Connection, click: Click) -> str | None:
    """Oldest first, whoever is urgent."""
    _run(connection, LOCK, click)
    return _given(connection, click, _run(connection, GIVE.format(f"({HEAD.format('queued_at, id')})"), click))


def forgets_an_alert(connection: Connection, click: Click) -> str | None:
    """The email is sent, the text is forgotten."""
    _run(connection, LOCK, click)
    rows = _run(connection, GIVE.format(f"({IN_ORDER})"), click)
    return _given(connection, click, rows, channels=("email",))


def alerts_in_a_transaction_of_their_own(connection: Connection, click: Click) -> str | None:
    """The alerts are committed first: after an abort somebody is called whom nobody waits for."""
    _run(connection, LOCK, click)
    rows = _run(connection, GIVE.format(f"({IN_ORDER})"), click)
    if rows:
        with connection.engine.begin() as apart:
            _alert(apart, click, rows[0], ("text", "email"))
    return _given(connection, click, rows, channels=())


def forgets_the_history(connection: Connection, click: Click) -> str | None:
    """No row in ticket_changes."""
    _run(connection, LOCK, click)
    rows = _run(connection, GIVE.format(f"({IN_ORDER})"), click)
    if not rows:
        return None
    _keep(connection, click, rows[0])
    _alert(connection, click, rows[0], ("text", "email"))
    return str(rows[0].key)


def forgets_the_click(connection: Connection, click: Click) -> str | None:
    """A click that is sent again takes another ticket."""
    _run(connection, LOCK, click)
    rows = _run(connection, GIVE.format(f"({IN_ORDER})"), click)
    return _given(connection, replace(click, request_key=str(uuid.uuid4())), rows)


def answers_before_the_commit(connection: Connection, click: Click) -> str | None:
    """Right in itself; the race lets its answer out before an abort."""
    return correct(connection, click)


def counts_hands_without_a_lock(connection: Connection, click: Click) -> str | None:
    """Two tabs of one expert both see one free hand."""
    if _run(connection, HELD, click)[0].count:
        raise HandsFull
    _think()
    _run(connection, LOCK, click)
    return _given(connection, click, _run(connection, GIVE.format(f"({IN_ORDER})"), click))


def begins_late_on_sqlite(connection: Connection, click: Click) -> str | None:
    """The stock driver begins at the first write: what was read before is old by then."""
    head = _run(connection, IN_ORDER, click)
    _think()
    return _given(connection, click, _run(connection, GIVE.format(":id"), click, id=head[0].id)) if head else None


CAUGHT_BY: Final[dict[Variant, Rule]] = {
    skips_locked_rows: Rule.OUT_OF_ORDER,
    updates_with_a_guard: Rule.FALSE_EMPTY,
    selects_then_updates: Rule.GIVEN_TWICE,
    orders_by_id_downwards: Rule.PASSED_OVER,
    forgets_the_urgent: Rule.OUT_OF_ORDER,
    forgets_an_alert: Rule.ALERTS,
    alerts_in_a_transaction_of_their_own: Rule.ALERTS,
    forgets_the_history: Rule.CHANGES,
    forgets_the_click: Rule.ANSWERED_DIFFERENTLY,
    answers_before_the_commit: Rule.LOST,
    counts_hands_without_a_lock: Rule.HANDS,
}


def _guarded() -> str:
    return GIVE.format(f"({IN_ORDER})").replace(" RETURNING", " AND owner_id IS NULL RETURNING")


def _think() -> None:
    """Give the others a moment, as a slow network or a page to render would."""
    time.sleep(0.002)


def _run(connection: Connection, statement: str, click: Click, **more: Any) -> list[Any]:
    values = {
        "event": click.event_id, "team": click.team_id, "expert": click.expert_id, "click": click.request_key,
    }  # fmt: skip
    clause = text(statement)
    wanted = clause._bindparams
    result = connection.execute(clause, {name: value for name, value in (values | more).items() if name in wanted})
    return list(result.all()) if result.returns_rows else []


def _answered(connection: Connection, click: Click) -> str | None:
    rows = _run(
        connection,
        "SELECT key FROM tickets JOIN takes ON ticket_id = tickets.id "
        "WHERE person_id = :expert AND request_key = :click",
        click,
    )
    return str(rows[0].key) if rows else None


def _given(
    connection: Connection, click: Click, rows: list[Any], *, channels: tuple[str, ...] = ("text", "email")
) -> str | None:
    if not rows:
        return None
    _keep(connection, click, rows[0])
    _alert(connection, click, rows[0], channels)
    _run(
        connection,
        "INSERT INTO ticket_changes (ticket_id, action, actor, person_id, at, before, after, words) "
        "VALUES (:id, 'take', 'person', :expert, CURRENT_TIMESTAMP, '{}', '{}', '')",
        click,
        id=rows[0].id,
    )
    return str(rows[0].key)


def _keep(connection: Connection, click: Click, row: Any) -> None:
    _run(
        connection,
        "INSERT INTO takes (ticket_id, person_id, take_number, request_key, taken_at) "
        "VALUES (:id, :expert, :number, :click, CURRENT_TIMESTAMP)",
        click,
        id=row.id,
        number=row.take_number,
    )


def _alert(connection: Connection, click: Click, row: Any, channels: tuple[str, ...]) -> None:
    for channel in channels:
        _run(
            connection,
            "INSERT INTO alerts (event_id, ticket_id, person_id, kind, channel, occasion, state, reason_code, reason, "
            "created_at, due_at, attempts, transmissions, possible_duplicate, recipient, subject, body, provider_id) "
            "VALUES (:event, :id, :expert, 'ready', :channel, :occasion, 'pending', '', '', CURRENT_TIMESTAMP, "
            "CURRENT_TIMESTAMP, 0, 0, false, '', '', '', '') ON CONFLICT DO NOTHING",
            click,
            id=row.id,
            channel=channel,
            occasion=str(row.take_number),
        )
