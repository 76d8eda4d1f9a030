"""Statuses and the moves between them (docs/specification.md, section 1, 4.3, 8.2)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from checkin.models import Alert, AlertState, Status, StatusKind, Survey
from checkin.queueing.transitions import Standing, change_status, resolve, standing
from tests.cast import CARLA_EMAIL, STATUSES, Cast, checked_in, moved, queue_of, refused, resolved, taken
from tests.queueing.moves import did, helped, with_emil

PREPARED: dict[Standing, Callable[[Cast], str]] = {
    Standing.WAITING: checked_in,
    Standing.CALLED: with_emil,
    Standing.HELPED: helped,
    Standing.ON_HOLD: lambda cast: _moved_on(cast, "escalated"),
    Standing.CLOSED: lambda cast: _moved_on(cast, "resolved"),
}
EXTRA = (
    ("wandering", "Wandering", StatusKind.OPEN),
    ("parked", "Parked", StatusKind.ON_HOLD),
    ("left", "Left", StatusKind.CLOSED),
)
MOVES = {
    Standing.WAITING: {"cancelled", "escalated", "follow_up", "wandering", "parked", "left"},
    Standing.CALLED: {"resolved", "no_show", "cancelled", "escalated", "follow_up", "wandering", "parked", "left"},
    Standing.HELPED: {"resolved", "no_show", "cancelled", "escalated", "follow_up", "wandering", "parked", "left"},
    Standing.ON_HOLD: {"open", "resolved", "cancelled", "follow_up", "wandering", "parked", "left"},
    Standing.CLOSED: {"open", "escalated", "follow_up", "wandering", "parked", "left"},
}
CODES = [code for code, _, _ in (*STATUSES, *EXTRA)]


def _moved_on(cast: Cast, to: str) -> str:
    checked_in(cast)
    key = taken(cast)
    moved(cast, key, to)
    return key


def _with_own_statuses(cast: Cast) -> None:
    with cast.writing() as session:
        for code, name, kind in EXTRA:
            session.add(Status(event_id=cast.event_id, code=code, name=name, kind=kind))


@pytest.mark.parametrize("to", CODES)
@pytest.mark.parametrize("here", Standing, ids=str)
def test_every_status_is_allowed_or_refused_as_the_table_says(rules: Cast, here: Standing, to: str) -> None:
    _with_own_statuses(rules)
    key = PREPARED[here](rules)
    before = rules.ticket(key)
    assert standing(before) is here

    if to not in MOVES[here]:
        with refused("move_not_allowed"):
            moved(rules, key, to, by=rules.lena)
        assert (rules.ticket(key).status_id, rules.ticket(key).version) == (before.status_id, before.version)
        return
    moved(rules, key, to, by=rules.lena)
    after = rules.ticket(key)
    status = rules.one(select(Status).where(Status.event_id == rules.event_id, Status.code == to))
    assert (after.status_id, after.kind, after.version) == (status.id, status.kind, before.version + 1)
    assert (after.closed_at is not None) == (status.kind is StatusKind.CLOSED)
    assert after.owner_id == before.owner_id
    assert (after.key, after.queued_at, after.team_id) == (before.key, before.queued_at, before.team_id)
    change = rules.changes(key)[-1]
    assert (change.action, change.person_id, change.at) == ("status", rules.lena.id, after.updated_at)
    assert (change.after["status"], change.after["owner"]) == (to, after.owner_id)
    assert change.before["owner"] == before.owner_id


def test_an_unknown_status_and_one_of_another_event_are_refused(rules: Cast) -> None:
    key = checked_in(rules)
    taken(rules)
    with rules.writing() as session:
        session.add(Status(event_id=rules.event_id + 1, code="elsewhere", name="Elsewhere", kind=StatusKind.OPEN))
    for code in ("nonsense", "elsewhere"):
        with refused("no_such_status"):
            moved(rules, key, code)


def test_opening_again_keeps_the_owner_whoever_opens(rules: Cast) -> None:
    checked_in(rules)
    key = resolved(rules)
    moved(rules, key, "open", by=rules.lena)
    ticket = rules.ticket(key)

    assert (ticket.owner_id, ticket.take_number, ticket.closed_at) == (rules.emil.id, 1, None)


def test_who_opens_a_ticket_that_nobody_owned_becomes_its_owner(rules: Cast) -> None:
    key = checked_in(rules)
    moved(rules, key, "cancelled", by=rules.lena)
    moved(rules, key, "open", by=rules.lena)
    ticket = rules.ticket(key)

    assert (ticket.owner_id, ticket.take_number) == (rules.lena.id, 1)
    assert ticket.taken_at == ticket.updated_at
    after = rules.changes(key)[-1].after
    assert (after["status"], after["owner"]) == ("open", rules.lena.id)


def test_opening_again_needs_a_free_hand_of_who_will_own_it(rules: Cast) -> None:
    queue_of(rules, 2)
    first = resolved(rules)
    second = taken(rules)
    with refused("hands_full"):
        moved(rules, first, "open", by=rules.lena)
    moved(rules, second, "escalated")
    moved(rules, first, "open", by=rules.lena)
    with refused("hands_full"):
        moved(rules, second, "open")


def test_only_the_owner_the_lead_and_organisers_move_a_ticket(rules: Cast) -> None:
    key = checked_in(rules)
    with refused("not_your_ticket"):
        moved(rules, key, "cancelled")
    taken(rules)
    for somebody in (rules.tove, rules.vera, rules.oskar):
        with refused("not_your_ticket"):
            moved(rules, key, "resolved", by=somebody)
    moved(rules, key, "follow_up")
    moved(rules, key, "escalated", by=rules.lena)
    moved(rules, key, "cancelled", by=rules.olga)


def test_who_acts_on_an_old_page_is_told_and_nothing_is_done(rules: Cast) -> None:
    key = checked_in(rules)
    taken(rules)
    with rules.writing() as session, refused("ticket_changed"):
        resolve(session, key, event_id=rules.event_id, by=rules.emil.id, version=1)

    assert rules.ticket(key).kind is StatusKind.OPEN


def test_words_of_a_move_stand_in_the_history(rules: Cast) -> None:
    key = checked_in(rules)
    taken(rules)
    with rules.writing() as session:
        change_status(
            session, key, event_id=rules.event_id, to="escalated", by=rules.emil.id, version=None, words="needs a fix"
        )

    assert rules.changes(key)[-1].words == "needs a fix"


def test_after_resolve_carla_is_asked_how_it_went(rules: Cast) -> None:
    checked_in(rules)
    key = resolved(rules)
    ticket, survey, alert = rules.ticket(key), rules.survey(key), rules.alerts(key)[-1]

    assert ticket.closed_at is not None
    assert (survey.customer_id, survey.expert_id, survey.answered_at) == (ticket.customer_id, rules.emil.id, None)
    assert (alert.kind, alert.channel, alert.state, alert.person_id) == ("feedback", "email", "pending", rules.emil.id)
    assert alert.due_at == ticket.closed_at + timedelta(minutes=10)
    assert alert.expires_at == alert.due_at + timedelta(days=2)


@pytest.mark.parametrize("status", ["no_show", "cancelled", "escalated", "follow_up"])
def test_no_other_status_asks(rules: Cast, status: str) -> None:
    checked_in(rules)
    key = taken(rules)
    moved(rules, key, status)

    assert "feedback" not in [alert.kind for alert in rules.alerts(key)]
    assert list(rules.all(select(Survey))) == []


@pytest.mark.parametrize("why", ["no address", "switched off"])
def test_carla_is_not_asked_where_she_cannot_be_or_the_event_does_not_ask(rules: Cast, why: str) -> None:
    rules.set(feedback_email=why == "no address")
    checked_in(rules, email=CARLA_EMAIL if why == "switched off" else None)
    key = resolved(rules)

    assert "feedback" not in [alert.kind for alert in rules.alerts(key)]
    assert rules.survey(key).token


def test_a_question_that_has_not_left_is_withdrawn_and_asked_again_later(rules: Cast) -> None:
    checked_in(rules)
    key = resolved(rules)
    moved(rules, key, "open")
    moved(rules, key, "resolved")

    feedback = [alert for alert in rules.alerts(key) if alert.kind == "feedback"]
    assert [alert.state.value for alert in feedback] == ["cancelled", "pending"]
    assert len(rules.all(select(Survey))) == 1


def test_a_question_that_has_left_is_not_asked_again(rules: Cast) -> None:
    checked_in(rules)
    key = resolved(rules)
    with rules.writing() as session:
        session.execute(
            update(Alert).where(Alert.kind == "feedback").values(state=AlertState.SENT, asked_at=Alert.created_at)
        )
    moved(rules, key, "open")
    moved(rules, key, "resolved")

    assert [alert.state.value for alert in rules.alerts(key) if alert.kind == "feedback"] == ["sent"]


def test_the_survey_names_who_resolved_last_until_it_is_answered(rules: Cast) -> None:
    checked_in(rules)
    key = resolved(rules)
    for answered in (False, True):
        with rules.writing() as session:
            survey = session.scalars(select(Survey)).one()
            survey.expert_id = rules.lena.id
            survey.answered_at = survey.made_at if answered else None
        moved(rules, key, "open")
        moved(rules, key, "resolved")
        assert rules.survey(key).expert_id == (rules.lena.id if answered else rules.emil.id)


def test_what_they_take_home_is_kept_with_the_ticket_and_its_history(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, resolve, key, advice="  Read the manual. \n")
    ticket, change = rules.ticket(key), rules.changes(key)[-1]

    assert (ticket.advice, ticket.advised_at) == ("Read the manual.", change.at)
    assert (change.words, change.after["advised"]) == ("Read the manual.", True)


def test_without_anything_new_they_keep_what_they_have(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, resolve, key, advice="Read the manual.")
    moved(rules, key, "open")
    did(rules, resolve, key)

    assert rules.ticket(key).advice == "Read the manual."
    assert "advised" not in rules.changes(key)[-1].after
