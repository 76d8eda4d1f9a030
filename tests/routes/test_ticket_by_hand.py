"""A ticket that staff make by hand, for somebody who was here before or not."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from checkin.models import Action, AlertKind, Customer, Presence, QueueState, Source, Ticket
from checkin.models.person import Person
from tests.cast import CARLA_EMAIL, CARLA_PHONE, Cast, checked_in, queue_of, sign_in, taken
from tests.routes.pages import error_beside, form_of, post, words_of

NEW = "/demo/tickets/new"


@pytest.fixture
def emil(client: FlaskClient, cast: Cast) -> FlaskClient:
    """Return Emil's tablet."""
    return sign_in(client, cast.emil)


def key_of(location: str) -> str:
    return location.rpartition("/")[2]


def test_a_first_name_and_a_product_make_a_ticket_that_waits(emil: FlaskClient, cast: Cast) -> None:
    answer = post(emil, NEW, NEW, first_name="Zora", product=cast.products["API"])
    assert answer.status_code == 303
    ticket = cast.ticket(key_of(answer.location))
    assert (ticket.first_name, ticket.source, ticket.owner_id) == ("Zora", Source.HAND, None)
    assert ticket.checked_in_by_id == cast.emil.id
    words = words_of(emil.get(answer.location))
    assert "Made by hand" in words
    assert "Emil made the ticket by hand" in words


def test_what_is_missing_stands_beside_its_field_with_the_rest_kept(emil: FlaskClient, cast: Cast) -> None:
    answer = post(emil, NEW, NEW, last_name="Quist", email="nonsense", phone="12")
    assert answer.status_code == 422
    assert "first name" in error_beside(answer, "first_name")
    assert "email address" in error_beside(answer, "email")
    assert "phone number" in error_beside(answer, "phone")
    assert "Please choose what they need help with." in words_of(answer)
    assert form_of(answer, NEW)["last_name"] == "Quist"
    assert cast.all(select(Ticket)) == []


def test_the_same_form_sent_twice_makes_one_ticket(emil: FlaskClient, cast: Cast) -> None:
    fields = form_of(emil.get(NEW), NEW) | {"first_name": "Zora", "product": str(cast.products["API"])}
    first, second = emil.post(NEW, data=fields), emil.post(NEW, data=fields)
    assert first.location == second.location
    assert len(cast.all(select(Ticket))) == 1


@pytest.mark.parametrize(
    "words", ["carla", "jones carla", "carla@exam", "5552671", "(415) 555-2671", "+1 415-555-2671"]
)
def test_somebody_who_was_here_is_found_and_filled_in(emil: FlaskClient, cast: Cast, words: str) -> None:
    checked_in(cast)
    queue_of(cast, 1)
    found = emil.get(NEW, query_string={"q": words})
    carla = cast.one(select(Customer).where(Customer.email == CARLA_EMAIL))
    assert f"{NEW}?customer={carla.id}" in found.text
    assert "Guest" not in words_of(found)
    fields = form_of(emil.get(NEW, query_string={"customer": carla.id}), NEW)
    assert (fields["first_name"], fields["last_name"], fields["email"]) == ("Carla", "Jones", CARLA_EMAIL)
    answer = emil.post(NEW, data=fields | {"product": str(cast.products["API"])})
    ticket = cast.ticket(key_of(answer.location))
    assert (ticket.customer_id, ticket.phone) == (carla.id, CARLA_PHONE)


@pytest.mark.parametrize("words", ["åsa øst", "ÅSA ØST", "Аня", "АНЯ"])
def test_capitals_of_no_alphabet_hide_anybody(emil: FlaskClient, cast: Cast, words: str) -> None:
    key = checked_in(cast, first_name="Åsa Аня", last_name="ØST")
    assert "ØST" in words_of(emil.get(NEW, query_string={"q": words}))
    assert key in words_of(emil.get("/demo/tickets", query_string={"q": words}))


def test_the_longest_email_can_be_searched_for(emil: FlaskClient, cast: Cast) -> None:
    email = f"{'a' * 64}@{'b' * 60}.{'c' * 60}.{'d' * 55}.example.org"
    checked_in(cast)
    key = checked_in(cast, email=email)
    found = words_of(emil.get("/demo/tickets", query_string={"q": email}))
    assert key in found
    assert found.count("Stats iQ") == 1


def test_what_they_gave_before_is_not_asked_about_again(emil: FlaskClient, cast: Cast) -> None:
    checked_in(cast, email="carla@gmial.com", phone="+18005550100")
    carla = cast.one(select(Customer))
    fields = form_of(emil.get(NEW, query_string={"customer": carla.id}), NEW)
    answer = emil.post(NEW, data=fields | {"product": str(cast.products["API"])})
    assert answer.status_code == 303


def test_a_slip_in_the_domain_is_offered_here_too(emil: FlaskClient, cast: Cast) -> None:
    answer = post(emil, NEW, NEW, first_name="Zora", email="zora@gmial.com", product=cast.products["API"])
    assert answer.status_code == 422
    assert "zora@gmail.com" in words_of(answer)
    fields = form_of(answer, NEW) | {"product": str(cast.products["API"])}
    answer = emil.post(NEW, data=fields | {"email_choice": "use"})
    assert cast.ticket(key_of(answer.location)).email == "zora@gmail.com"


@pytest.mark.parametrize("customer", ["99", "x", "-1", "9" * 30, "\x00"])
def test_nobody_is_filled_in_who_is_not_known(emil: FlaskClient, cast: Cast, customer: str) -> None:
    page = emil.get(NEW, query_string={"customer": customer})
    assert page.status_code == 200
    assert form_of(page, NEW)["first_name"] == ""


def test_customers_of_another_event_are_not_found(client: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    carla = cast.one(select(Customer))
    sign_in(client, cast.oskar)
    elsewhere = "/demo-elsewhere/tickets/new"
    assert "Carla" not in client.get(elsewhere, query_string={"q": "carla"}).text
    assert "Carla" not in client.get(elsewhere, query_string={"customer": carla.id}).text


@pytest.mark.parametrize("words", ["%", "_", "x" * 300, "a\x00b", "nobody"])
def test_a_search_takes_nothing_for_a_wildcard(emil: FlaskClient, cast: Cast, words: str) -> None:
    checked_in(cast)
    page = emil.get(NEW, query_string={"q": words})
    assert page.status_code == 200
    assert "Carla" not in page.text


def test_it_can_be_somebodys_at_once_and_the_customer_is_told(emil: FlaskClient, cast: Cast) -> None:
    answer = post(
        emil, NEW, NEW, first_name="Zora", email="zora@example.org", product=cast.products["Stats iQ"],
        owner=cast.emil.id,
    )  # fmt: skip
    key = key_of(answer.location)
    assert cast.ticket(key).owner_id == cast.emil.id
    assert [alert.kind for alert in cast.alerts(key)] == [AlertKind.READY]
    assert [change.action for change in cast.changes(key)] == [Action.CHECK_IN, Action.HAND_OVER]
    assert "Emil took the ticket over" in words_of(emil.get(answer.location))


def test_only_who_is_there_is_offered_and_whose_hands_are_full_is_named(emil: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    taken(cast)
    with cast.writing() as session:
        session.get_one(Person, cast.tove.id).presence = Presence.ON_BREAK
    offered = emil.get(NEW).text.split('id="owner"')[1].split("</select>")[0]
    assert "Emil (has a ticket in hand)" in offered
    assert "Lena" in offered
    assert "Tove" not in offered


def test_who_cannot_have_it_is_named_and_nothing_is_made(emil: FlaskClient, cast: Cast) -> None:
    with cast.writing() as session:
        session.get_one(Person, cast.lena.id).presence = Presence.ON_BREAK
    for owner, product, code in ((cast.tove, "Stats iQ", "not_a_member"), (cast.lena, "Stats iQ", "away")):
        answer = post(emil, NEW, NEW, first_name="Zora", product=cast.products[product], owner=owner.id)
        assert answer.status_code == 409
        assert f'data-code="{code}"' in answer.text
        assert form_of(answer, NEW)["first_name"] == "Zora"
    answer = post(emil, NEW, NEW, first_name="Zora", product=cast.products["Stats iQ"], owner="somebody")
    assert answer.status_code == 422
    assert cast.all(select(Ticket)) == []


def test_a_queue_that_closed_meanwhile_takes_nobody(emil: FlaskClient, cast: Cast) -> None:
    fields = form_of(emil.get(NEW), NEW) | {"first_name": "Zora", "product": str(cast.products["API"])}
    cast.set_queue("API", QueueState.CLOSED)
    answer = emil.post(NEW, data=fields)
    assert answer.status_code == 409
    assert "The queue of API is closed" in words_of(answer)
    answer = emil.post(NEW, data=fields | {"product": "999"})
    assert answer.status_code == 422
    assert cast.all(select(Ticket)) == []


def test_an_old_page_keeps_what_was_typed(emil: FlaskClient, cast: Cast) -> None:
    answer = post(emil, NEW, NEW, first_name="Zora", csrf_token="old")
    assert answer.status_code == 422
    assert "open for too long" in words_of(answer)
    assert form_of(answer, NEW)["first_name"] == "Zora"


def test_the_list_leads_there(emil: FlaskClient, cast: Cast) -> None:
    assert f'href="{NEW}"' in emil.get("/demo/tickets").text


def test_only_who_decides_it_is_asked_who_is_urgent(client: FlaskClient, cast: Cast) -> None:
    cast.set(allow_urgent=True)
    asked = {}
    for who in (cast.emil, cast.vera, cast.lena, cast.olga):
        asked[who.name] = "urgent_reason" in form_of(sign_in(client, who).get(NEW), NEW)
    assert asked == {cast.emil.name: False, cast.vera.name: True, cast.lena.name: True, cast.olga.name: True}


def test_an_expert_who_sends_a_reason_all_the_same_is_not_heard(emil: FlaskClient, cast: Cast) -> None:
    cast.set(allow_urgent=True)
    answer = post(emil, NEW, NEW, first_name="Zora", product=cast.products["API"], urgent_reason="My friend.")
    assert cast.ticket(key_of(answer.location)).urgent_reason == ""
