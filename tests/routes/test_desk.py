"""Emil works at his desk."""

import uuid

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from checkin.models import QueueState, StatusCode
from checkin.queueing.escalating import escalate
from tests.cast import Cast, checked_in, moved, queue_of, sign_in, taken
from tests.routes.pages import HTMX, form_of, post, words_of

DESK = "/demo/desk"
TAKE = "/demo/desk/STQ/take"


@pytest.fixture
def emil(client: FlaskClient, cast: Cast) -> FlaskClient:
    """Return Emil's tablet."""
    return sign_in(client, cast.emil)


def take(tablet: FlaskClient, *, htmx: bool = False) -> TestResponse:
    """Press "Take next ticket" of Stats iQ."""
    return post(tablet, DESK, TAKE, htmx=htmx)


def test_his_queues_come_first_and_the_others_below(emil: FlaskClient, cast: Cast) -> None:
    queue_of(cast, 3)
    queue_of(cast, 1, "API")
    words = words_of(emil.get(DESK))
    assert words.index("Stats iQ") < words.index("API")
    assert "3 waiting" in words
    assert TAKE in emil.get(DESK).text
    assert "/demo/desk/API/take" not in emil.get(DESK).text


def test_a_queue_says_that_somebody_in_it_comes_first(emil: FlaskClient, cast: Cast) -> None:
    cast.set(allow_urgent=True)
    queue_of(cast, 1)
    assert "urgent" not in words_of(emil.get(DESK))
    checked_in(cast, urgent_reason="Train at 15:00")
    assert "1 urgent" in words_of(emil.get(DESK))
    taken(cast)
    assert "urgent" not in words_of(emil.get(DESK))


def test_without_a_number_the_desk_asks_and_the_ticket_says_what_follows(emil: FlaskClient, cast: Cast) -> None:
    asks, follows = "Which desk are you at?", "They were not told which desk to come to."
    queue_of(cast, 2)
    assert asks in words_of(emil.get(DESK))
    address = take(emil).location
    assert follows in words_of(emil.get(address))
    assert follows not in words_of(sign_in(emil.application.test_client(), cast.lena).get(address))
    post(emil, DESK, "/demo/desk/number", desk="7")
    assert asks not in words_of(emil.get(DESK))
    assert follows not in words_of(emil.get(address))


def test_a_take_leads_to_the_oldest_ticket(emil: FlaskClient, cast: Cast) -> None:
    first, *_rest = queue_of(cast, 3)
    answer = take(emil)
    assert (answer.status_code, answer.location) == (303, f"/demo/tickets/{first}")
    assert cast.ticket(first).owner_id == cast.emil.id


def test_htmx_gets_the_tickets_fragment_and_its_address(emil: FlaskClient, cast: Cast) -> None:
    (key,) = queue_of(cast, 1)
    answer = take(emil, htmx=True)
    assert answer.status_code == 200
    assert answer.headers["HX-Push-Url"] == f"/demo/tickets/{key}"
    assert key in answer.text
    assert "<html" not in answer.text


def test_the_button_pressed_twice_gives_one_ticket(emil: FlaskClient, cast: Cast) -> None:
    first, second, *_rest = queue_of(cast, 3)
    fields = form_of(emil.get(DESK), TAKE)
    answers = [emil.post(TAKE, data=fields) for _ in range(2)]
    assert [answer.location for answer in answers] == [f"/demo/tickets/{first}"] * 2
    assert cast.ticket(second).owner_id is None


def test_an_empty_queue_says_so(emil: FlaskClient) -> None:
    answer = take(emil)
    assert answer.status_code == 409
    assert "Nobody is waiting for Stats iQ" in words_of(answer)


def test_a_take_from_another_teams_queue_changes_nothing(emil: FlaskClient, cast: Cast) -> None:
    (key,) = queue_of(cast, 1, "API")
    fields = form_of(emil.get(DESK), TAKE)
    answer = emil.post("/demo/desk/API/take", data=fields)
    assert answer.status_code == 409
    assert "You are not in the team API" in words_of(answer)
    assert cast.ticket(key).owner_id is None


def test_full_hands_are_told_with_the_way_to_the_ticket(emil: FlaskClient, cast: Cast) -> None:
    queue_of(cast, 2)
    key = taken(cast)
    answer = take(emil, htmx=True)
    assert answer.status_code == 409
    assert f"You still have {key} in hand" in words_of(answer)
    assert f'href="/demo/tickets/{key}"' in answer.text


def test_a_paused_queue_says_which_of_these_it_is(emil: FlaskClient, cast: Cast) -> None:
    queue_of(cast, 1)
    fields = form_of(emil.get(DESK), TAKE)
    cast.set_queue("STQ", QueueState.PAUSED)
    answer = emil.post(TAKE, data=fields)
    assert answer.status_code == 409
    assert "paused" in words_of(answer)


def test_an_unknown_team_is_not_there(emil: FlaskClient) -> None:
    fields = form_of(emil.get(DESK), TAKE)
    assert emil.post("/demo/desk/XXX/take", data=fields).status_code == 404


def test_a_take_without_a_good_token_changes_nothing(emil: FlaskClient, cast: Cast) -> None:
    (key,) = queue_of(cast, 1)
    answer = emil.post(TAKE, data={"request_key": str(uuid.uuid4())})
    assert answer.status_code == 422
    assert cast.ticket(key).owner_id is None


def test_the_desks_number_is_kept_and_named_on_the_ticket(emil: FlaskClient, cast: Cast) -> None:
    (key,) = queue_of(cast, 1)
    assert post(emil, DESK, "/demo/desk/number", desk="7").status_code == 303
    take(emil)
    assert cast.ticket(key).desk == "7"
    assert post(emil, DESK, "/demo/desk/number", desk="x" * 50).status_code == 422


def test_his_tickets_are_there_by_status(emil: FlaskClient, cast: Cast) -> None:
    queue_of(cast, 2)
    followed_up = taken(cast)
    moved(cast, followed_up, StatusCode.FOLLOW_UP)
    in_hand = taken(cast)
    words = words_of(emil.get(DESK))
    assert followed_up in words
    assert in_hand in words
    assert "Follow-up" in words


def test_signed_out_htmx_gets_401_and_the_way_to_sign_in(client: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    answer = client.post(TAKE, headers=HTMX)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"].startswith("/sign-in")
    assert answer.text == ""


def test_an_organiser_sees_the_queues_without_a_button(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, cast.olga)
    page = client.get(DESK)
    assert page.status_code == 200
    assert "take" not in page.text.split("<main", 1)[1].split("action=")[0]
    assert client.post(TAKE).status_code == 403


def test_what_was_escalated_to_a_team_is_with_its_lead_and_organisers(app: Flask, cast: Cast) -> None:
    queue_of(cast, 1)
    key = taken(cast)
    with cast.writing() as session:
        escalate(session, key, event_id=cast.event_id, by=cast.emil.id, version=None, team_code="STQ")
    seen = {
        who.name: "On hold, and nobody has it 1" in words_of(sign_in(app.test_client(), who).get(DESK))
        for who in (cast.emil, cast.tove, cast.lena, cast.olga)
    }
    assert seen == {"Emil": False, "Tove": False, "Lena": True, "Olga": True}


def test_what_was_escalated_to_a_lead_is_among_hers(app: Flask, cast: Cast) -> None:
    queue_of(cast, 1)
    key = taken(cast)
    with cast.writing() as session:
        escalate(session, key, event_id=cast.event_id, by=cast.emil.id, version=None)
    words = words_of(sign_in(app.test_client(), cast.lena).get(DESK))
    assert f"Escalated 1 {key}" in words
    assert "nobody has it" not in words


def test_what_was_just_done_can_be_undone_from_the_desk(emil: FlaskClient, cast: Cast) -> None:
    queue_of(cast, 1)
    key = taken(cast)
    assert "undo-bar" not in emil.get(DESK).text
    moved(cast, key, StatusCode.RESOLVED)
    page = emil.get(DESK)
    assert form_of(page, f"/demo/tickets/{key}/undo")["change_id"] == str(cast.changes(key)[-1].id)


def test_a_closed_queue_has_no_button_and_a_closing_one_has(app: Flask, emil: FlaskClient, cast: Cast) -> None:
    queue_of(cast, 1)
    cast.set_queue("STQ", QueueState.CLOSED)
    page = emil.get(DESK)
    assert "This queue is closed" in words_of(page)
    assert "Decide what becomes of those who wait" not in words_of(page)
    assert TAKE not in page.text
    assert 'href="/demo/queues?ask=STQ"' in sign_in(app.test_client(), cast.lena).get(DESK).text
    cast.set_queue("STQ", QueueState.CLOSING)
    page = emil.get(DESK)
    assert "Closing" in words_of(page)
    assert TAKE in page.text


def test_all_his_tickets_are_one_tap_away(emil: FlaskClient) -> None:
    assert 'href="/demo/tickets?mine=1"' in emil.get(DESK).text


def test_who_signs_out_is_reminded_of_what_is_in_their_hands(emil: FlaskClient, cast: Cast) -> None:
    assert "in your hands" not in words_of(emil.get("/sign-out"))
    queue_of(cast, 1)
    key = taken(cast)
    page = emil.get("/sign-out")
    assert f"{key} is still in your hands." in words_of(page)
    assert f'href="/demo/tickets/{key}"' in page.text
    assert post(emil, "/sign-out", "/sign-out").status_code == 303
