"""What Carla answers after she was helped (docs/specification.md, 8.1)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from checkin import clock
from checkin.models import Survey
from checkin.queueing.answering import Answer, answer_survey
from tests.cast import Cast, checked_in, refused, resolved


@pytest.fixture
def key(rules: Cast) -> str:
    checked_in(rules)
    return resolved(rules)


def answer(cast: Cast, key: str, given: Answer) -> None:
    token = cast.survey(key).token
    with cast.writing() as session:
        answer_survey(session, token, given)


def test_an_answer_joins_the_timeline_and_does_not_open_the_ticket(rules: Cast, key: str) -> None:
    before = rules.ticket(key)
    answer(rules, key, Answer(satisfaction=5, ease=4, recommend=10, desk_satisfaction=3, comments=" thank you \n"))
    survey, change, after = rules.survey(key), rules.changes(key)[-1], rules.ticket(key)

    assert (survey.satisfaction, survey.ease, survey.recommend, survey.desk_satisfaction) == (5, 4, 10, 3)
    assert survey.comments == "thank you"
    assert survey.answered_at == survey.edited_at == change.at
    assert (change.action, change.actor, change.person_id, change.words) == ("feedback", "customer", None, "thank you")
    assert change.before == {"satisfaction": None, "ease": None, "recommend": None, "desk_satisfaction": None}
    assert change.after == {"satisfaction": 5, "ease": 4, "recommend": 10, "desk_satisfaction": 3}
    assert (after.kind, after.version, after.updated_at) == (before.kind, before.version, before.updated_at)


@pytest.mark.parametrize(
    "given", [Answer(recommend=0), Answer(ease=1), Answer(desk_satisfaction=1), Answer(comments="ok")]
)
def test_one_answer_is_enough(rules: Cast, key: str, given: Answer) -> None:
    answer(rules, key, given)

    assert rules.survey(key).answered_at is not None


@pytest.mark.parametrize("given", [Answer(), Answer(comments=" \n")])
def test_no_answer_at_all_is_refused(rules: Cast, key: str, given: Answer) -> None:
    with refused("answer_empty"):
        answer(rules, key, given)

    assert rules.survey(key).answered_at is None


def test_an_answer_can_be_changed_for_a_day(rules: Cast, key: str) -> None:
    answer(rules, key, Answer(satisfaction=2))
    first = rules.survey(key).answered_at
    answer(rules, key, Answer(satisfaction=4))
    survey = rules.survey(key)

    assert survey.satisfaction == 4
    assert survey.answered_at == first
    assert survey.edited_at is not None
    assert first is not None
    assert survey.edited_at > first
    assert rules.changes(key)[-1].before["satisfaction"] == 2


def test_after_a_day_it_stands(rules: Cast, key: str) -> None:
    answer(rules, key, Answer(satisfaction=2))
    with rules.writing() as session:
        session.scalars(select(Survey)).one().answered_at = clock.now() - timedelta(days=1, minutes=1)
    with refused("answer_final"):
        answer(rules, key, Answer(satisfaction=5))

    assert rules.survey(key).satisfaction == 2


def test_an_unknown_link_leads_nowhere(rules: Cast, key: str) -> None:
    with rules.writing() as session, refused("no_such_survey"):
        answer_survey(session, "nonsense", Answer(satisfaction=5))
