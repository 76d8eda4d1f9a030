"""Queues that open, pause and close, those who wait in them, and the end of a day (docs/specification.md, 3.6)."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from checkin.models import AuditEntry, Person, Presence, QueueState, StatusCode, Team, Ticket
from checkin.queueing.closing import Waiting, end_day, set_queue_state, settle_waiting
from checkin.queueing.undoing import undo
from tests.cast import Cast, Someone, checked_in, moved, queue_of, refused, returned, taken
from tests.queueing.moves import goes, told


def queue_set(
    cast: Cast, to: QueueState, *, by: Someone | None = None, expected: QueueState | None = None, team: str = "STQ"
) -> None:
    """Let Lena (or `by`) open, pause or close a queue."""
    with cast.writing() as session:
        who = (by or cast.lena).id
        set_queue_state(session, event_id=cast.event_id, team_code=team, to=to, by=who, expected=expected)


def settled(cast: Cast, choice: Waiting, *, by: Someone | None = None, team: str = "STQ", **more: Any) -> int:
    """Let Lena (or `by`) say what becomes of those who wait."""
    with cast.writing() as session:
        who = (by or cast.lena).id
        return settle_waiting(session, event_id=cast.event_id, team_code=team, by=who, choice=choice, **more)


def day_ended(cast: Cast, *, by: Someone | None = None) -> None:
    """Let Olga (or `by`) end the day."""
    with cast.writing() as session:
        end_day(session, event_id=cast.event_id, by=(by or cast.olga).id)


def audited(cast: Cast) -> Sequence[AuditEntry]:
    return cast.all(select(AuditEntry).order_by(AuditEntry.id))


def state(cast: Cast, team: str = "STQ") -> QueueState:
    return cast.one(select(Team.queue_state).where(Team.id == cast.teams[team]))


def test_a_lead_runs_her_queue_and_an_organiser_every_one(rules: Cast) -> None:
    queue_set(rules, QueueState.PAUSED)
    queue_set(rules, QueueState.CLOSED, by=rules.olga, team="API")
    assert [state(rules), state(rules, "T60"), state(rules, "API")] == ["paused", "open", "closed"]


@pytest.mark.parametrize("who", ["emil", "tove", "vera", "oskar"])
def test_nobody_else_does(rules: Cast, who: str) -> None:
    checked_in(rules)
    by = getattr(rules, who)
    with refused("not_your_queue"):
        queue_set(rules, QueueState.CLOSED, by=by)
    with refused("not_your_queue"):
        settled(rules, Waiting.CANCEL, by=by)
    with refused("only_organisers"):
        day_ended(rules, by=by)
    assert (state(rules), list(audited(rules))) == (QueueState.OPEN, [])


def test_a_lead_runs_no_other_queue_and_ends_no_day(rules: Cast) -> None:
    with refused("not_your_queue"):
        queue_set(rules, QueueState.CLOSED, team="API")
    with refused("only_organisers"):
        day_ended(rules, by=rules.lena)


def test_a_team_that_is_not_there_has_no_queue(rules: Cast) -> None:
    with refused("no_such_team"):
        queue_set(rules, QueueState.CLOSED, team="XXX")
    with refused("no_such_team"):
        settled(rules, Waiting.LEAVE, team="XXX")


def test_the_audit_log_keeps_who_changed_which_queue(rules: Cast) -> None:
    queue_set(rules, QueueState.CLOSING, expected=QueueState.OPEN)
    [entry] = audited(rules)
    assert (entry.action, entry.subject, entry.person_id) == ("queue_state", "STQ", rules.lena.id)
    assert (entry.before, entry.after) == ({"state": "open"}, {"state": "closing"})


def test_a_queue_that_is_so_already_stays_so_quietly(rules: Cast) -> None:
    queue_set(rules, QueueState.PAUSED, expected=QueueState.OPEN)
    queue_set(rules, QueueState.PAUSED, expected=QueueState.OPEN)
    assert len(audited(rules)) == 1


def test_a_page_that_is_behind_changes_nothing(rules: Cast) -> None:
    queue_set(rules, QueueState.CLOSED, by=rules.olga)
    with refused("team_changed"):
        queue_set(rules, QueueState.PAUSED, expected=QueueState.OPEN)
    assert state(rules) is QueueState.CLOSED
    queue_set(rules, QueueState.PAUSED)
    assert state(rules) is QueueState.PAUSED


@pytest.mark.parametrize(
    ("to", "entering", "taking"),
    [
        (QueueState.OPEN, None, None),
        (QueueState.CLOSING, "queue_closed", None),
        (QueueState.PAUSED, None, "queue_paused"),
        (QueueState.CLOSED, "queue_closed", "queue_closed"),
    ],
)
def test_what_a_queue_lets_happen(rules: Cast, to: QueueState, entering: str | None, taking: str | None) -> None:
    """Also between the render of a page and the click on it: both ask the queue as it is then."""
    queue_of(rules, 1)
    queue_set(rules, to)
    if entering is None:
        queue_of(rules, 1)
    else:
        with refused(entering):
            queue_of(rules, 1)
    if taking is None:
        taken(rules)
    else:
        with refused(taking):
            taken(rules)


def test_a_queue_opens_again_with_everybody_in_their_place(rules: Cast) -> None:
    keys = queue_of(rules, 2)
    queue_set(rules, QueueState.CLOSED)
    queue_set(rules, QueueState.OPEN)
    assert [taken(rules), taken(rules, by=rules.lena)] == keys


def test_those_who_wait_can_be_left(rules: Cast) -> None:
    key = checked_in(rules)
    assert settled(rules, Waiting.LEAVE) == 0
    assert rules.ticket(key).version == 1


def test_everybody_who_waits_is_cancelled_and_told(rules: Cast) -> None:
    keys = queue_of(rules, 3)
    in_hand, on_hold = taken(rules), keys[1]
    moved(rules, on_hold, StatusCode.FOLLOW_UP, by=rules.lena)
    elsewhere = checked_in(rules, "API", email="guest@example.org", phone=None)
    waits = checked_in(rules)
    assert settled(rules, Waiting.CANCEL, words="The hall closes.") == 2

    for key in (keys[2], waits):
        ticket, change = rules.ticket(key), rules.changes(key)[-1]
        assert (ticket.status_id, ticket.kind) == (rules.statuses["cancelled"], "closed")
        assert (ticket.closed_at, ticket.updated_at, ticket.version) == (change.at, change.at, 2)
        assert (change.action, change.person_id, change.words) == ("status", rules.lena.id, "The hall closes.")
        assert (change.before["status"], change.after["status"]) == ("open", "cancelled")
    for key in (in_hand, on_hold, elsewhere):
        assert rules.ticket(key).status_id != rules.statuses["cancelled"]
    assert told(rules, waits, "cancelled") == [("email", "2", "pending"), ("text", "2", "pending")]
    assert told(rules, keys[2], "cancelled") == [("email", "2", "pending")]
    assert settled(rules, Waiting.CANCEL) == 0


def test_the_audit_log_keeps_what_became_of_those_who_waited(rules: Cast) -> None:
    queue_of(rules, 3)
    settled(rules, Waiting.LEAVE)
    settled(rules, Waiting.HAND_OVER, to_team_code="API", words="Tove knows it, too.")
    settled(rules, Waiting.HAND_OVER, to_team_code="API")
    settled(rules, Waiting.CANCEL, by=rules.olga, team="API", words="The hall closes.")
    assert [(entry.action, entry.subject, entry.person_id, entry.after, entry.words) for entry in audited(rules)] == [
        ("settle_waiting", "STQ", rules.lena.id, {"choice": "leave"}, ""),
        (
            "settle_waiting", "STQ", rules.lena.id, {"choice": "hand_over", "people": 3, "to": "API"},
            "Tove knows it, too.",
        ),
        ("settle_waiting", "API", rules.olga.id, {"choice": "cancel", "people": 3}, "The hall closes."),
    ]  # fmt: skip


def test_who_asked_for_five_more_minutes_waits_too(rules: Cast) -> None:
    key = checked_in(rules)
    with rules.writing() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.key == key)).one()
        ticket.not_before = ticket.queued_at.replace(year=ticket.queued_at.year + 1)
    assert settled(rules, Waiting.CANCEL) == 1


def test_a_ticket_that_was_cancelled_with_the_others_can_be_undone_for_its_ten_seconds(rules: Cast) -> None:
    key, other = queue_of(rules, 2)
    settled(rules, Waiting.CANCEL)
    with rules.writing() as session:
        change_id = rules.changes(key)[-1].id
        undo(session, key, event_id=rules.event_id, by=rules.lena.id, change_id=change_id)
    assert told(rules, key, "cancelled") == [("email", "2", "cancelled")]
    assert [rules.ticket(one).kind for one in (key, other)] == ["open", "closed"]


def test_everybody_who_waits_is_handed_over_with_their_time_and_their_product(rules: Cast) -> None:
    first = checked_in(rules)
    [between] = queue_of(rules, 1, "API")
    in_hand, second = taken(rules), queue_of(rules, 1)[0]
    returned(rules, in_hand)
    seen = {key: rules.ticket(key) for key in (first, second)}
    assert settled(rules, Waiting.HAND_OVER, to_team_code="API", words="Tove knows it, too.") == 2

    for key, before in seen.items():
        ticket, change = rules.ticket(key), rules.changes(key)[-1]
        assert (ticket.team_id, ticket.product_id) == (rules.teams["API"], before.product_id)
        assert (ticket.queued_at, ticket.version) == (before.queued_at, before.version + 1)
        assert (change.action, change.person_id, change.words) == ("hand_over", rules.lena.id, "Tove knows it, too.")
        assert (change.before["team"], change.after["team"]) == (rules.teams["STQ"], rules.teams["API"])
        assert told(rules, key, "cancelled") == []
    rules.set(tickets_in_hand=0)
    assert [taken(rules, "API", by=rules.tove) for _ in range(3)] == [first, between, second]


@pytest.mark.parametrize(
    ("to_team_code", "code"),
    [("STQ", "nothing_changed"), ("XXX", "no_such_team"), (None, "no_such_team"), ("T60", "queue_closed")],
)
def test_nobody_is_handed_over_to_nowhere(rules: Cast, to_team_code: str | None, code: str) -> None:
    key = checked_in(rules)
    rules.set_queue("T60", QueueState.CLOSING)
    with refused(code):
        settled(rules, Waiting.HAND_OVER, to_team_code=to_team_code)
    assert rules.ticket(key).version == 1


def test_at_the_end_of_the_day_every_queue_is_closed_and_everybody_is_off(rules: Cast) -> None:
    key = checked_in(rules)
    taken(rules)
    rules.set_queue("T60", QueueState.CLOSED)
    goes(rules, rules.vera, Presence.OFF)
    goes(rules, rules.tove, Presence.ON_BREAK)
    day_ended(rules)

    assert {state(rules, team) for team in rules.teams} == {QueueState.CLOSED}
    people = rules.all(select(Person).where(Person.event_id == rules.event_id))
    [entry] = audited(rules)
    assert {(person.presence, person.desk) for person in people} == {(Presence.OFF, "")}
    assert {person.presence_at for person in people if person.id != rules.vera.id} == {entry.at}
    assert rules.ticket(key).owner_id == rules.emil.id
    assert (entry.action, entry.subject, entry.person_id) == ("day_ended", "demo", rules.olga.id)
    assert entry.before["queues"] == {"STQ": "open", "API": "open"}
    assert entry.after["queues"] == {"STQ": "closed", "API": "closed"}
    assert entry.before["people"][str(rules.tove.id)] == "on_break"
    assert str(rules.vera.id) not in entry.before["people"]
    assert set(entry.after["people"].values()) == {"off"}


def test_a_day_ends_once_and_only_at_its_own_event(rules: Cast) -> None:
    day_ended(rules)
    day_ended(rules)
    assert len(audited(rules)) == 1
    assert rules.one(select(Person.presence).where(Person.id == rules.oskar.id)) is Presence.AVAILABLE
