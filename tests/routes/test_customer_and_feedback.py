"""Carla looks at her own page, and says how it went."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from checkin.models import Event, Survey
from tests.cast import Cast, checked_in, moved, queue_of, resolved, returned, sign_in, taken
from tests.routes.pages import form_of, post, words_of


def own_page(cast: Cast, key: str) -> str:
    """Return the address of the customer's page."""
    return f"/t/{cast.ticket(key).token}"


def test_she_reads_her_place(client: FlaskClient, cast: Cast) -> None:
    queue_of(cast, 2)
    key = checked_in(cast)
    words = words_of(client.get(own_page(cast, key)))
    assert "2 people before you" in words
    assert key in words


def test_the_next_one_is_told_so(client: FlaskClient, cast: Cast) -> None:
    assert "next" in words_of(client.get(own_page(cast, checked_in(cast)))).lower()


def test_nothing_personal_is_shown_but_the_first_name(client: FlaskClient, cast: Cast) -> None:
    page = client.get(own_page(cast, checked_in(cast, notes="a secret")))
    assert "Carla" in page.text
    for private in ("Jones", "carla@example.org", "5552671", "a secret"):
        assert private not in page.text


def test_she_is_told_who_is_ready_and_where(client: FlaskClient, cast: Cast) -> None:
    key = checked_in(cast)
    taken(cast)
    words = words_of(client.get(own_page(cast, key)))
    assert "Emil is ready for you" in words
    assert "7" in words


def test_put_back_she_waits_again_and_closed_it_is_over(client: FlaskClient, cast: Cast) -> None:
    key = checked_in(cast)
    taken(cast)
    returned(cast, key)
    assert "ready" not in words_of(client.get(own_page(cast, key))).lower().replace("is ready for you. desk", "")
    taken(cast)
    moved(cast, key, "follow_up")
    assert client.get(own_page(cast, key)).status_code == 200
    moved(cast, key, "resolved")
    assert f"/feedback/{cast.survey(key).token}" in client.get(own_page(cast, key)).text


@pytest.mark.parametrize("address", ["/t/unknown", "/t/" + "x" * 500, "/t/a%00b", "/feedback/unknown"])
def test_an_unknown_token_leads_nowhere(client: FlaskClient, cast: Cast, address: str) -> None:
    checked_in(cast)
    assert client.get(address).status_code == 404
    assert client.post(address.replace("/t/", "/feedback/")).status_code == 404


def survey_of(cast: Cast) -> tuple[str, str]:
    """Return key and survey address of a ticket that Emil has just resolved for Carla."""
    checked_in(cast)
    key = resolved(cast)
    return key, f"/feedback/{cast.survey(key).token}"


def test_the_questions_name_the_expert_and_nothing_is_typed_again(client: FlaskClient, cast: Cast) -> None:
    _key, address = survey_of(cast)
    page = client.get(address)
    assert "Emil" in words_of(page)
    assert 'type="email"' not in page.text


def test_opening_the_link_records_nothing(client: FlaskClient, cast: Cast) -> None:
    key, address = survey_of(cast)
    client.get(address)
    client.head(address)
    assert cast.survey(key).answered_at is None


@pytest.mark.parametrize("htmx", [False, True])
def test_an_answer_is_kept_and_joins_the_timeline(client: FlaskClient, cast: Cast, *, htmx: bool) -> None:
    key, address = survey_of(cast)
    version = cast.ticket(key).version
    answer = post(client, address, address, htmx=htmx, satisfaction=5, recommend=0, comments="Thanks!")
    assert answer.status_code == 200
    survey = cast.survey(key)
    assert (survey.satisfaction, survey.recommend, survey.ease, survey.comments) == (5, 0, None, "Thanks!")
    assert cast.changes(key)[-1].words == "Thanks!"
    assert cast.ticket(key).version == version
    assert cast.ticket(key).closed_at is not None


def test_the_team_reads_the_scores_in_the_timeline(client: FlaskClient, cast: Cast) -> None:
    key, address = survey_of(cast)
    post(client, address, address, satisfaction=2, recommend=0)
    post(client, address, address, satisfaction=5, ease=4, recommend=9, desk_satisfaction=3)
    words = words_of(sign_in(client, cast.emil).get(f"/demo/tickets/{key}"))
    assert "gave feedback: expert 2 of 5, recommends 0 of 10" in words
    assert "changed their feedback: expert 5 of 5, ease 4 of 5, recommends 9 of 10, desk 3 of 5" in words


def test_at_least_one_answer_is_needed(client: FlaskClient, cast: Cast) -> None:
    key, address = survey_of(cast)
    assert post(client, address, address).status_code == 422
    assert cast.survey(key).answered_at is None


@pytest.mark.parametrize("wrong", [{"satisfaction": 6}, {"recommend": 11}, {"ease": "x"}, {"comments": "x" * 10_000}])
def test_nonsense_is_refused_and_the_comment_kept(client: FlaskClient, cast: Cast, wrong: dict[str, Any]) -> None:
    _key, address = survey_of(cast)
    changes: dict[str, Any] = {"comments": "kept"} | wrong
    answer = post(client, address, address, **changes)
    assert answer.status_code == 422
    assert form_of(answer, address)["comments"] == wrong.get("comments", "kept")


def test_an_expired_token_keeps_the_comment(client: FlaskClient, cast: Cast) -> None:
    _key, address = survey_of(cast)
    answer = post(client, address, address, comments="kept", csrf_token="old")
    assert answer.status_code == 422
    assert form_of(answer, address)["comments"] == "kept"


def test_the_answer_can_be_changed_for_a_day(client: FlaskClient, cast: Cast) -> None:
    key, address = survey_of(cast)
    post(client, address, address, satisfaction=5, comments="Thanks!")
    assert form_of(client.get(address), address)["comments"] == "Thanks!"
    assert "Change my answers" in words_of(client.get(own_page(cast, key)))
    post(client, address, address, satisfaction=2)
    assert cast.survey(key).satisfaction == 2
    fields = form_of(client.get(address), address)
    with cast.writing() as session:
        survey = session.get_one(Survey, cast.survey(key).id)
        assert survey.answered_at is not None
        survey.answered_at -= timedelta(days=1, minutes=1)
    assert "form" not in client.get(address).text.split("<main", 1)[1]
    assert address not in client.get(own_page(cast, key)).text
    assert client.post(address, data=fields | {"satisfaction": "1"}).status_code == 409
    assert cast.survey(key).satisfaction == 2


def test_the_front_page_leads_to_check_in_board_and_desk(client: FlaskClient, cast: Cast) -> None:
    with cast.writing() as session:
        for event in session.query(Event).where(Event.slug != "demo"):
            event.settings_json = '{"public": false}'
    assert client.get("/").location == "/demo/"
    page = client.get("/demo/")
    for address in ("/demo/checkin", "/demo/board", "/demo/desk"):
        assert f'href="{address}"' in page.text
    assert client.get("/nowhere/").status_code == 404


def test_several_public_events_are_listed(client: FlaskClient, cast: Cast) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert f'href="/{cast.slug}/"' in page.text
    assert 'href="/demo-elsewhere/"' in page.text
