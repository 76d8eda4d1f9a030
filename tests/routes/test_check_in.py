"""Vera checks customers in at the kiosk."""

import io
import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from checkin import clock
from checkin.live import live
from checkin.models import QueueState, Quote, StatusCode, Ticket
from checkin.queueing.waits import WaitRange
from checkin.routes.checking_in import wait_in_words
from tests.cast import Cast, checked_in, moved, queue_of, sign_in, taken
from tests.routes.pages import HTMX, error_beside, form_of, post, words_of

ADDRESS = "/demo/checkin"


@pytest.fixture
def kiosk(client: FlaskClient, cast: Cast) -> FlaskClient:
    """Return Vera's kiosk."""
    return sign_in(client, cast.vera)


def submit(kiosk: FlaskClient, cast: Cast, *, htmx: bool = False, **changes: Any) -> TestResponse:
    """Fill the form in for Carla, with `changes`, and press the button."""
    typed: dict[str, Any] = {
        "first_name": "Carla",
        "last_name": "Jones",
        "email": "carla@example.org",
        "phone": "415 555 2671",
        "product": cast.products["Stats iQ"],
    }
    return post(kiosk, ADDRESS, ADDRESS, htmx=htmx, **(typed | changes))


def tickets(cast: Cast) -> int:
    """Return how many tickets there are."""
    return cast.one(select(func.count()).select_from(Ticket))


def test_the_customer_gets_a_key_a_place_and_a_qr_code(kiosk: FlaskClient, cast: Cast) -> None:
    queue_of(cast, 2)
    answer = submit(kiosk, cast, notes="leaves at 15:00")
    assert answer.status_code == 303
    page = kiosk.get(answer.location)
    assert page.status_code == 200
    assert "STQ-3" in page.text
    assert "<svg" in page.text
    ticket = cast.ticket("STQ-3")
    assert (ticket.email, ticket.phone, ticket.notes) == ("carla@example.org", "+14155552671", "leaves at 15:00")
    assert ticket.title == "Carla needs your help with Stats iQ"
    assert ticket.checked_in_by_id == cast.vera.id
    assert f"/t/{ticket.token}" in page.text


def test_the_first_of_a_team_that_shares_its_expert_is_told_soon(kiosk: FlaskClient, cast: Cast) -> None:
    queue_of(cast, 1)
    answer = submit(kiosk, cast, htmx=True, product=cast.products["360"])
    assert "It will be soon." in words_of(answer)


def test_htmx_gets_the_success_as_a_fragment(kiosk: FlaskClient, cast: Cast) -> None:
    answer = submit(kiosk, cast, htmx=True)
    assert answer.status_code == 200
    assert "STQ-1" in answer.text
    assert "<html" not in answer.text
    assert "HX-Request" in answer.headers["Vary"]


def test_the_kiosk_keeps_its_name_on_every_ticket(kiosk: FlaskClient, cast: Cast) -> None:
    kiosk.get(ADDRESS, query_string={"kiosk": "Kiosk 2"})
    submit(kiosk, cast)
    assert cast.ticket("STQ-1").checked_in_where == "Kiosk 2"


def test_a_kiosk_named_with_a_nul_checks_in_all_the_same(kiosk: FlaskClient, cast: Cast) -> None:
    kiosk.get(ADDRESS, query_string={"kiosk": "Kiosk\x00 2"})
    submit(kiosk, cast)
    assert cast.ticket("STQ-1").checked_in_where == "Kiosk 2"
    assert kiosk.get(ADDRESS, query_string={"done": "STQ\x00"}).status_code == 404


@pytest.mark.parametrize("field", ["first_name", "last_name", "email", "phone", "product"])
def test_a_required_field_cannot_be_skipped(kiosk: FlaskClient, cast: Cast, field: str) -> None:
    changes: dict[str, Any] = {field: ""}
    answer = submit(kiosk, cast, **changes)
    assert answer.status_code == 422
    assert error_beside(answer, field)
    assert tickets(cast) == 0


@pytest.mark.parametrize("field", ["first_name", "last_name", "email", "phone", "notes"])
def test_what_is_too_long_comes_back_with_its_error_and_is_kept(kiosk: FlaskClient, cast: Cast, field: str) -> None:
    changes: dict[str, Any] = {field: "x" * 10_000}
    answer = submit(kiosk, cast, **changes)
    assert answer.status_code == 422
    assert error_beside(answer, field)
    assert form_of(answer, ADDRESS)[field] == "x" * 10_000
    assert form_of(answer, ADDRESS)["first_name"] == ("x" * 10_000 if field == "first_name" else "Carla")


def test_notes_that_the_event_requires_cannot_be_skipped(kiosk: FlaskClient, cast: Cast) -> None:
    cast.set(ask_notes="required")
    answer = submit(kiosk, cast, notes=" \r\n")
    assert answer.status_code == 422
    assert error_beside(answer, "notes") == "Please fill in the notes."
    assert submit(kiosk, cast, notes="Leaves at 15:00").status_code == 303


def test_a_line_break_in_the_notes_counts_as_the_browser_counts_it(kiosk: FlaskClient, cast: Cast) -> None:
    lines = ["x" * 99] * 20
    assert submit(kiosk, cast, notes="\r\n".join(lines)).status_code == 303
    assert cast.ticket("STQ-1").notes == "\n".join(lines)


@pytest.mark.parametrize("name", ["Zoë", "李小龍", "محمد", "👩‍🔬 Ada", "O'Brien-Smith", "<b>Bob</b>", "{first_name.x}"])
def test_names_of_every_script_are_welcome(kiosk: FlaskClient, cast: Cast, name: str) -> None:
    answer = submit(kiosk, cast, first_name=name)
    assert answer.status_code == 303
    assert cast.ticket("STQ-1").first_name == name
    page = kiosk.get(answer.location)
    assert "<b>Bob" not in page.text


@pytest.mark.parametrize("name", ["   ", "\u200b", "\u202e \u2060"])
def test_a_name_that_nobody_can_see_is_none(kiosk: FlaskClient, cast: Cast, name: str) -> None:
    answer = submit(kiosk, cast, first_name=name)
    assert answer.status_code == 422
    assert error_beside(answer, "first_name") == "Please fill in the first name."


@pytest.mark.parametrize("name", ["Ad\x00a", "Ada\r\nBcc: all@example.org", "Ada\x1b[2J"])
def test_control_characters_in_a_name_are_refused(kiosk: FlaskClient, cast: Cast, name: str) -> None:
    answer = submit(kiosk, cast, first_name=name)
    assert answer.status_code == 422
    assert error_beside(answer, "first_name")


def test_a_nul_in_the_notes_is_refused_and_lines_are_welcome(kiosk: FlaskClient, cast: Cast) -> None:
    assert submit(kiosk, cast, notes="a\x00b").status_code == 422
    assert submit(kiosk, cast, notes="one\r\ntwo").status_code == 303


@pytest.mark.parametrize("address", [ADDRESS, "/sign-in", "/demo/tickets/new"])
def test_a_file_in_the_place_of_words_is_refused(kiosk: FlaskClient, cast: Cast, address: str) -> None:
    fields = dict.fromkeys(("first_name", "email", "notes"), (io.BytesIO(b"Carla"), "carla.txt"))
    answer = kiosk.post(address, data=fields, content_type="multipart/form-data")
    assert answer.status_code == 400
    assert kiosk.post(address, data={"email": "Carla"}, content_type="multipart/form-data").status_code == 422


@pytest.mark.parametrize("email", ["carla", "carla@", "@example.org", "carla@example", "a b@example.org"])
def test_what_cannot_be_an_email_is_refused(kiosk: FlaskClient, cast: Cast, email: str) -> None:
    answer = submit(kiosk, cast, email=email)
    assert answer.status_code == 422
    assert error_beside(answer, "email")


def test_the_email_is_stored_normalised(kiosk: FlaskClient, cast: Cast) -> None:
    submit(kiosk, cast, email="Carla@EXAMPLE.org")
    assert cast.ticket("STQ-1").email == "Carla@example.org"


def test_a_slip_in_the_domain_is_offered_as_a_correction(kiosk: FlaskClient, cast: Cast) -> None:
    asked = submit(kiosk, cast, email="carla@gmial.com")
    assert asked.status_code == 422
    assert "carla@gmail.com" in error_beside(asked, "email")
    fields = form_of(asked, ADDRESS) | {"product": str(cast.products["Stats iQ"])}
    assert fields["email"] == "carla@gmial.com"
    assert kiosk.post(ADDRESS, data=fields | {"email_choice": "use"}).status_code == 303
    assert cast.ticket("STQ-1").email == "carla@gmail.com"


def test_a_slip_that_is_none_is_kept_and_never_changed_silently(kiosk: FlaskClient, cast: Cast) -> None:
    asked = submit(kiosk, cast, email="carla@gmial.com")
    fields = form_of(asked, ADDRESS) | {"product": str(cast.products["Stats iQ"])}
    assert kiosk.post(ADDRESS, data=fields | {"email_choice": "keep"}).status_code == 303
    assert cast.ticket("STQ-1").email == "carla@gmial.com"


@pytest.mark.parametrize("phone", ["12", "abc", "+999 1234567", "555 2671", "415 555 2671 99999"])
def test_what_cannot_be_a_phone_number_is_refused_with_the_hint(kiosk: FlaskClient, cast: Cast, phone: str) -> None:
    answer = submit(kiosk, cast, phone=phone)
    assert answer.status_code == 422
    assert "1-XXX-XXX-XXXX" in error_beside(answer, "phone")


@pytest.mark.parametrize(
    ("typed", "stored"),
    [("(415) 555-2671", "+14155552671"), ("1-415-555-2671", "+14155552671"), ("+44 7911 123456", "+447911123456")],
)
def test_a_phone_number_is_stored_in_e164(kiosk: FlaskClient, cast: Cast, typed: str, stored: str) -> None:
    assert submit(kiosk, cast, phone=typed).status_code == 303
    assert cast.ticket("STQ-1").phone == stored


@pytest.mark.parametrize("phone", ["+44 20 7946 0018", "800 555 0199", "+49 30 901820"])
def test_a_number_that_may_get_no_texts_is_accepted_after_one_confirmation(
    kiosk: FlaskClient, cast: Cast, phone: str
) -> None:
    asked = submit(kiosk, cast, phone=phone)
    assert asked.status_code == 422
    assert "may not get texts" in error_beside(asked, "phone")
    fields = form_of(asked, ADDRESS) | {"product": str(cast.products["Stats iQ"])}
    assert kiosk.post(ADDRESS, data=fields | {"phone_choice": "keep"}).status_code == 303


def test_a_product_that_is_not_offered_is_refused(kiosk: FlaskClient, cast: Cast) -> None:
    answer = submit(kiosk, cast, product=999_999)
    assert answer.status_code == 422
    assert error_beside(answer, "product")


@pytest.mark.parametrize(
    ("state", "words"), [(QueueState.CLOSED, "is closed."), (QueueState.CLOSING, "is closing and takes nobody new.")]
)
def test_a_queue_that_shuts_takes_nobody_and_keeps_what_was_typed(
    kiosk: FlaskClient, cast: Cast, state: QueueState, words: str
) -> None:
    cast.set_queue("STQ", state)
    answer = submit(kiosk, cast, notes="in a hurry")
    assert answer.status_code == 409
    assert error_beside(answer, "product") == f"The queue of Stats iQ {words}"
    assert form_of(answer, ADDRESS)["notes"] == "in a hurry"


def test_the_focus_is_on_the_first_product_that_can_be_chosen(kiosk: FlaskClient, cast: Cast) -> None:
    cast.set_queue("STQ", QueueState.CLOSED)
    page = submit(kiosk, cast, product="").text
    (focused,) = re.findall(r"<input[^>]* autofocus[^>]*>", page)
    assert f'value="{cast.products["360"]}"' in focused
    assert "disabled" not in focused


def test_the_button_pressed_twice_makes_one_ticket(kiosk: FlaskClient, cast: Cast) -> None:
    fields = form_of(kiosk.get(ADDRESS), ADDRESS) | {
        "first_name": "Carla", "last_name": "Jones", "email": "carla@example.org", "phone": "415 555 2671",
        "product": str(cast.products["Stats iQ"]),
    }  # fmt: skip
    first, second = kiosk.post(ADDRESS, data=fields), kiosk.post(ADDRESS, data=fields)
    assert first.location == second.location
    assert tickets(cast) == 1


def test_the_same_submission_with_other_content_keeps_the_first_ticket_and_says_so(
    kiosk: FlaskClient, cast: Cast
) -> None:
    same = str(uuid.uuid4())
    submit(kiosk, cast, submission_id=same)
    answer = submit(kiosk, cast, submission_id=same, first_name="Carl")
    page = kiosk.get(answer.location)
    assert "other details" in words_of(page)
    assert tickets(cast) == 1
    assert cast.ticket("STQ-1").first_name == "Carla"


def test_two_tabs_have_submissions_of_their_own(kiosk: FlaskClient) -> None:
    one, two = kiosk.get(ADDRESS), kiosk.get(ADDRESS)
    assert form_of(one, ADDRESS)["submission_id"] != form_of(two, ADDRESS)["submission_id"]


def test_a_broken_submission_id_gets_a_new_one(kiosk: FlaskClient, cast: Cast) -> None:
    assert submit(kiosk, cast, submission_id="x" * 10_000).status_code == 303
    assert len(cast.ticket("STQ-1").submission_id) == 36


def test_the_form_is_clean_after_the_back_button(kiosk: FlaskClient, cast: Cast) -> None:
    submit(kiosk, cast)
    page = kiosk.get(ADDRESS)
    assert page.headers["Cache-Control"] == "no-store"
    assert "Carla" not in page.text
    assert re.search(r'autocomplete="off"', page.text)


@pytest.mark.parametrize("htmx", [False, True])
def test_an_expired_token_keeps_what_was_typed(kiosk: FlaskClient, cast: Cast, *, htmx: bool) -> None:
    answer = submit(kiosk, cast, csrf_token="made for another session", notes="in a hurry", htmx=htmx)
    assert answer.status_code == 422
    assert "too long" in words_of(answer)
    again = form_of(answer, ADDRESS)
    assert (again["notes"], again["phone"]) == ("in a hurry", "415 555 2671")
    again |= {"product": str(cast.products["Stats iQ"])}
    assert kiosk.post(ADDRESS, data=again).status_code == 303


def test_a_field_that_the_event_does_not_ask_is_not_there(kiosk: FlaskClient, cast: Cast) -> None:
    cast.set(ask_phone="not_asked", ask_last_name="optional")
    page = kiosk.get(ADDRESS)
    assert 'name="phone"' not in page.text
    assert submit(kiosk, cast, last_name="").status_code == 303
    assert cast.ticket("STQ-1").phone is None


def test_the_username_has_the_events_name_for_it(kiosk: FlaskClient, cast: Cast) -> None:
    cast.set(ask_username="required", username_label="Acme username")
    assert "Acme username" in words_of(kiosk.get(ADDRESS))
    assert error_beside(submit(kiosk, cast), "username") == "Please fill in Acme username."
    submit(kiosk, cast, username="carla99")
    assert cast.ticket("STQ-1").username == "carla99"


def test_the_username_can_be_the_email(kiosk: FlaskClient, cast: Cast) -> None:
    cast.set(ask_username="same_as_email")
    submit(kiosk, cast)
    assert cast.ticket("STQ-1").username == "carla@example.org"


def test_urgent_is_asked_only_where_the_event_allows_it(kiosk: FlaskClient, cast: Cast) -> None:
    assert 'name="urgent_reason"' not in kiosk.get(ADDRESS).text
    submit(kiosk, cast, urgent_reason="on stage in ten minutes")
    assert cast.ticket("STQ-1").urgent_reason == ""
    cast.set(allow_urgent=True)
    submit(kiosk, cast, urgent_reason="on stage in ten minutes", duplicate="again")
    assert cast.ticket("STQ-2").urgent_reason == "on stage in ten minutes"
    assert "You are next" in words_of(kiosk.get(ADDRESS, query_string={"done": "STQ-2"}))


def test_the_wait_that_was_told_is_kept(kiosk: FlaskClient, cast: Cast) -> None:
    queue_of(cast, 1)
    submit(kiosk, cast, htmx=True)
    live(cast.app).quotes.stop()  # It writes what is left.
    quote = cast.one(select(Quote))
    assert (quote.ticket_id, quote.place) == (cast.ticket("STQ-2").id, 2)


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        (None, "We don't know the wait yet."),
        (WaitRange(0, 0), "It will be soon."),
        (WaitRange(0, 10), "At most about 10 minutes."),
        (WaitRange(10, 15), "About 10 to 15 minutes."),
        (WaitRange(125, 180), "It will be more than two hours."),
    ],
)
def test_a_wait_is_told_as_people_say_it(cast: Cast, wait: WaitRange | None, words: str) -> None:
    with cast.app.test_request_context("/"):
        assert wait_in_words(wait) == words


def test_the_tiles_say_how_long_the_next_one_would_wait(kiosk: FlaskClient, cast: Cast) -> None:
    for _ in range(4):
        checked_in(cast)
        key = taken(cast)
        with cast.writing() as session:
            began = clock.now() - timedelta(minutes=12)
            session.execute(update(Ticket).where(Ticket.key == key).values(taken_at=began, queued_at=began))
        moved(cast, key, StatusCode.RESOLVED)
    queue_of(cast, 2)
    assert re.search(r"2 waiting · (up to )?\d+( to \d+)? min", words_of(kiosk.get(ADDRESS)))
    cast.set_queue("STQ", QueueState.PAUSED)
    words = words_of(kiosk.get(ADDRESS))
    assert "paused, 2 waiting" in words
    assert "2 waiting ·" not in words


def test_the_tiles_say_how_many_wait(kiosk: FlaskClient, cast: Cast) -> None:
    queue_of(cast, 2)
    assert "2 waiting" in words_of(kiosk.get(ADDRESS))


def test_a_success_of_another_event_or_of_nobody_is_not_there(kiosk: FlaskClient) -> None:
    assert kiosk.get(ADDRESS, query_string={"done": "STQ-99"}).status_code == 404


def test_an_unknown_language_of_htmx_is_no_reason_to_fail(kiosk: FlaskClient, cast: Cast) -> None:
    assert submit(kiosk, cast, language="tlh").status_code == 303
    assert cast.ticket("STQ-1").language == "en"


def test_an_expert_is_not_let_to_the_kiosk(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, cast.emil)
    assert client.get(ADDRESS).status_code == 403
    assert client.post(ADDRESS, headers=HTMX).status_code == 403


@pytest.mark.parametrize("email", ["carla@mail.com", "carla@example.com", "carla@acme.io", "carla@gmx.com"])
def test_real_domains_that_look_like_others_are_not_asked_about(kiosk: FlaskClient, cast: Cast, email: str) -> None:
    assert submit(kiosk, cast, email=email).status_code == 303


@pytest.mark.parametrize("domain", ["gmial.com", "gmal.com", "gmaill.com", "gnail.com", "hotmial.com", "outlok.com"])
def test_the_usual_slips_are_all_noticed(kiosk: FlaskClient, cast: Cast, domain: str) -> None:
    assert submit(kiosk, cast, email=f"carla@{domain}").status_code == 422
