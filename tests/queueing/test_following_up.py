"""A low score makes one follow-up, which somebody other than the rated expert owns (docs/specification.md, 8.3)."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select, update

from checkin.models import Alert, Person, PersonRole, Presence, QueueState, Survey, TeamMember, Ticket
from checkin.queueing.answering import Answer, answer_survey
from checkin.queueing.calling import call_again
from checkin.queueing.correcting import delete_ticket
from checkin.queueing.duplicates import open_ticket
from checkin.queueing.estimates import pace_of
from checkin.queueing.following_up import FOLLOW_UP_WITHIN
from checkin.queueing.moving import put_back
from tests.cast import CARLA_EMAIL, CARLA_PHONE, Cast, checked_in, details, moved, resolved, taken
from tests.queueing.moves import did, goes, time_passed
from tests.support.waiting import in_background, until_somebody_waits_for_a_lock

LOW = Answer(recommend=6)
FINE = Answer(satisfaction=3, ease=1, recommend=7, desk_satisfaction=3)


@pytest.fixture
def key(rules: Cast) -> str:
    checked_in(rules)
    return resolved(rules)


def answer(cast: Cast, key: str, given: Answer) -> None:
    token = cast.survey(key).token
    with cast.writing() as session:
        answer_survey(session, token, given)


def follow_ups(cast: Cast) -> list[Ticket]:
    return list(cast.all(select(Ticket).where(Ticket.source == "feedback").order_by(Ticket.id)))


def follow_up(cast: Cast) -> Ticket:
    [one] = follow_ups(cast)
    return one


@pytest.mark.parametrize(
    "given", [LOW, Answer(recommend=0), Answer(satisfaction=2), Answer(desk_satisfaction=1, recommend=10)]
)
def test_a_low_score_is_followed_up(rules: Cast, key: str, given: Answer) -> None:
    answer(rules, key, given)

    assert follow_up(rules).follows_id == rules.ticket(key).id


@pytest.mark.parametrize("given", [FINE, Answer(comments="Never again!"), Answer(ease=1)])
def test_any_other_is_not(rules: Cast, key: str, given: Answer) -> None:
    answer(rules, key, given)

    assert follow_ups(rules) == []


def test_it_has_the_contact_and_the_answers_and_is_due_in_48_hours(rules: Cast, key: str) -> None:
    answer(rules, key, Answer(satisfaction=1, ease=2, recommend=3, desk_satisfaction=4, comments="I {waited}."))
    made, ticket = follow_up(rules), rules.ticket(key)

    assert made.key == "STQ-2"
    assert (made.kind, made.status_id) == ("on_hold", rules.statuses["follow_up"])
    assert (made.email, made.phone, made.customer_id) == (CARLA_EMAIL, CARLA_PHONE, ticket.customer_id)
    assert made.follow_up_by == made.queued_at + FOLLOW_UP_WITHIN == made.queued_at + timedelta(hours=48)
    assert made.title == f"The feedback of Carla on {key} asks for a word with them"
    assert made.notes.split("\n") == [
        "Carla Jones", CARLA_EMAIL, CARLA_PHONE, "",
        "Satisfied with Emil: 1 of 5", "Easy to get help: 2 of 5", "Would recommend: 3 of 10",
        "Satisfied with the desk: 4 of 5", "", "I {waited}.",
    ]  # fmt: skip
    [first] = rules.changes(made.key)
    assert (first.action, first.actor, first.person_id, first.after["follows"]) == ("check_in", "system", None, key)
    answered = rules.changes(key)[-1]
    assert (answered.action, answered.after["follow_up"]) == ("feedback", made.key)


def test_without_an_expert_it_speaks_of_the_help_in_the_events_language(rules: Cast, key: str) -> None:
    rules.set(languages="fr,en")
    with rules.writing() as session:
        session.scalars(select(Survey)).one().expert_id = None
        session.scalars(select(Ticket)).one().phone = None
    answer(rules, key, Answer(satisfaction=1))

    score = "Satisfaction envers l\u2019aide reçue\u00a0: 1 sur 5"
    assert follow_up(rules).notes == f"Carla Jones\n{CARLA_EMAIL}\n\n{score}"
    assert follow_up(rules).owner_id == rules.lena.id


def test_a_lead_of_the_team_owns_it(rules: Cast, key: str) -> None:
    answer(rules, key, LOW)
    made = follow_up(rules)

    assert (made.owner_id, made.take_number, made.taken_at) == (rules.lena.id, 1, made.queued_at)


def test_not_the_expert_who_was_rated_but_an_organiser(rules: Cast) -> None:
    checked_in(rules)
    answer(rules, resolved(rules, by=rules.lena), LOW)

    assert follow_up(rules).owner_id == rules.olga.id


def test_who_is_present_comes_first_among_the_leads(rules: Cast, key: str) -> None:
    with rules.writing() as session:
        session.add(TeamMember(team_id=rules.teams["STQ"], person_id=rules.tove.id, is_lead=True))
    goes(rules, rules.tove, Presence.ON_BREAK)
    answer(rules, key, LOW)
    assert follow_up(rules).owner_id == rules.lena.id

    goes(rules, rules.tove, Presence.AVAILABLE)
    goes(rules, rules.lena, Presence.OFF)
    checked_in(rules)
    answer(rules, resolved(rules), LOW)
    assert follow_ups(rules)[1].owner_id == rules.tove.id


def test_where_nobody_is_above_it_is_nobodys(rules: Cast, key: str) -> None:
    with rules.writing() as session:
        session.execute(delete(PersonRole))
        session.execute(update(TeamMember).values(is_lead=False))
    answer(rules, key, LOW)

    assert (follow_up(rules).owner_id, follow_up(rules).taken_at) == (None, None)


def test_there_is_one_however_often_the_answer_is_changed(rules: Cast, key: str) -> None:
    answer(rules, key, FINE)
    assert follow_ups(rules) == []
    answer(rules, key, LOW)
    answer(rules, key, Answer(satisfaction=1))
    answer(rules, key, Answer(satisfaction=5))
    made = follow_up(rules)

    assert "6 of 10" in made.notes
    later = [(one.action, one.after["satisfaction"]) for one in rules.changes(made.key)[1:]]
    assert later == [("feedback", 1), ("feedback", 5)]
    assert made.version == 1


def test_an_event_can_do_without(rules: Cast, key: str) -> None:
    rules.set(feedback_follow_up=False)
    answer(rules, key, LOW)
    assert follow_ups(rules) == []

    rules.set(feedback_follow_up=True)
    answer(rules, key, LOW)
    assert len(follow_ups(rules)) == 1


@pytest.mark.parametrize("status", ["resolved", "cancelled", "open", "escalated"])
def test_nothing_of_it_reaches_the_customer_whatever_becomes_of_it(rules: Cast, key: str, status: str) -> None:
    answer(rules, key, LOW)
    made = follow_up(rules).key
    moved(rules, made, status, by=rules.lena)

    assert list(rules.alerts(made)) == []
    assert rules.all(select(func.count(Survey.id))) == [1]


def test_nobody_is_called_when_it_comes_into_a_queue(rules: Cast, key: str) -> None:
    answer(rules, key, LOW)
    made = follow_up(rules).key
    moved(rules, made, "open", by=rules.lena)
    did(rules, put_back, made, by=rules.lena)
    assert taken(rules) == made
    time_passed(rules, minutes=5)
    did(rules, call_again, made)
    moved(rules, made, "no_show")

    assert list(rules.alerts(made)) == []


def test_its_customer_can_check_in_as_if_it_were_not_there(rules: Cast, key: str) -> None:
    answer(rules, key, LOW)
    moved(rules, follow_up(rules).key, "open", by=rules.lena)
    with rules.writing() as session:
        assert open_ticket(session, details(rules), event_id=rules.event_id) is None


def test_how_long_it_took_says_nothing_about_the_wait(rules: Cast, key: str) -> None:
    answer(rules, key, LOW)
    moved(rules, follow_up(rules).key, "resolved", by=rules.lena)
    with rules.writing() as session:
        pace = pace_of(session, team_id=rules.teams["STQ"], moment=rules.ticket(key).updated_at + timedelta(minutes=1))

    assert len(pace.handled) == 1


def test_it_takes_a_queue_that_is_closed_by_now(rules: Cast, key: str) -> None:
    rules.set_queue("STQ", QueueState.CLOSED)
    answer(rules, key, LOW)

    assert follow_up(rules).team_id == rules.teams["STQ"]


def test_it_outlives_the_ticket_that_it_follows(rules: Cast, key: str) -> None:
    answer(rules, key, LOW)
    with rules.writing() as session:
        delete_ticket(session, key, event_id=rules.event_id, by=rules.olga.id, version=None, words="twice")
    moved(rules, follow_up(rules).key, "resolved", by=rules.lena)

    assert follow_up(rules).follows_id is None
    assert rules.all(select(Alert).where(Alert.ticket_id == follow_up(rules).id)) == []


@pytest.mark.postgres
@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
def test_two_low_answers_at_the_same_moment_make_one(rules: Cast, key: str) -> None:
    token = rules.survey(key).token

    def say(recommend: int) -> None:
        with rules.writing() as session:
            answer_survey(session, token, Answer(recommend=recommend))

    with rules.writing() as session:
        # The lead's row is held, too: nothing of this waits for anybody at a desk.
        session.scalars(select(Person).where(Person.id == rules.lena.id).with_for_update(key_share=True)).one()
        answer_survey(session, token, LOW)
        session.flush()
        other = in_background(say, 1)
        until_somebody_waits_for_a_lock(rules)
    other.result()

    assert [one.key for one in follow_ups(rules)] == ["STQ-2"]
    assert rules.survey(key).recommend == 1
