"""Undoing within ten seconds (docs/specification.md, 4.3)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from checkin.models import Alert, AlertState, Status, StatusKind, Ticket
from checkin.queueing.calling import call_again, mark_here
from checkin.queueing.customer_moves import back_already, more_time, on_my_way
from checkin.queueing.escalating import escalate, follow_up
from checkin.queueing.handing_over import hand_over_to_person, hand_over_to_product, hand_over_to_team
from checkin.queueing.history import as_it_stands
from checkin.queueing.leaving import bring_back, cancel, mark_no_show
from checkin.queueing.moving import put_back
from checkin.queueing.notes import add_note
from checkin.queueing.transitions import resolve
from checkin.queueing.undoing import UNDO_SECONDS, Undoable, undo, undoable
from tests.cast import Cast, Someone, checked_in, moved, queue_of, refused, returned, taken
from tests.queueing.moves import did, has_left, sits, time_passed, told, with_emil

Move = tuple[Callable[..., Ticket], Callable[[Cast], dict[str, Any]]]
MOVES: dict[str, Move] = {
    "resolve": (resolve, lambda _: {"advice": "read the manual"}),
    "no-show": (mark_no_show, lambda _: {}),
    "cancel": (cancel, lambda _: {}),
    "escalate": (escalate, lambda _: {}),
    "escalate to a team": (escalate, lambda _: {"team_code": "API"}),
    "follow-up": (follow_up, lambda _: {}),
    "hand over to a team": (hand_over_to_team, lambda _: {"team_code": "API"}),
    "hand over to a product": (hand_over_to_product, lambda cast: {"product_id": cast.products["API"]}),
    "hand over to a person": (hand_over_to_person, lambda cast: {"person_id": cast.lena.id}),
    "hand over to another team's person": (hand_over_to_person, lambda cast: {"person_id": cast.tove.id}),
}
GIVE_AWAY = {name for name in MOVES if "hand over" in name or "escalate" in name}


def last_change(cast: Cast, key: str) -> int:
    return cast.changes(key)[-1].id


def undone(cast: Cast, key: str, *, by: Someone | None = None, change_id: int | None = None) -> Ticket:
    """Let Emil (or `by`) undo the last change of the ticket."""
    return did(cast, undo_as_the_button, key, by=by, change_id=change_id or last_change(cast, key))


def undo_as_the_button(session: Any, key: str, *, version: int | None, **more: Any) -> Ticket:
    assert version is None
    return undo(session, key, **more)


def offered_to(cast: Cast, somebody: Someone, key: str, *, after: float = 0) -> Undoable | None:
    """Return what somebody could undo so many seconds after the ticket's last change."""
    with cast.writing() as session:
        moment = cast.changes(key)[-1].at + timedelta(seconds=after)
        return undoable(session, cast.ticket(key).id, by=somebody.id, moment=moment)


def snapshot(cast: Cast, key: str) -> dict[str, Any]:
    with cast.writing() as session:
        ticket = session.get_one(Ticket, cast.ticket(key).id)
        kept = as_it_stands(session, ticket) | {"title": ticket.title, "queued_at": ticket.queued_at}
    del kept["take_number"]
    return kept


@pytest.mark.parametrize("name", MOVES)
@pytest.mark.parametrize("arrived", ["called", "helped"])
def test_what_emil_did_is_undone_and_everything_is_as_it_was(rules: Cast, name: str, arrived: str) -> None:
    key = with_emil(rules)
    if arrived == "helped":
        did(rules, mark_here, key)
    before, alerts = snapshot(rules, key), told(rules, key, "ready")
    move, more = MOVES[name]
    did(rules, move, key, **more(rules))
    version, take_number = rules.ticket(key).version, rules.ticket(key).take_number
    assert snapshot(rules, key) != before
    undone(rules, key)
    ticket = rules.ticket(key)

    assert snapshot(rules, key) == before
    assert (ticket.version, ticket.kind) == (version + 1, StatusKind.OPEN)
    assert ticket.take_number == take_number + (name in GIVE_AWAY)
    states = [state for _, _, state in told(rules, key, "ready") if state == "pending"]
    assert len(states) == [state for _, _, state in alerts].count("pending")


@pytest.mark.parametrize("name", MOVES)
def test_the_alerts_it_made_wait_for_ten_seconds_and_undo_cancels_them(rules: Cast, name: str) -> None:
    rules.set(feedback_delay_minutes=0)
    key = with_emil(rules)
    has_left(rules, key)
    move, more = MOVES[name]
    did(rules, move, key, **more(rules))
    change = rules.changes(key)[-1]
    made = [alert for alert in rules.alerts(key) if alert.state == "pending"]
    assert all(alert.due_at >= change.at + timedelta(seconds=UNDO_SECONDS) for alert in made)
    undone(rules, key)

    assert {alert.state.value for alert in rules.alerts(key)} <= {"sent", "cancelled"}
    for alert in rules.alerts(key)[2:]:
        assert (alert.state, alert.reason) == (AlertState.CANCELLED, "Not sent: what caused it was undone.")


def test_undoing_leaves_one_row_of_history(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, resolve, key)
    undone(rules, key)
    change = rules.changes(key)[-1]

    assert (change.action, change.person_id, change.at) == ("undo", rules.emil.id, rules.ticket(key).updated_at)
    assert (change.before["status"], change.after["status"]) == ("resolved", "open")


def test_emils_call_that_had_not_left_waits_again_after_the_hand_over_is_undone(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, hand_over_to_person, key, person_id=rules.lena.id)
    undone(rules, key)

    assert rules.ticket(key).take_number == 3
    pending = {(alert.occasion, alert.person_id) for alert in rules.alerts(key) if alert.state == "pending"}
    assert pending == {("3", rules.emil.id)}


def test_emils_call_that_had_left_still_counts_after_the_hand_over_is_undone(rules: Cast) -> None:
    key = with_emil(rules)
    has_left(rules, key)
    did(rules, hand_over_to_person, key, person_id=rules.lena.id)
    undone(rules, key)
    with refused("called_already"):
        did(rules, call_again, key)
    returned(rules, key)

    assert [channel for channel, _, _ in told(rules, key, "please_wait")] == ["email", "text"]


def test_calls_of_a_take_before_that_do_not_count_for_it(rules: Cast) -> None:
    key = with_emil(rules)
    has_left(rules, key)
    returned(rules, key)
    taken(rules)
    did(rules, hand_over_to_team, key, team_code="API")
    undone(rules, key)
    rules_of = [alert.occasion for alert in rules.alerts(key) if alert.kind == "ready" and alert.state == "sent"]

    assert rules_of == ["1", "1"]


def test_somebody_who_waited_waits_again_at_their_place(rules: Cast) -> None:
    first, second = queue_of(rules, 2)
    did(rules, hand_over_to_person, first, by=rules.lena, person_id=rules.lena.id)
    undone(rules, first, by=rules.lena)
    ticket = rules.ticket(first)

    assert (ticket.owner_id, ticket.taken_at, ticket.desk, ticket.take_number) == (None, None, "", 1)
    assert [taken(rules), taken(rules, by=rules.lena)] == [first, second]


def test_a_ticket_on_hold_is_on_hold_again(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, follow_up, key)
    time_passed(rules, hours=1)
    did(rules, resolve, key)
    undone(rules, key)

    assert (rules.ticket(key).kind, rules.ticket(key).owner_id) == (StatusKind.ON_HOLD, rules.emil.id)


def test_opening_a_ticket_again_can_be_undone_too(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, resolve, key)
    moved(rules, key, "open")
    undone(rules, key)

    assert rules.ticket(key).kind is StatusKind.CLOSED
    assert [state for _, _, state in told(rules, key, "feedback")] == ["pending"]


def test_undone_and_done_again_carla_is_asked_once(rules: Cast) -> None:
    key = with_emil(rules)
    for _ in range(3):
        did(rules, resolve, key)
        undone(rules, key)
    did(rules, resolve, key)

    assert [state for _, _, state in told(rules, key, "feedback")] == ["cancelled"] * 3 + ["pending"]


def test_after_ten_seconds_it_stands(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, resolve, key)
    change_id = last_change(rules, key)
    assert offered_to(rules, rules.emil, key) == Undoable(change_id, 10)
    assert offered_to(rules, rules.emil, key, after=9.5) == Undoable(change_id, 1)
    assert offered_to(rules, rules.emil, key, after=10) is None
    time_passed(rules, seconds=10)
    with refused("too_late_to_undo"):
        undone(rules, key)

    assert rules.ticket(key).kind is StatusKind.CLOSED


def test_a_clock_that_runs_behind_promises_no_more_than_ten_seconds(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, resolve, key)

    assert offered_to(rules, rules.emil, key, after=-3) == Undoable(last_change(rules, key), 10)


def test_only_who_did_it_undoes_it(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, resolve, key)
    for somebody in (rules.lena, rules.olga):
        assert offered_to(rules, somebody, key) is None
        with refused("too_late_to_undo"):
            undone(rules, key, by=somebody)


def test_emil_undoes_a_hand_over_though_the_ticket_is_no_longer_his(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, hand_over_to_team, key, team_code="API")
    undone(rules, key)

    assert (rules.ticket(key).owner_id, rules.ticket(key).team_id) == (rules.emil.id, rules.teams["STQ"])


def test_what_somebody_did_since_stands(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, hand_over_to_team, key, team_code="API")
    change_id = last_change(rules, key)
    taken(rules, "API", by=rules.tove)
    assert offered_to(rules, rules.emil, key) is None
    with refused("too_late_to_undo"):
        undone(rules, key, change_id=change_id)

    assert rules.ticket(key).owner_id == rules.tove.id


def test_a_note_in_between_does_not_matter(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, resolve, key)
    change_id = last_change(rules, key)
    with rules.writing() as session:
        add_note(session, key, event_id=rules.event_id, by=rules.lena.id, words="well done")
    assert offered_to(rules, rules.emil, key) == Undoable(change_id, 10)
    undone(rules, key, change_id=change_id)


def test_carla_is_still_on_her_way_when_the_hand_over_is_undone(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, hand_over_to_person, key, person_id=rules.lena.id)
    change_id = last_change(rules, key)
    with rules.writing() as session:
        said_at = on_my_way(session, rules.ticket(key).token).on_the_way_at
    undone(rules, key, change_id=change_id)

    assert (rules.ticket(key).owner_id, rules.ticket(key).on_the_way_at) == (rules.emil.id, said_at)


def test_who_waits_again_is_on_the_way_to_nobody(rules: Cast) -> None:
    key = checked_in(rules)
    did(rules, hand_over_to_person, key, by=rules.lena, person_id=rules.emil.id)
    change_id = last_change(rules, key)
    with rules.writing() as session:
        on_my_way(session, rules.ticket(key).token)
    undone(rules, key, by=rules.lena, change_id=change_id)

    assert (rules.ticket(key).owner_id, rules.ticket(key).on_the_way_at) == (None, None)


def test_her_five_more_minutes_outlast_an_undo(rules: Cast) -> None:
    key = checked_in(rules)
    did(rules, hand_over_to_team, key, by=rules.lena, team_code="API")
    change_id = last_change(rules, key)
    with rules.writing() as session:
        until = more_time(session, rules.ticket(key).token).not_before
    undone(rules, key, by=rules.lena, change_id=change_id)

    assert (rules.ticket(key).team_id, rules.ticket(key).not_before) == (rules.teams["STQ"], until)
    did(rules, hand_over_to_team, key, by=rules.lena, team_code="API")
    change_id = last_change(rules, key)
    with rules.writing() as session:
        back_already(session, rules.ticket(key).token)
    undone(rules, key, by=rules.lena, change_id=change_id)

    assert rules.ticket(key).not_before is None


def test_it_is_undone_once(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, resolve, key)
    change_id = last_change(rules, key)
    undone(rules, key, change_id=change_id)
    with refused("too_late_to_undo"):
        undone(rules, key, change_id=change_id)

    assert offered_to(rules, rules.emil, key) is None


def test_a_take_a_put_back_and_a_bring_back_are_not_undone(rules: Cast) -> None:
    key = with_emil(rules)
    with refused("too_late_to_undo"):
        undone(rules, key)
    assert offered_to(rules, rules.emil, key) is None
    did(rules, put_back, key)
    with refused("too_late_to_undo"):
        undone(rules, key)
    did(rules, cancel, key, by=rules.vera)
    did(rules, bring_back, key, by=rules.vera)
    with refused("too_late_to_undo"):
        undone(rules, key, by=rules.vera)


def test_a_change_of_another_ticket_and_none_at_all_are_not_undone(rules: Cast) -> None:
    rules.set(tickets_in_hand=0)
    first, second = queue_of(rules, 2)
    for key in (first, second):
        taken(rules)
        did(rules, resolve, key)
    for change_id in (last_change(rules, first), 999_999):
        with refused("too_late_to_undo"):
            undone(rules, second, change_id=change_id)


def test_whose_hands_are_full_by_now_does_not_get_it_back(rules: Cast) -> None:
    first, second = queue_of(rules, 2)
    taken(rules)
    did(rules, resolve, first)
    change_id = last_change(rules, first)
    taken(rules)
    with refused("hands_full"):
        undone(rules, first, change_id=change_id)

    returned(rules, second)
    undone(rules, first, change_id=change_id)


def test_it_goes_back_to_the_expert_from_whom_lena_took_it(rules: Cast) -> None:
    sits(rules, rules.lena, "3")
    key = with_emil(rules)
    did(rules, hand_over_to_person, key, by=rules.lena, person_id=rules.lena.id)
    undone(rules, key, by=rules.lena)

    assert (rules.ticket(key).owner_id, rules.ticket(key).desk) == (rules.emil.id, "7")


def test_what_left_in_the_very_last_moment_stands(rules: Cast) -> None:
    key = with_emil(rules)
    has_left(rules, key)
    did(rules, hand_over_to_person, key, person_id=rules.lena.id)
    with rules.writing() as session:
        lenas = (Alert.occasion == "2", Alert.channel == "text")
        session.execute(
            update(Alert)
            .where(*lenas)
            .values(state=AlertState.SENDING, attempt_id="a", lease_until=datetime(2027, 1, 1).astimezone())
        )
    with refused("too_late_to_undo"):
        undone(rules, key)

    assert rules.ticket(key).owner_id == rules.lena.id
    assert ("email", "2", "pending") in told(rules, key, "ready")


def test_a_status_that_is_gone_cannot_come_back(rules: Cast) -> None:
    with rules.writing() as session:
        session.add(Status(event_id=rules.event_id, code="parked", name="Parked", kind=StatusKind.ON_HOLD))
    key = with_emil(rules)
    moved(rules, key, "parked")
    did(rules, resolve, key)
    with rules.writing() as session:
        session.delete(session.scalars(select(Status).where(Status.code == "parked")).one())
    with refused("no_such_status"):
        undone(rules, key)


def test_a_ticket_that_is_not_there_has_nothing_to_undo(rules: Cast) -> None:
    key = checked_in(rules)
    with rules.writing() as session, refused("no_such_ticket"):
        undo(session, key, event_id=rules.event_id + 1, by=rules.emil.id, change_id=last_change(rules, key))


def test_an_undone_resolve_takes_its_advice_back_and_leaves_the_one_before(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, resolve, key, advice="The first.")
    undone(rules, key)
    assert (rules.ticket(key).advice, rules.ticket(key).advised_at) == ("", None)

    did(rules, resolve, key, advice="The second.")
    given = rules.ticket(key).advised_at
    moved(rules, key, "open")
    did(rules, resolve, key, advice="The third.")
    undone(rules, key)
    assert (rules.ticket(key).advice, rules.ticket(key).advised_at) == ("The second.", given)

    did(rules, resolve, key)
    undone(rules, key)
    assert rules.ticket(key).advice == "The second."
