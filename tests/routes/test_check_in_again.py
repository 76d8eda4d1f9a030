"""Somebody who has an open ticket already, at the kiosk (docs/specification.md, 2.4)."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from checkin.models import StatusCode, Ticket
from tests.cast import Cast, checked_in, moved, queue_of, sign_in, taken
from tests.routes.pages import HTMX, form_of, words_of
from tests.routes.test_check_in import ADDRESS, submit


@pytest.fixture
def kiosk(client: FlaskClient, cast: Cast) -> FlaskClient:
    """Return Vera's kiosk."""
    return sign_in(client, cast.vera)


def asked_about(kiosk: FlaskClient, cast: Cast, product: str = "API", **changes: Any) -> TestResponse:
    """Check Carla in for a product and return the page that asks what becomes of the ticket she has."""
    answer = submit(kiosk, cast, product=cast.products[product], **changes)
    assert answer.status_code == 409
    return answer


def choose(kiosk: FlaskClient, asked: TestResponse, choice: str, **more: Any) -> TestResponse:
    """Press one of the choices."""
    return kiosk.post(ADDRESS, data=form_of(asked, ADDRESS) | {"duplicate": choice}, **more)


def keys(cast: Cast) -> list[str]:
    """Return the keys of all tickets."""
    return [ticket.key for ticket in cast.all(select(Ticket).order_by(Ticket.id))]


def test_the_page_shows_the_ticket_and_its_place_and_keeps_what_was_typed(kiosk: FlaskClient, cast: Cast) -> None:
    queue_of(cast, 2)
    checked_in(cast)
    asked = asked_about(kiosk, cast, notes="it is the token")
    words = words_of(asked)
    assert "STQ-3" in words
    assert "2 people are before them." in words
    for choice in ("Keep STQ-3", "Move it to API", "Check in again"):
        assert choice in words
    fields = form_of(asked, ADDRESS)
    assert (fields["notes"], fields["first_name"]) == ("it is the token", "Carla")
    assert fields["product"] == str(cast.products["API"])
    assert asked.text.index('value="keep"') < asked.text.index('value="move"') < asked.text.index('value="again"')


def test_the_focus_is_on_keeping_it(kiosk: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    asked = asked_about(kiosk, cast)
    assert asked.text.count("autofocus") == 1
    (button,) = [tag for tag in asked.text.split("<button") if "autofocus" in tag]
    assert 'value="keep"' in button


def test_keep_shows_the_ticket_that_is_there(kiosk: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    asked = asked_about(kiosk, cast)
    for _ in range(2):
        answer = choose(kiosk, asked, "keep")
        assert answer.status_code == 303
        page = kiosk.get(answer.location)
        assert "your number is still" in words_of(page)
        assert "STQ-1" in words_of(page)
    assert keys(cast) == ["STQ-1"]


def test_move_shows_the_same_number_in_the_other_queue(kiosk: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    asked = asked_about(kiosk, cast)
    for _ in range(2):
        answer = choose(kiosk, asked, "move", headers=HTMX)
        assert answer.status_code == 200
        assert "your number is still" in words_of(answer)
        assert "You are next for API" in words_of(answer)
    assert keys(cast) == ["STQ-1"]
    assert [change.action for change in cast.changes("STQ-1")] == ["check_in", "hand_over"]


def test_check_in_again_makes_one_more(kiosk: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    asked = asked_about(kiosk, cast)
    locations = {choose(kiosk, asked, "again").location for _ in range(2)}
    assert len(locations) == 1
    assert keys(cast) == ["STQ-1", "API-2"]


def test_for_the_same_product_there_is_nothing_to_move(kiosk: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    assert 'value="move"' not in asked_about(kiosk, cast, "Stats iQ").text


def test_once_an_expert_has_it_the_page_names_them(kiosk: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    asked = asked_about(kiosk, cast)
    taken(cast)
    refused = choose(kiosk, asked, "move")
    assert refused.status_code == 409
    assert "With Emil at Desk 7." in words_of(refused)
    assert "Emil has it and can hand it over" in words_of(refused)
    assert 'value="move"' not in refused.text
    page = kiosk.get(choose(kiosk, refused, "keep").location)
    assert "Emil is ready for you at Desk 7." in words_of(page)


def test_a_ticket_that_was_closed_meanwhile_is_said_and_the_next_press_checks_in(
    kiosk: FlaskClient, cast: Cast
) -> None:
    checked_in(cast)
    asked = asked_about(kiosk, cast)
    moved(cast, taken(cast), StatusCode.RESOLVED)
    answer = choose(kiosk, asked, "keep")
    assert answer.status_code == 409
    assert "was closed meanwhile" in words_of(answer)
    assert kiosk.post(ADDRESS, data=form_of(answer, ADDRESS)).status_code == 303
    assert keys(cast) == ["STQ-1", "API-2"]


def test_back_to_the_form_keeps_all_and_does_nothing(kiosk: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    form = choose(kiosk, asked_about(kiosk, cast, notes="in a hurry"), "back")
    assert form.status_code == 200
    fields = form_of(form, ADDRESS)
    assert (fields["notes"], fields["product"]) == ("in a hurry", str(cast.products["API"]))
    assert keys(cast) == ["STQ-1"]


def test_a_choice_that_is_none_is_asked_again(kiosk: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    assert choose(kiosk, asked_about(kiosk, cast), "all of them").status_code == 409
    assert keys(cast) == ["STQ-1"]


def test_a_slip_a_doubtful_phone_and_an_open_ticket_in_one_submission(kiosk: FlaskClient, cast: Cast) -> None:
    checked_in(cast, email="carla@gmail.com")
    slip = submit(kiosk, cast, email="carla@gmial.com", phone="800 555 0199", product=cast.products["API"])
    assert slip.status_code == 422
    phone = kiosk.post(ADDRESS, data=form_of(slip, ADDRESS) | {"email_choice": "use"})
    assert phone.status_code == 422
    there = kiosk.post(ADDRESS, data=form_of(phone, ADDRESS) | {"phone_choice": "keep"})
    assert there.status_code == 409
    assert choose(kiosk, there, "move").status_code == 303
    assert keys(cast) == ["STQ-1"]


def test_nothing_of_another_events_tickets_is_shown(kiosk: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    assert kiosk.get("/demo-elsewhere/checkin", query_string={"done": "STQ-1"}).status_code == 403


def test_a_ticket_that_is_done_says_so_on_its_page(kiosk: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    moved(cast, taken(cast), StatusCode.RESOLVED)
    assert "is closed" in words_of(kiosk.get(ADDRESS, query_string={"done": "STQ-1"}))
