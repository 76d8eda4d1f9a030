"""Carla looks at her own page, and says how it went."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import ValidationError
from sqlalchemy import select

from checkin import clock
from checkin.models import Event, Survey, Ticket
from checkin.queueing.transitions import resolve
from tests.cast import Cast, checked_in, moved, queue_of, resolved, returned, sign_in, taken
from tests.queueing.moves import did
from tests.routes.pages import form_of, post, words_of

FOLLOW_UP = "STQ-2"


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


OUTSIDE = "https://survey.example.com/s?lang=en"


@pytest.mark.parametrize("method", ["get", "head"])
def test_an_outside_survey_is_led_to_and_nothing_is_recorded(client: FlaskClient, cast: Cast, method: str) -> None:
    key, address = survey_of(cast)
    cast.set(feedback_url=OUTSIDE)
    before = (len(cast.changes(key)), cast.ticket(key).version)
    answer = getattr(client, method)(address)

    assert (answer.status_code, answer.headers["Cache-Control"]) == (302, "no-store")
    assert answer.location == (f"{OUTSIDE}&SupportRep=Emil&RepEmail=emil%40demo.example.org&CustomerName=Carla%20Jones")
    survey = cast.survey(key)
    assert (survey.answered_at, survey.edited_at) == (None, None)
    assert (len(cast.changes(key)), cast.ticket(key).version) == before


def test_who_had_our_questions_open_when_the_event_chose_others_is_not_turned_away(
    client: FlaskClient, cast: Cast
) -> None:
    key, address = survey_of(cast)
    fields = form_of(client.get(address), address)
    cast.set(feedback_url=OUTSIDE)
    assert client.post(address, data=fields | {"satisfaction": "4"}).status_code == 200
    assert cast.survey(key).satisfaction == 4
    assert form_of(client.get(address), address)["satisfaction"] == "4"


NO_ADDRESSES = (
    "http://survey.example.com", "survey.example.com", "https://", "https://a@b.org", "https://x.org/ a",
    "javascript:alert(1)",
)  # fmt: skip


@pytest.mark.parametrize("typed", NO_ADDRESSES)
def test_an_outside_survey_is_an_https_address(cast: Cast, typed: str) -> None:
    with pytest.raises(ValidationError, match="https://"):
        cast.set(feedback_url=typed)


def test_what_she_takes_home_stands_on_her_page_once_it_is_resolved(client: FlaskClient, cast: Cast) -> None:
    key = checked_in(cast)
    taken(cast)
    did(cast, resolve, key, advice="See https://help.example.org/x.\n<b>Bold</b>")
    page = client.get(own_page(cast, key))
    assert '<a href="https://help.example.org/x" rel="noreferrer">https://help.example.org/x</a>.<br>' in page.text
    assert "&lt;b&gt;Bold&lt;/b&gt;" in page.text
    moved(cast, key, "open")
    assert "help.example.org" not in client.get(own_page(cast, key)).text


def test_a_low_score_is_followed_up_and_both_tickets_say_so(client: FlaskClient, cast: Cast) -> None:
    key, address = survey_of(cast)
    assert post(client, address, address, recommend=2, comments="Nobody came.").status_code == 200
    sign_in(client, cast.lena)
    ticket = client.get(f"/demo/tickets/{key}")
    assert f"Their feedback is followed up in {FOLLOW_UP}" in words_of(ticket)
    assert "Their other visits" not in words_of(ticket)
    page = client.get(f"/demo/tickets/{FOLLOW_UP}")
    words = words_of(page)
    assert f"Follows the feedback on {key}" in words
    assert f"Their other visits {key}" in words
    assert "due in 48 h" in words
    assert f"The desk made the ticket: the feedback on {key} was low" in words
    assert "Would recommend: 2 of 10 Nobody came." in words
    assert "What the customer sees" not in words
    assert 'id="take-home"' not in page.text
    for listed in ("/demo/desk", "/demo/tickets?mine=1"):
        assert "due in 48 h" in words_of(client.get(listed))
    assert FOLLOW_UP not in client.get("/demo/board").text


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(-90, "overdue by 2 h"), (-5, "overdue by 5 min"), (30.5, "due in 30 min"), (60 * 26 + 1, "due in 26 h")],
)
def test_how_long_is_left_is_said_in_words(client: FlaskClient, cast: Cast, minutes: float, words: str) -> None:
    _key, address = survey_of(cast)
    post(client, address, address, recommend=2)
    with cast.writing() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.key == FOLLOW_UP)).one()
        ticket.follow_up_by = clock.now() + timedelta(minutes=minutes)
    assert words in words_of(sign_in(client, cast.lena).get("/demo/desk"))


def test_a_follow_up_that_was_opened_is_on_no_board_and_nobody_is_called_out(client: FlaskClient, cast: Cast) -> None:
    _key, address = survey_of(cast)
    post(client, address, address, recommend=2)
    moved(cast, FOLLOW_UP, "open", by=cast.lena)
    sign_in(client, cast.lena)
    assert FOLLOW_UP not in client.get("/demo/board").text
    assert FOLLOW_UP not in client.get("/demo/find").text
    assert "call the name out" not in words_of(client.get(f"/demo/tickets/{FOLLOW_UP}"))


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
