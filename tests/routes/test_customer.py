"""Carla's own page: where she stands, what she can do by herself (docs/specification.md, section 7)."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from checkin import clock
from checkin.live import live
from checkin.models import QueueState, Quote, StatusCode, Ticket
from checkin.queueing.closing import Waiting, settle_waiting
from checkin.queueing.customer_moves import leave_queue
from checkin.queueing.handing_over import hand_over_to_person, hand_over_to_team
from checkin.queueing.leaving import cancel
from tests.cast import CARLA_PHONE, Cast, checked_in, moved, queue_of, resolved, sign_in, taken
from tests.routes.pages import form_of, post, words_of


def own_page(cast: Cast, key: str) -> str:
    """Return the address of the customer's page."""
    return f"/t/{cast.ticket(key).token}"


def words(client: FlaskClient, cast: Cast, key: str) -> str:
    return words_of(client.get(own_page(cast, key)))


def pressed(client: FlaskClient, cast: Cast, key: str, button: str, *, htmx: bool = False, **fields: Any) -> Any:
    """Press a button of the page as it is now."""
    page = own_page(cast, key)
    return post(client, page, f"{page}/{button}", htmx=htmx, **fields)


def set_ticket(cast: Cast, key: str, **values: Any) -> None:
    with cast.writing() as session:
        session.execute(update(Ticket).where(Ticket.key == key).values(values))


def buttons(client: FlaskClient, cast: Cast, key: str) -> set[str]:
    text = client.get(own_page(cast, key)).text
    known = ("on-my-way", "more-time", "back-already", "to-details", "to-leave")
    return {name for name in known if f'id="{name}"' in text}


# What she reads


def test_the_place_comes_with_an_honest_range(client: FlaskClient, cast: Cast) -> None:
    queue_of(cast, 4)
    for _ in range(3):
        key = resolved(cast)
        closed_at = cast.ticket(key).closed_at
        assert closed_at is not None
        set_ticket(cast, key, taken_at=closed_at - timedelta(minutes=10))
    second, third = checked_in(cast), checked_in(cast, email="c3@example.org", phone=None)

    assert "1 person before you about 5 to " in words(client, cast, second)
    assert "2 people before you about 5 to 25 min" in words(client, cast, third)


def test_without_data_that_is_said(client: FlaskClient, cast: Cast) -> None:
    first, second = queue_of(cast, 2)
    assert "You are next. It will be soon." in words(client, cast, first)
    assert "We don't know yet how long it will take." in words(client, cast, second)


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (QueueState.PAUSED, "The experts are taking a short break. You keep your place."),
        (QueueState.CLOSING, "This queue takes nobody new any more. You will still be called."),
        (QueueState.CLOSED, "This queue is closed now."),
    ],
)
def test_a_queue_that_rests_is_said_kindly(client: FlaskClient, cast: Cast, state: QueueState, sentence: str) -> None:
    key = checked_in(cast)
    cast.set_queue("STQ", state)
    assert sentence in words(client, cast, key)


def test_who_was_sent_to_another_team_reads_which(client: FlaskClient, cast: Cast) -> None:
    key = checked_in(cast)
    taken(cast)
    with cast.writing() as session:
        hand_over_to_team(session, key, event_id=cast.event_id, by=cast.emil.id, version=None, team_code="API")
    assert "You are now in the queue of API . You keep the time you have waited." in words(client, cast, key)


def test_each_end_has_its_own_kind_words(client: FlaskClient, cast: Cast) -> None:
    ends = {
        StatusCode.NO_SHOW: "We called you and could not find you. Come back to the desk today and you keep your",
        StatusCode.CANCELLED: "You are not in the queue any more. Do you still need help? Please come to the desk.",
        StatusCode.FOLLOW_UP: "We are working on it.",
        StatusCode.RESOLVED: "This visit is over.",
    }
    for number, (status, sentence) in enumerate(ends.items()):
        key = checked_in(cast, email=f"c{number}@example.org", phone=None)
        taken(cast)
        moved(cast, key, status)
        assert sentence in words(client, cast, key)
        assert buttons(client, cast, key) == set()


def test_the_next_day_a_place_is_not_promised_any_more(client: FlaskClient, cast: Cast) -> None:
    key = checked_in(cast)
    taken(cast)
    moved(cast, key, "no_show")
    set_ticket(cast, key, closed_at=clock.now() - timedelta(days=1, minutes=1))
    assert "You are welcome to check in again." in words(client, cast, key)


def test_a_place_in_a_queue_that_has_closed_is_not_promised_either(client: FlaskClient, cast: Cast) -> None:
    key = checked_in(cast)
    taken(cast)
    moved(cast, key, "no_show")
    cast.set_queue("STQ", QueueState.CLOSED)
    missed = words(client, cast, key)
    assert "The queue has closed meanwhile. Please ask at the desk how to go on." in missed
    assert not any(promise in missed for promise in ("keep your place", "welcome to check in"))


def test_who_left_a_queue_that_has_closed_reads_that(client: FlaskClient, cast: Cast) -> None:
    key = checked_in(cast)
    with cast.writing() as session:
        leave_queue(session, cast.ticket(key).token)
    assert "Come back to the desk today and you keep your place." in words(client, cast, key)
    cast.set_queue("STQ", QueueState.CLOSED)
    assert "You have left the queue. The queue has closed meanwhile." in words(client, cast, key)


def test_what_the_desk_wrote_to_those_it_cancelled_stands_there(client: FlaskClient, cast: Cast) -> None:
    key = checked_in(cast)
    with cast.writing() as session:
        settle_waiting(
            session, event_id=cast.event_id, team_code="STQ", by=cast.lena.id, choice=Waiting.CANCEL,
            words="We are back tomorrow at 9.",
        )  # fmt: skip
    assert "You are not in the queue any more. We are back tomorrow at 9." in words(client, cast, key)


def test_a_note_of_who_cancels_is_for_colleagues(client: FlaskClient, cast: Cast) -> None:
    key = checked_in(cast)
    with cast.writing() as session:
        cancel(session, key, event_id=cast.event_id, by=cast.lena.id, version=None, words="Rude.")
    assert "Rude" not in words(client, cast, key)


def test_without_a_number_she_is_asked_to_come_to_the_desk(client: FlaskClient, cast: Cast) -> None:
    key = checked_in(cast)
    taken(cast, desk="")
    assert "Emil is ready for you. Please come to the desk." in words(client, cast, key)


def test_somebody_at_the_table_is_not_told_that_it_is_over(client: FlaskClient, cast: Cast) -> None:
    key = checked_in(cast)
    taken(cast)
    set_ticket(cast, key, arrived_at=clock.now())
    assert "Emil is with you. Desk 7" in words(client, cast, key)
    assert buttons(client, cast, key) == set()


@pytest.mark.parametrize("button", ["", "/on-my-way", "/more-time", "/leave", "/details", "/language"])
def test_an_unknown_token_leads_nowhere(client: FlaskClient, cast: Cast, button: str) -> None:
    checked_in(cast)
    address = f"/t/unknown{button}"
    assert (client.post(address) if button else client.get(address)).status_code == 404


# I am on my way


@pytest.mark.parametrize("htmx", [False, True])
def test_emil_learns_that_she_is_coming(client: FlaskClient, cast: Cast, *, htmx: bool) -> None:
    key = checked_in(cast)
    taken(cast)
    answer = pressed(client, cast, key, "on-my-way", htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    assert cast.ticket(key).on_the_way_at is not None
    assert "Emil knows that you are coming." in words(client, cast, key)
    assert buttons(client, cast, key) == {"more-time", "to-leave"}


def test_a_press_on_a_page_that_slept_says_how_things_stand_now(client: FlaskClient, cast: Cast) -> None:
    key = checked_in(cast)
    taken(cast)
    page = own_page(cast, key)
    fields = form_of(client.get(page), "/on-my-way")
    moved(cast, key, "no_show")
    answer = client.post(f"{page}/on-my-way", data=fields)
    assert answer.status_code == 409
    assert "You were not called yet, or no longer are. Here is how things stand now." in words_of(answer)
    assert "We called you and could not find you." in words_of(answer)


@pytest.mark.parametrize("move", ["on-my-way", "more-time", "language"])
def test_a_page_that_stands_at_the_address_of_a_move_finds_back(client: FlaskClient, cast: Cast, move: str) -> None:
    key = checked_in(cast)
    page = own_page(cast, key)
    assert client.get(f"{page}/{move}").location == page
    assert "You are next." in words_of(client.get(f"{page}/{move}", headers={"HX-Request": "true"}))


# Five more minutes


@pytest.mark.parametrize("htmx", [False, True])
def test_five_more_minutes_are_hers_while_the_others_go_on(client: FlaskClient, cast: Cast, *, htmx: bool) -> None:
    key = checked_in(cast)
    (second,) = queue_of(cast, 1)
    assert pressed(client, cast, key, "more-time", htmx=htmx).status_code == (200 if htmx else 303)
    assert "Take your time." in words(client, cast, key)
    assert "You are next." in words(client, cast, second)
    assert buttons(client, cast, key) == {"back-already", "to-details", "to-leave"}


@pytest.mark.parametrize("htmx", [False, True])
def test_who_is_back_already_says_so_and_is_next(client: FlaskClient, cast: Cast, *, htmx: bool) -> None:
    key = checked_in(cast)
    pressed(client, cast, key, "more-time")
    assert pressed(client, cast, key, "back", htmx=htmx).status_code == (200 if htmx else 303)
    assert "You are next." in words(client, cast, key)
    assert buttons(client, cast, key) == {"more-time", "to-details", "to-leave"}
    timeline = words_of(sign_in(client, cast.emil).get(f"/demo/tickets/{key}"))
    assert "The customer is back before their five minutes are over" in timeline


def test_only_the_expert_whom_she_asked_knows_that_she_needs_more_time(client: FlaskClient, cast: Cast) -> None:
    key = checked_in(cast)
    pressed(client, cast, key, "more-time")
    pressed(client, cast, key, "back")
    taken(cast)
    assert "knows that you need" not in words(client, cast, key)
    pressed(client, cast, key, "more-time")
    assert "Emil knows that you need a few more minutes." in words(client, cast, key)
    with cast.writing() as session:
        hand_over_to_person(session, key, event_id=cast.event_id, by=cast.emil.id, version=None, person_id=cast.lena.id)
    assert "knows that you need" not in words(client, cast, key)


def test_in_a_closed_queue_more_time_is_of_no_use(client: FlaskClient, cast: Cast) -> None:
    key = checked_in(cast)
    cast.set_queue("STQ", QueueState.CLOSED)
    assert buttons(client, cast, key) == {"to-details", "to-leave"}


def test_a_double_tap_counts_once_and_a_third_time_is_refused(client: FlaskClient, cast: Cast) -> None:
    key = checked_in(cast)
    taken(cast)
    page = own_page(cast, key)
    first = form_of(client.get(page), "/more-time")
    for _ in range(2):
        assert client.post(f"{page}/more-time", data=first).status_code == 303
    assert cast.ticket(key).more_time == 1
    second = form_of(client.get(page), "/more-time")
    assert client.post(f"{page}/more-time", data=second).status_code == 303
    assert "more-time" not in buttons(client, cast, key)
    third = client.post(f"{page}/more-time", data=second | {"asked": "2"})
    assert third.status_code == 409
    assert "You have asked for more time twice already." in words_of(third)
    assert cast.ticket(key).more_time == 2


@pytest.mark.parametrize("asked", ["", "x", "-1", "9" * 40])
def test_nonsense_for_how_often_she_asked_is_a_press_of_its_own(client: FlaskClient, cast: Cast, asked: str) -> None:
    key = checked_in(cast)
    assert pressed(client, cast, key, "more-time", asked=asked).status_code == 303
    assert cast.ticket(key).more_time == 1


def test_from_further_back_there_is_no_such_button(client: FlaskClient, cast: Cast) -> None:
    *_, third, fourth = queue_of(cast, 4)
    assert buttons(client, cast, third) == {"more-time", "to-details", "to-leave"}
    assert buttons(client, cast, fourth) == {"to-details", "to-leave"}


# Leave the queue


@pytest.mark.parametrize("htmx", [False, True])
def test_she_is_asked_once_and_then_she_has_left(client: FlaskClient, cast: Cast, *, htmx: bool) -> None:
    key = checked_in(cast)
    page = own_page(cast, key)
    assert "Do you want to leave the queue?" in words_of(client.get(f"{page}/leave"))
    answer = post(client, f"{page}/leave", f"{page}/leave", htmx=htmx)
    assert (answer.headers.get("HX-Redirect") if htmx else answer.location) == page
    assert cast.ticket(key).status_id == cast.statuses["cancelled"]
    assert "You have left the queue. Changed your mind? Come back to the desk today" in words(client, cast, key)
    set_ticket(cast, key, closed_at=clock.now() - timedelta(days=1, minutes=1))
    assert "You have left the queue. You are welcome to check in again." in words(client, cast, key)


def test_who_is_gone_is_not_asked(client: FlaskClient, cast: Cast) -> None:
    key = checked_in(cast)
    page = own_page(cast, key)
    resolved(cast)
    assert client.get(f"{page}/leave").location == page
    instead = client.get(f"{page}/leave", headers={"HX-Request": "true"})
    assert "This visit is over." in words_of(instead)


# Correct my details


@pytest.mark.parametrize("htmx", [False, True])
def test_the_form_is_empty_and_replaces_only_what_is_filled_in(client: FlaskClient, cast: Cast, *, htmx: bool) -> None:
    key = checked_in(cast)
    page = own_page(cast, key)
    form = form_of(client.get(f"{page}/details"), "/details")
    assert [form[name] for name in ("first_name", "last_name", "email", "phone")] == [""] * 4
    answer = post(client, f"{page}/details", f"{page}/details", htmx=htmx, email="New@Example.org")
    assert (answer.headers.get("HX-Redirect") if htmx else answer.location) == page
    assert "Your details are corrected." in words_of(client.get(page))
    other = own_page(cast, checked_in(cast, email="o@example.org", phone=None))
    assert "Your details are corrected." not in words_of(client.get(other))
    ticket = cast.ticket(key)
    assert (ticket.first_name, ticket.last_name, ticket.email, ticket.phone) == (
        "Carla", "Jones", "New@example.org", CARLA_PHONE,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({}, "Please fill in what is to be replaced."),
        ({"email": "nonsense"}, "This does not look like an email address."),
        ({"phone": "12"}, "This cannot be a phone number."),
        ({"first_name": "x" * 101}, "At most 100 characters, please."),
        ({"last_name": "a\x00b"}, "There is a character in here that cannot be typed."),
    ],
)
def test_nonsense_is_refused_with_what_was_typed(
    client: FlaskClient, cast: Cast, typed: dict[str, Any], sentence: str
) -> None:
    key = checked_in(cast)
    address = f"{own_page(cast, key)}/details"
    answer = post(client, address, address, **typed)
    assert answer.status_code == 422
    assert sentence in words_of(answer)
    assert len(cast.changes(key)) == 1


def test_a_slip_in_the_domain_is_one_tap_away_from_right(client: FlaskClient, cast: Cast) -> None:
    key = checked_in(cast)
    address = f"{own_page(cast, key)}/details"
    asked = post(client, address, address, email="carla@gmial.com")
    assert asked.status_code == 422
    assert "Did you mean carla@gmail.com ?" in words_of(asked)
    fields = form_of(asked, "/details")
    assert client.post(address, data=fields | {"email_choice": "use"}).status_code == 303
    assert cast.ticket(key).email == "carla@gmail.com"


def test_what_she_typed_stands_when_she_says_so(client: FlaskClient, cast: Cast) -> None:
    key = checked_in(cast)
    address = f"{own_page(cast, key)}/details"
    asked = post(client, address, address, email="carla@gmial.com", phone="+1 800 555 0199")
    fields = form_of(asked, "/details")
    assert "Is this right? It may not get texts." in words_of(asked)
    # The answer to one question is none to the other.
    again = client.post(address, data=fields | {"email_choice": "keep"})
    assert again.status_code == 422
    assert "Is this right? It may not get texts." in words_of(again)
    assert client.post(address, data=form_of(again, "/details") | {"phone_choice": "keep"}).status_code == 303
    assert (cast.ticket(key).email, cast.ticket(key).phone) == ("carla@gmial.com", "+18005550199")


def test_fields_that_the_event_does_not_ask_are_not_there(client: FlaskClient, cast: Cast) -> None:
    cast.set(ask_email="not_asked", ask_last_name="not_asked", ask_phone="not_asked")
    key = checked_in(cast)
    address = f"{own_page(cast, key)}/details"
    assert set(form_of(client.get(address), "/details")) >= {"first_name"}
    assert 'name="email"' not in client.get(address).text
    assert post(client, address, address, first_name="Karla").status_code == 303
    assert cast.ticket(key).first_name == "Karla"


def test_once_called_there_is_nothing_to_correct(client: FlaskClient, cast: Cast) -> None:
    key = checked_in(cast)
    page = own_page(cast, key)
    fields = form_of(client.get(f"{page}/details"), "/details")
    taken(cast)
    assert client.get(f"{page}/details").location == page
    assert "Emil is ready for you" in words_of(client.get(f"{page}/details", headers={"HX-Request": "true"}))
    answer = client.post(f"{page}/details", data=fields | {"first_name": "Karla"})
    assert answer.status_code == 409
    assert "You are no longer in the queue." in words_of(answer)
    assert cast.ticket(key).first_name == "Carla"


def test_a_form_that_was_open_too_long_keeps_what_was_typed(client: FlaskClient, cast: Cast) -> None:
    key = checked_in(cast)
    page = own_page(cast, key)
    late = post(client, f"{page}/details", f"{page}/details", first_name="Karla", csrf_token="old")
    assert late.status_code == 422
    assert form_of(late, "/details")["first_name"] == "Karla"
    pressed_late = pressed(client, cast, key, "more-time", csrf_token="old")
    assert pressed_late.status_code == 422
    assert "This page had been open for too long." in words_of(pressed_late)


# The language


def test_page_and_messages_follow_her_language(client: FlaskClient, cast: Cast) -> None:
    key = checked_in(cast)
    page = own_page(cast, key)
    answer = post(client, page, f"{page}/language", language="fr")
    assert (answer.status_code, answer.location) == (303, page)
    assert cast.ticket(key).language == "fr"
    assert '<html lang="fr"' in client.get(page).text


def test_a_language_that_the_event_does_not_speak_changes_nothing(client: FlaskClient, cast: Cast) -> None:
    key = checked_in(cast)
    assert pressed(client, cast, key, "language", language="tlh").status_code == 422
    cast.set(languages=("en",))
    assert "/language" not in client.get(own_page(cast, key)).text
    assert cast.ticket(key).language == "en"


# What she was told


def test_what_she_was_told_is_kept_once(app: Flask, client: FlaskClient, cast: Cast) -> None:
    first, second = queue_of(cast, 2)
    for key in (first, first, second):
        client.get(own_page(cast, key))
    taken(cast)
    client.get(own_page(cast, first))
    client.get(own_page(cast, second))
    live(app).quotes.stop()
    told = [
        (quote.ticket_id, quote.place, quote.least, quote.most) for quote in cast.all(select(Quote).order_by(Quote.id))
    ]
    one, two = cast.ticket(first).id, cast.ticket(second).id
    assert told == [(one, 1, 0, 0), (two, 2, None, None), (two, 1, 0, 0)]


def test_what_emil_sees_of_her_page_was_not_told_to_her(app: Flask, client: FlaskClient, cast: Cast) -> None:
    key = checked_in(cast)
    assert "You are next." in words(sign_in(client, cast.emil), cast, key)
    live(app).quotes.stop()
    assert cast.all(select(Quote)) == []


@pytest.mark.parametrize(("least", "most"), [(0, 5), (125, 180)])
def test_short_and_long_waits_have_words_of_their_own(
    client: FlaskClient, cast: Cast, least: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from checkin.queueing.waits import WaitRange
    from checkin.reports import customers

    monkeypatch.setattr(customers, "estimate_wait", lambda *_, **__: WaitRange(least, most))
    _first, second = queue_of(cast, 2)
    assert ("up to about 5 min" if least == 0 else "more than two hours") in words(client, cast, second)
