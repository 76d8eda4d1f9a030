"""Opens, pauses and closes queues, settles who waits when one closes, ends the day (docs/specification.md, 3.6)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from checkin.db import announce, database_now
from checkin.models import (
    AuditAction,
    AuditEntry,
    Event,
    GivenRole,
    Person,
    Presence,
    QueueState,
    StatusCode,
    Team,
    Ticket,
)
from checkin.models.ticket import in_queue
from checkin.queueing.errors import NoSuchTeam, NothingChanged, NotYourQueue, OnlyOrganisers, TeamChanged
from checkin.queueing.handing_over import let_wait
from checkin.queueing.history import as_it_stands, by_person
from checkin.queueing.locks import lock_event, lock_people
from checkin.queueing.permissions import has_role, leads_team
from checkin.queueing.transitions import set_status, status_named


class Waiting(StrEnum):
    """What becomes of those who wait in a queue that closes."""

    LEAVE = "leave"
    CANCEL = "cancel"
    HAND_OVER = "hand_over"


def set_queue_state(
    session: Session, *, event_id: int, team_code: str, to: QueueState, by: int, expected: QueueState | None
) -> None:
    """Open, pause or close the team's queue; it is audited, and nothing happens when it is so already.

    Raises NoSuchTeam, NotYourQueue, and TeamChanged when it is no longer as `expected` (None: however it is).
    """
    team = _hold_queues(session, [team_code], event_id=event_id)[team_code]
    _require_run(session, team, by)
    if team.queue_state is to:
        return
    if expected is not None and team.queue_state is not expected:
        raise TeamChanged(team=team.name)
    before = {"state": team.queue_state.value}
    team.queue_state = to
    _audit(
        session, AuditAction.QUEUE_STATE, event_id=event_id, by=by, at=database_now(session), subject=team.code,
        before=before, after={"state": to.value},
    )  # fmt: skip


def settle_waiting(
    session: Session, *, event_id: int, team_code: str, by: int, choice: Waiting, to_team_code: str | None = None,
    words: str = "",
) -> int:  # fmt: skip
    """Cancel everybody who waits for the team, hand them over to another one, or leave them; return how many moved.

    With CANCEL they are told, with `words` if there are any. With HAND_OVER they keep product and check-in time and are
    not told. One entry in the audit log says what was decided, unless nobody was there to be moved. Raises NoSuchTeam,
    NotYourQueue, QueueClosed (the other team takes nobody new), NothingChanged (it is the same one).
    """
    if choice is Waiting.HAND_OVER and to_team_code == team_code:
        raise NothingChanged
    other = [to_team_code or ""] if choice is Waiting.HAND_OVER else []
    teams = _hold_queues(session, [team_code, *other], event_id=event_id)
    _require_run(session, teams[team_code], by)
    if choice is Waiting.LEAVE:
        _audit_settled(session, teams[team_code], by=by, choice=choice)
        return 0
    tickets = session.scalars(
        select(Ticket)
        .where(Ticket.team_id == teams[team_code].id, in_queue())
        .order_by(Ticket.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    for ticket in tickets:
        if choice is Waiting.CANCEL:
            _cancel(session, ticket, by=by, words=words)
        else:
            target = teams[other[0]].id
            let_wait(session, ticket, team_id=target, product_id=ticket.product_id, by=by, words=words)
    if tickets:
        moved = {"people": len(tickets)} | ({"to": other[0]} if other else {})
        _audit_settled(session, teams[team_code], by=by, choice=choice, words=words, **moved)
    return len(tickets)


def _audit_settled(
    session: Session, team: Team, *, by: int, choice: Waiting, words: str = "", **moved: int | str
) -> None:
    _audit(
        session, AuditAction.SETTLE_WAITING, event_id=team.event_id, by=by, at=database_now(session),
        subject=team.code, after={"choice": choice.value} | moved, words=words,
    )  # fmt: skip


def _cancel(session: Session, ticket: Ticket, *, by: int, words: str) -> None:
    status = status_named(session, StatusCode.CANCELLED, event_id=ticket.event_id)
    # The words are for the customer, unlike the note of who cancels a single ticket.
    set_status(
        session, ticket, status, by=by_person(by), moment=database_now(session), before=as_it_stands(session, ticket),
        words=words, also={"told": True},
    )  # fmt: skip


def end_day(session: Session, *, event_id: int, by: int) -> None:
    """Close every queue and send everybody home who is available or on a break; one entry in the audit log.

    Those who wait are left to the leads (`settle_waiting`), tickets in hand to their owners. Raises OnlyOrganisers.
    """
    if not has_role(session, by, GivenRole.ORGANISER, event_id=event_id):
        raise OnlyOrganisers
    lock_event(session, event_id)
    people = _hold_present(session, event_id)
    open_still = (Team.event_id == event_id, Team.queue_state != QueueState.CLOSED)
    teams = session.scalars(_alone(select(Team).where(*open_still).order_by(Team.id))).all()
    if not people and not teams:
        return
    before = _as_the_day_stands(people, teams)
    moment = database_now(session)
    for team in teams:
        team.queue_state = QueueState.CLOSED
    for person in people:
        person.presence, person.presence_at, person.desk = Presence.OFF, moment, ""
    _audit(
        session, AuditAction.DAY_ENDED, event_id=event_id, by=by, at=moment,
        subject=session.get_one(Event, event_id).slug, before=before, after=_as_the_day_stands(people, teams),
    )  # fmt: skip


def _hold_queues(session: Session, codes: Iterable[str], *, event_id: int) -> dict[str, Team]:
    """Return the event's teams with these codes, locked so that nobody enters. Raises NoSuchTeam."""
    asked = set(codes)
    found = session.scalars(
        _alone(select(Team).where(Team.event_id == event_id, Team.code.in_(asked)).order_by(Team.id))
    )
    teams = {team.code: team for team in found}
    if set(teams) != asked:
        raise NoSuchTeam
    return teams


def _hold_present(session: Session, event_id: int) -> Sequence[Person]:
    """Return who is available or on a break, locked; the caller holds the event, so nobody comes or goes meanwhile."""
    there = (Person.event_id == event_id, Person.presence != Presence.OFF)
    lock_people(session, session.scalars(select(Person.id).where(*there)))
    people = select(Person).where(*there).order_by(Person.id).execution_options(populate_existing=True)
    return session.scalars(people).all()


def _alone(statement: Select[Team]) -> Select[Team]:
    """Let nobody else look at these teams' queues to enter them: see `require_entrance`."""
    return statement.with_for_update().execution_options(populate_existing=True)


def _require_run(session: Session, team: Team, by: int) -> None:
    if not leads_team(session, team.id, by, event_id=team.event_id):
        raise NotYourQueue(team=team.name)


def _as_the_day_stands(people: Sequence[Person], teams: Sequence[Team]) -> dict[str, Any]:
    return {
        "queues": {team.code: team.queue_state.value for team in teams},
        "people": {str(person.id): person.presence.value for person in people},
    }


def _audit(session: Session, action: AuditAction, *, event_id: int, by: int, at: datetime, **entry: Any) -> None:
    session.add(AuditEntry(event_id=event_id, person_id=by, at=at, action=action, **entry))
    announce(session, event_id)
