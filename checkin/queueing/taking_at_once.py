"""The one statement of a take on PostgreSQL: ticket, take, history and alerts in one round trip (specification 3.3).

Written as SQL: it is the same for every take, and nothing is left to put together while others wait for the lock.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Final

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from checkin.alerts import outbox
from checkin.models import AlertKind, Channel, EventSettings, Presence, QueueState


@dataclass(frozen=True)
class LockedTeam:
    """The team whose row is held, with the settings of its event as they are stored."""

    id: int
    name: str
    queue_state: QueueState
    settings_json: str
    presence: Presence


_AS_MANY_AS_ONE_LIKES: Final = 2**31 - 1

# The expert first, then the team: the join gives the team's row to lock only after the expert's was locked.
_LOCK: Final = text("""
WITH expert AS MATERIALIZED (
  SELECT id, presence FROM people WHERE id = :expert_id AND event_id = :event_id FOR NO KEY UPDATE
)
SELECT teams.id, teams.name, teams.queue_state, events.settings_json, expert.presence
FROM teams JOIN events ON events.id = teams.event_id JOIN expert ON expert.id = :expert_id
WHERE teams.event_id = :event_id AND teams.code = :team_code
FOR NO KEY UPDATE OF teams
""")

# The clock is read once, under the locks: nobody is taken before they were queued. The condition of the queue stands
# as in its partial index, and `kind` is written out, so that a plan for any value can use the indexes.
_TAKE: Final = """
WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS at),
taken AS (
  UPDATE tickets
  SET owner_id = :expert_id, desk = :desk, taken_at = clock.at, arrived_at = NULL, called_at = NULL,
    call_number = 0, on_the_way_at = NULL, not_before = NULL, updated_at = clock.at,
    take_number = take_number + 1, version = version + 1
  FROM clock
  WHERE tickets.id = (
      SELECT id FROM tickets
      WHERE team_id = :team_id AND kind = 'open' AND owner_id IS NULL
        AND (not_before IS NULL OR not_before <= (SELECT at FROM clock))
      ORDER BY priority, queued_at, id
      LIMIT 1
    )
    AND tickets.owner_id IS NULL
    AND EXISTS (SELECT FROM team_members WHERE team_id = :team_id AND person_id = :expert_id)
    AND NOT EXISTS (SELECT FROM takes WHERE person_id = :expert_id AND request_key = :request_key)
    AND (SELECT count(*) FROM tickets WHERE owner_id = :expert_id AND kind = 'open') < :hands
  RETURNING tickets.id, event_id, key, take_number, taken_at, phone, email, source
),
kept AS (
  INSERT INTO takes (ticket_id, person_id, take_number, request_key, taken_at)
  SELECT id, :expert_id, take_number, :request_key, taken_at FROM taken
),
recorded AS (
  INSERT INTO ticket_changes (ticket_id, action, actor, person_id, at, before, after, words)
  SELECT id, 'take', 'person', :expert_id, taken_at, '{"owner"\\: null}', :after, '' FROM taken
)
"""
_KEY: Final = "SELECT key FROM taken"


def lock_team(session: Session, *, event_id: int, team_code: str, expert_id: int) -> LockedTeam | None:
    """Hold the expert's row, then the team's, until the transaction ends; None when the event has not both."""
    values = {"event_id": event_id, "team_code": team_code, "expert_id": expert_id}
    row = session.connection().execute(_LOCK, values).one_or_none()
    return None if row is None else LockedTeam(row[0], row[1], QueueState(row[2]), row[3], Presence(row[4]))


def write_take(
    session: Session, *, team_id: int, expert_id: int, request_key: str, desk: str, after: dict[str, Any],
    settings: EventSettings,
) -> str | None:  # fmt: skip
    """Give the first offered ticket of the queue to the expert, whose row and team the caller holds; return its key.

    Returns None, with nothing written, when none is offered, the hands are full, the click was answered before, or the
    expert is not in the team.
    """
    values = {
        "team_id": team_id,
        "expert_id": expert_id,
        "request_key": request_key,
        "desk": desk,
        "after": json.dumps(after),
        "hands": settings.tickets_in_hand or _AS_MANY_AS_ONE_LIKES,
        "delay": outbox.ready_delay(settings),
        "lifetime": timedelta(minutes=settings.ready_expires_minutes),
    }
    statement = take_statement(outbox.channels_of(AlertKind.READY, settings))
    key: str | None = session.connection().execute(statement, values).scalar_one_or_none()
    return key


@cache
def take_statement(channels: tuple[Channel, ...]) -> TextClause:
    """Return the statement for an event that alerts on these channels."""
    alerts = [f", {channel}_alert AS ({outbox.ready_alert(channel)})\n" for channel in channels]
    return text("".join([_TAKE, *alerts, _KEY]))
