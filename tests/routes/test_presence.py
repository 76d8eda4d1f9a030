"""Experts come, sit down, take a break and go (docs/specification.md, 1 and 4.7)."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from checkin.db import DatabaseBusy
from checkin.models import Person, Presence
from checkin.queueing import presence
from tests.cast import PASSWORD, Cast, Someone, queue_of, sign_in, taken
from tests.routes.pages import HTMX, error_beside, form_of, post, words_of

DESK = "/demo/desk"
TAKE = "/demo/desk/STQ/take"
NUMBER = "/demo/desk/number"
PRESENCE = "/demo/desk/presence"
by_both = pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])


@pytest.fixture
def emil(client: FlaskClient, cast: Cast) -> FlaskClient:
    """Return Emil's tablet."""
    return sign_in(client, cast.emil)


def person(cast: Cast, who: Someone) -> Person:
    return cast.one(select(Person).where(Person.id == who.id))


def goes(cast: Cast, who: Someone, to: Presence) -> None:
    with cast.writing() as session:
        presence.set_presence(session, event_id=cast.event_id, person_id=who.id, to=to)


def sits(cast: Cast, who: Someone, desk: str) -> None:
    with cast.writing() as session:
        presence.set_desk(session, event_id=cast.event_id, person_id=who.id, desk=desk)


def signs_in(browser: FlaskClient, who: Someone, *, page: str = "/sign-in") -> None:
    assert post(browser, page, "/sign-in", email=who.email, password=PASSWORD).status_code == 303


def stands_at(browser: FlaskClient, desk: str) -> None:
    """Let this device have been at a desk before."""
    with browser.session_transaction() as session:
        session["desk"] = desk


def test_the_head_of_the_desk_says_who_where_and_whether(emil: FlaskClient, cast: Cast) -> None:
    sits(cast, cast.emil, "7")
    assert "Emil · Desk 7 · available" in words_of(emil.get(DESK))
    goes(cast, cast.emil, Presence.ON_BREAK)
    assert "Emil · Desk 7 · on a break" in words_of(emil.get(DESK))
    goes(cast, cast.emil, Presence.OFF)
    assert "Emil · no desk yet · off" in words_of(emil.get(DESK))


@by_both
def test_a_break_and_back_are_one_press_each(emil: FlaskClient, cast: Cast, headers: dict[str, str]) -> None:
    queue_of(cast, 1)
    assert TAKE in emil.get(DESK).text
    answer = post(emil, DESK, PRESENCE, htmx=bool(headers), presence="on_break")
    assert person(cast, cast.emil).presence is Presence.ON_BREAK
    page = answer if headers else emil.get(answer.location)
    assert "You are on a break" in words_of(page)
    assert TAKE not in page.text

    answer = post(emil, DESK, PRESENCE, htmx=bool(headers), presence="available")
    assert person(cast, cast.emil).presence is Presence.AVAILABLE
    assert TAKE in (answer if headers else emil.get(answer.location)).text


def test_what_is_no_presence_is_refused(emil: FlaskClient, cast: Cast) -> None:
    assert post(emil, DESK, PRESENCE, presence="asleep").status_code == 422
    assert person(cast, cast.emil).presence is Presence.AVAILABLE


@by_both
def test_a_take_from_a_page_of_before_the_break_says_so_and_offers_the_way_back(
    emil: FlaskClient, cast: Cast, headers: dict[str, str]
) -> None:
    (key,) = queue_of(cast, 1)
    fields = form_of(emil.get(DESK), TAKE)
    goes(cast, cast.emil, Presence.ON_BREAK)
    answer = emil.post(TAKE, data=fields, headers=headers)

    assert answer.status_code == 409
    assert 'data-code="away"' in answer.text
    assert "Say that you are available, then take." in words_of(answer)
    assert 'id="available"' in answer.text
    assert cast.ticket(key).owner_id is None


def test_the_number_is_kept_on_the_person_and_on_the_device(emil: FlaskClient, cast: Cast) -> None:
    queue_of(cast, 1)
    assert post(emil, DESK, NUMBER, desk=" 7 ").location == DESK
    assert person(cast, cast.emil).desk == "7"
    with emil.session_transaction() as session:
        assert session["desk"] == "7"
    key = taken_at_the_desk(emil)
    assert cast.ticket(key).desk == "7"


def taken_at_the_desk(tablet: FlaskClient) -> str:
    """Press "Take next ticket" of Stats iQ; return the ticket's key."""
    return post(tablet, DESK, TAKE).location.rpartition("/")[2]


def test_another_device_names_the_same_desk(app: Flask, emil: FlaskClient, cast: Cast) -> None:
    queue_of(cast, 1)
    post(emil, DESK, NUMBER, desk="7")
    phone = sign_in(app.test_client(), cast.emil)
    assert cast.ticket(taken_at_the_desk(phone)).desk == "7"


@by_both
def test_a_desk_where_somebody_sits_is_told_beside_the_field(
    emil: FlaskClient, cast: Cast, headers: dict[str, str]
) -> None:
    sits(cast, cast.tove, "7")
    answer = post(emil, DESK, NUMBER, htmx=bool(headers), desk="7")

    assert answer.status_code == 409
    assert error_beside(answer, "desk-number") == "Tove sits at Desk 7."
    assert form_of(answer, NUMBER)["desk"] == "7"
    assert "Use it anyway" in words_of(answer)
    assert (person(cast, cast.emil).desk, person(cast, cast.tove).desk) == ("", "7")


def test_it_can_be_used_anyway_and_the_other_is_asked_for_theirs(app: Flask, emil: FlaskClient, cast: Cast) -> None:
    sits(cast, cast.tove, "7")
    fields = form_of(post(emil, DESK, NUMBER, desk="7"), NUMBER)
    assert emil.post(NUMBER, data=fields | {"take_over": "7"}).status_code == 303
    assert (person(cast, cast.emil).desk, person(cast, cast.tove).desk) == ("7", "")
    assert "no desk yet" in words_of(sign_in(app.test_client(), cast.tove).get(DESK))


def test_insisting_on_one_desk_takes_over_no_other(emil: FlaskClient, cast: Cast) -> None:
    sits(cast, cast.tove, "8")
    fields = form_of(emil.get(DESK), NUMBER) | {"desk": "8", "take_over": "7"}
    assert emil.post(NUMBER, data=fields).status_code == 409
    assert person(cast, cast.tove).desk == "8"


def test_a_number_that_cannot_be_one_is_told_with_what_was_typed(emil: FlaskClient, cast: Cast) -> None:
    answer = post(emil, DESK, NUMBER, desk="x" * 50)
    assert answer.status_code == 422
    assert "10 characters" in error_beside(answer, "desk-number")
    assert person(cast, cast.emil).desk == ""


def test_without_a_good_token_nobody_moves(emil: FlaskClient, cast: Cast) -> None:
    assert emil.post(NUMBER, data={"desk": "7"}).status_code == 422
    assert emil.post(PRESENCE, data={"presence": "off"}).status_code == 422
    assert (person(cast, cast.emil).desk, person(cast, cast.emil).presence) == ("", Presence.AVAILABLE)


def test_signing_in_makes_an_expert_available_where_the_device_stands(client: FlaskClient, cast: Cast) -> None:
    goes(cast, cast.emil, Presence.OFF)
    stands_at(client, "7")
    signs_in(client, cast.emil)
    emil = person(cast, cast.emil)
    assert (emil.presence, emil.desk) == (Presence.AVAILABLE, "7")
    assert "Emil · Desk 7 · available" in words_of(client.get(DESK))


def test_a_desk_that_somebody_uses_is_not_taken_by_signing_in(client: FlaskClient, cast: Cast) -> None:
    goes(cast, cast.emil, Presence.OFF)
    sits(cast, cast.tove, "7")
    stands_at(client, "7")
    signs_in(client, cast.emil)
    assert (person(cast, cast.emil).desk, person(cast, cast.tove).desk) == ("", "7")
    assert person(cast, cast.emil).presence is Presence.AVAILABLE


def test_who_is_on_a_break_stays_so_when_signing_in_again(client: FlaskClient, cast: Cast) -> None:
    goes(cast, cast.emil, Presence.ON_BREAK)
    signs_in(client, cast.emil)
    assert person(cast, cast.emil).presence is Presence.ON_BREAK


def test_who_is_in_no_team_is_nobodys_expert(client: FlaskClient, cast: Cast) -> None:
    goes(cast, cast.vera, Presence.OFF)
    signs_in(client, cast.vera)
    assert person(cast, cast.vera).presence is Presence.OFF


def test_signing_in_for_a_page_of_another_event_makes_nobody_available_here(
    app: Flask, client: FlaskClient, cast: Cast
) -> None:
    goes(cast, cast.emil, Presence.OFF)
    signs_in(client, cast.emil, page="/sign-in?next=/demo-elsewhere/board")
    assert person(cast, cast.emil).presence is Presence.OFF
    signs_in(app.test_client(), cast.emil, page="/sign-in?next=/nowhere/at/all")
    assert person(cast, cast.emil).presence is Presence.OFF


def test_signing_out_makes_off_and_frees_the_desk(emil: FlaskClient, cast: Cast) -> None:
    post(emil, DESK, NUMBER, desk="7")
    assert post(emil, "/sign-out", "/sign-out").status_code == 303
    gone = person(cast, cast.emil)
    assert (gone.presence, gone.desk) == (Presence.OFF, "")


def test_signing_out_is_off_at_every_event_of_the_account(emil: FlaskClient, cast: Cast) -> None:
    with cast.writing() as session:
        elsewhere = session.get_one(Person, cast.oskar.id).event_id
        session.add(
            Person(event_id=elsewhere, account_id=cast.emil.account_id, name="Emil", presence=Presence.AVAILABLE)
        )
    post(emil, "/sign-out", "/sign-out")
    everywhere = cast.all(select(Person.presence).where(Person.account_id == cast.emil.account_id))
    assert set(everywhere) == {Presence.OFF}
    assert len(everywhere) == 2


def test_who_is_back_sits_where_the_device_stands(emil: FlaskClient, cast: Cast) -> None:
    post(emil, DESK, NUMBER, desk="7")
    post(emil, DESK, PRESENCE, presence="off")
    assert person(cast, cast.emil).desk == ""
    post(emil, DESK, PRESENCE, presence="available")
    assert person(cast, cast.emil).desk == "7"


def test_a_busy_database_keeps_nobody_from_signing_in_or_out(
    client: FlaskClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise DatabaseBusy from OperationalError("", None, Exception())

    goes(cast, cast.emil, Presence.OFF)
    monkeypatch.setattr(presence, "set_presence", busy)
    signs_in(client, cast.emil)
    assert "You are off" in words_of(client.get(DESK))
    assert post(client, "/sign-out", "/sign-out").status_code == 303
    assert client.get(DESK).location.startswith("/sign-in")


def test_colleagues_are_shown_with_desk_break_and_what_they_have_in_hand(emil: FlaskClient, cast: Cast) -> None:
    queue_of(cast, 1)
    sits(cast, cast.lena, "9")
    key = taken(cast, by=cast.lena)
    words = words_of(emil.get(DESK))
    assert f"Lena Desk 9 busy {key}" in words
    assert "Tove" not in words.partition("At the desk now")[2], "she is in none of Emil's teams"
    goes(cast, cast.lena, Presence.ON_BREAK)
    assert "Lena Desk 9 on a break" in words_of(emil.get(DESK))
    goes(cast, cast.lena, Presence.OFF)
    assert "At the desk now" not in words_of(emil.get(DESK))


def test_an_organiser_sees_everybody_who_is_there(client: FlaskClient, cast: Cast) -> None:
    words = words_of(sign_in(client, cast.olga).get(DESK)).partition("At the desk now")[2]
    assert all(name in words for name in ("Emil", "Lena", "Tove"))
    assert "Vera" not in words
