"""What only an organiser does to a ticket: correct what the customer gave, delete it."""

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from checkin.models import Action, AuditAction, AuditEntry, Event, Ticket
from tests.cast import CARLA_EMAIL, CARLA_PHONE, Cast, checked_in, sign_in, taken
from tests.routes.pages import error_beside, form_of, post, words_of


@pytest.fixture
def olga(client: FlaskClient, cast: Cast) -> FlaskClient:
    """Return Olga's laptop."""
    return sign_in(client, cast.olga)


@pytest.fixture
def key(cast: Cast) -> str:
    """Return Carla's waiting ticket."""
    return checked_in(cast)


def test_corrected_details_replace_the_old_which_stay_in_the_history(olga: FlaskClient, cast: Cast, key: str) -> None:
    address = f"/demo/tickets/{key}/correct"
    answer = post(olga, address, address, first_name="Karla", email="Karla@Example.org", phone="(415) 555-2672")
    assert answer.status_code == 303
    ticket = cast.ticket(key)
    assert (ticket.first_name, ticket.last_name, ticket.email) == ("Karla", "Jones", "Karla@example.org")
    assert ticket.phone == "+14155552672"
    words = words_of(olga.get(answer.location))
    assert "Karla needs your help with Stats iQ" in words
    assert "Olga corrected: First name, Email, Phone" in words
    assert f"Before: Carla, {CARLA_EMAIL}, {CARLA_PHONE}" in words


def test_the_time_of_check_in_is_corrected_by_the_clock_of_the_event(olga: FlaskClient, cast: Cast, key: str) -> None:
    with cast.writing() as session:
        session.get_one(Event, cast.event_id).time_zone = "America/New_York"
        came_at = datetime(2026, 6, 1, 18, 5, 30, tzinfo=UTC)
        session.execute(update(Ticket).where(Ticket.key == key).values(queued_at=came_at))
    address = f"/demo/tickets/{key}/correct"
    assert form_of(olga.get(address), address)["checked_in_at"] == "14:05"
    assert post(olga, address, address, first_name="Karla").status_code == 303
    assert cast.ticket(key).queued_at == came_at
    answer = post(olga, address, address, checked_in_at="13:50")
    assert answer.status_code == 303
    assert cast.ticket(key).queued_at == datetime(2026, 6, 1, 17, 50, tzinfo=UTC)
    assert "Olga corrected: Time of check-in" in words_of(olga.get(answer.location))


def test_a_time_that_cannot_be_is_told(olga: FlaskClient, cast: Cast, key: str) -> None:
    address = f"/demo/tickets/{key}/correct"
    answer = post(olga, address, address, checked_in_at="25:99")
    assert answer.status_code == 422
    assert "such as 14:05" in error_beside(answer, "checked_in_at")
    taken(cast)
    noon = datetime(2026, 6, 1, 12, tzinfo=UTC)
    with cast.writing() as session:
        session.execute(update(Ticket).values(queued_at=noon, taken_at=noon + timedelta(minutes=10)))
    answer = post(olga, address, address, checked_in_at="12:30")
    assert answer.status_code == 409
    assert "nor after they were taken" in words_of(answer)


def test_nonsense_is_told_beside_its_field_and_what_was_typed_is_kept(olga: FlaskClient, cast: Cast, key: str) -> None:
    address = f"/demo/tickets/{key}/correct"
    answer = post(olga, address, address, first_name=" ", last_name="x\x07", email="carla at home", phone="12")
    assert answer.status_code == 422
    assert "first name" in error_beside(answer, "first_name")
    assert "cannot be typed" in error_beside(answer, "last_name")
    assert "email address" in error_beside(answer, "email")
    assert "phone number" in error_beside(answer, "phone")
    assert form_of(answer, address)["email"] == "carla at home"
    assert cast.ticket(key).email == CARLA_EMAIL
    assert [change.action for change in cast.changes(key)] == [Action.CHECK_IN]


def test_a_slip_and_a_doubtful_number_are_asked_about_once(olga: FlaskClient, cast: Cast, key: str) -> None:
    address = f"/demo/tickets/{key}/correct"
    answer = post(olga, address, address, email="carla@gmial.com", phone="+1 800 555 0100")
    assert answer.status_code == 422
    words = words_of(answer)
    assert "carla@gmail.com" in words
    assert "It may not get texts" in words
    answer = olga.post(address, data=form_of(answer, address) | {"email_choice": "use"})
    assert answer.status_code == 303
    assert (cast.ticket(key).email, cast.ticket(key).phone) == ("carla@gmail.com", "+18005550100")


def test_what_stays_as_it_is_is_not_asked_about(client: FlaskClient, cast: Cast) -> None:
    key = checked_in(cast, email="carla@gmial.com", phone="+18005550100")
    sign_in(client, cast.olga)
    address = f"/demo/tickets/{key}/correct"
    assert post(client, address, address, last_name="Johns").status_code == 303
    assert (cast.ticket(key).last_name, cast.ticket(key).email) == ("Johns", "carla@gmial.com")


def test_email_and_phone_can_be_taken_away(olga: FlaskClient, cast: Cast, key: str) -> None:
    address = f"/demo/tickets/{key}/correct"
    assert post(olga, address, address, email="", phone="").status_code == 303
    assert (cast.ticket(key).email, cast.ticket(key).phone) == (None, None)


def test_nothing_changed_is_nothing_written(olga: FlaskClient, cast: Cast, key: str) -> None:
    address = f"/demo/tickets/{key}/correct"
    answer = post(olga, address, address)
    assert (answer.status_code, answer.location) == (303, f"/demo/tickets/{key}")
    assert [change.action for change in cast.changes(key)] == [Action.CHECK_IN]


def test_a_ticket_that_moved_meanwhile_is_told_with_what_was_typed(olga: FlaskClient, cast: Cast, key: str) -> None:
    address = f"/demo/tickets/{key}/correct"
    fields = form_of(olga.get(address), address) | {"first_name": "Karla"}
    taken(cast)
    answer = olga.post(address, data=fields)
    assert answer.status_code == 409
    assert "Somebody else changed this ticket" in words_of(answer)
    again = form_of(answer, address)
    assert again["first_name"] == "Karla"
    assert olga.post(address, data=again).status_code == 303
    assert cast.ticket(key).first_name == "Karla"


def test_an_old_page_keeps_what_was_typed(olga: FlaskClient, cast: Cast, key: str) -> None:
    address = f"/demo/tickets/{key}/correct"
    answer = post(olga, address, address, first_name="Karla", csrf_token="old")
    assert answer.status_code == 422
    assert form_of(answer, address)["first_name"] == "Karla"


def test_only_an_organiser_is_shown_the_way(client: FlaskClient, cast: Cast, key: str) -> None:
    for someone, shown in ((cast.vera, False), (cast.lena, False), (cast.olga, True)):
        sign_in(client, someone)
        assert (f"{key}/correct" in client.get(f"/demo/tickets/{key}").text) is shown


def test_a_deleted_ticket_is_gone_and_who_deleted_it_is_kept(olga: FlaskClient, cast: Cast, key: str) -> None:
    address = f"/demo/tickets/{key}/delete"
    page = olga.get(address)
    assert f"Delete {key} for good?" in words_of(page)
    answer = post(olga, address, address, note="Made by mistake")
    assert answer.status_code == 303
    assert f"{key} is deleted." in words_of(olga.get(answer.location))
    assert cast.all(select(Ticket)) == []
    assert olga.get(f"/demo/tickets/{key}").status_code == 404
    entry = cast.one(select(AuditEntry))
    assert (entry.action, entry.subject, entry.person_id) == (AuditAction.DELETE_TICKET, key, cast.olga.id)
    assert entry.words == "Made by mistake"


def test_what_moved_meanwhile_is_not_deleted_unseen(olga: FlaskClient, cast: Cast, key: str) -> None:
    address = f"/demo/tickets/{key}/delete"
    fields = form_of(olga.get(address), address)
    taken(cast)
    answer = olga.post(address, data=fields)
    assert answer.status_code == 409
    assert "Somebody else changed this ticket" in words_of(answer)
    assert cast.ticket(key).owner_id == cast.emil.id
    assert olga.post(address, data=form_of(answer, address) | {"csrf_token": "old"}).status_code == 422
    assert olga.post(address, data=form_of(answer, address)).status_code == 303


def test_what_is_not_there_is_404(olga: FlaskClient, cast: Cast, key: str) -> None:
    fields = form_of(olga.get(f"/demo/tickets/{key}/correct"), f"/demo/tickets/{key}/correct")
    for page in ("correct", "delete"):
        assert olga.get(f"/demo/tickets/STQ-99/{page}").status_code == 404
        assert olga.post(f"/demo/tickets/STQ-99/{page}", data=fields).status_code == 404
