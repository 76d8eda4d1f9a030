"""People sign in, sign out, and choose new passwords."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.engine import make_url
from werkzeug.test import TestResponse

from checkin.alerts.links import make_reset_token
from checkin.config import Settings
from checkin.models import Account, Alert, AlertKind, Attempt
from checkin.people import passwords
from checkin.people.throttle import TooManyAtOnce
from tests.cast import PASSWORD, Cast, Someone, cast_of, sign_in
from tests.routes.pages import HTMX, error_beside, form_of, post, words_of
from tests.support.databases import close

SIGN_IN = "/sign-in"
WRONG = "Email or password is not right."


def try_to_sign_in(browser: FlaskClient, email: str, password: str = PASSWORD, *, page: str = SIGN_IN) -> TestResponse:
    return post(browser, page, SIGN_IN, email=email, password=password)


def is_signed_in(browser: FlaskClient) -> bool:
    return browser.get(SIGN_IN).status_code == 303


@pytest.mark.parametrize(
    ("who", "where"),
    [("vera", "/demo/checkin"), ("emil", "/demo/desk"), ("lena", "/demo/desk"), ("olga", "/demo/")],
)
def test_everybody_lands_where_they_work(client: FlaskClient, cast: Cast, who: str, where: str) -> None:
    answer = try_to_sign_in(client, getattr(cast, who).email)
    assert (answer.status_code, answer.location) == (303, where)
    assert client.get(where).status_code == 200


def test_somebody_of_two_events_chooses_on_the_front_page(app: Flask, client: FlaskClient, cast: Cast) -> None:
    with cast.writing() as session:
        from checkin.models import Event, Person

        elsewhere = session.scalars(select(Event).where(Event.slug == "demo-elsewhere")).one()
        session.add(Person(event_id=elsewhere.id, account_id=cast.emil.account_id, name="Emil"))
        for event in session.scalars(select(Event)):
            event.settings_json = '{"public": false}'
    assert "/demo/" not in client.get("/").text
    assert try_to_sign_in(client, cast.emil.email).location == "/"
    for address in ("/demo/", "/demo-elsewhere/"):
        assert f'href="{address}"' in client.get("/").text


def test_somebody_without_any_role_lands_on_the_events_front_page(client: FlaskClient, cast: Cast) -> None:
    with cast.writing() as session:
        from checkin.models import PersonRole

        for given in session.scalars(select(PersonRole).where(PersonRole.person_id == cast.vera.id)):
            session.delete(given)
    assert try_to_sign_in(client, cast.vera.email).location == "/demo/"


def test_capitals_and_spaces_in_the_email_do_not_matter(client: FlaskClient, cast: Cast) -> None:
    assert try_to_sign_in(client, f" {cast.emil.email.upper()} ").status_code == 303


def test_the_page_that_asked_for_it_comes_next(client: FlaskClient, cast: Cast) -> None:
    asked = client.get("/demo/tickets?q=carla")
    assert asked.location == "/sign-in?next=/demo/tickets?q%3Dcarla"
    assert try_to_sign_in(client, cast.emil.email, page=asked.location).location == "/demo/tickets?q=carla"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)",
        "/\t/evil.example", "evil", "/%0d%0aX: y\r\n", "///evil.example",
    ],
)  # fmt: skip
def test_no_link_sends_people_to_another_site(client: FlaskClient, cast: Cast, elsewhere: str) -> None:
    answer = post(client, SIGN_IN, SIGN_IN, email=cast.emil.email, password=PASSWORD, next=elsewhere)
    assert answer.location == "/demo/desk"


def test_htmx_is_sent_on_as_a_whole_page(client: FlaskClient, cast: Cast) -> None:
    answer = post(client, SIGN_IN, SIGN_IN, htmx=True, email=cast.emil.email, password=PASSWORD)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, "/demo/desk")


def test_a_wrong_password_and_an_unknown_email_look_the_same(client: FlaskClient, cast: Cast) -> None:
    wrong = try_to_sign_in(client, cast.emil.email, "a long walk by the lake")
    unknown = try_to_sign_in(client, "stranger@example.org", "a long walk by the lake")
    assert (wrong.status_code, unknown.status_code) == (422, 422)
    assert WRONG in words_of(wrong)
    assert words_of(wrong) == words_of(unknown)
    assert form_of(wrong, SIGN_IN)["email"] == cast.emil.email
    assert form_of(wrong, SIGN_IN)["password"] == ""
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    "typed",
    [
        "x" * 10_000,
        "emil@example.org\x00",
        "emil@example.org\r\nX: y",
        "🔑@example.org",
        "\u202eemil@example.org",
        "%",
        "'; --",
    ],
)
def test_whatever_is_typed_is_only_not_right(client: FlaskClient, cast: Cast, typed: str) -> None:
    answer = try_to_sign_in(client, typed, typed)
    assert answer.status_code == 422
    assert not is_signed_in(client)


def test_empty_fields_are_asked_for(client: FlaskClient, cast: Cast) -> None:
    answer = try_to_sign_in(client, "", "")
    assert answer.status_code == 422
    assert error_beside(answer, "email") == "Please type your email."
    assert error_beside(answer, "password") == "Please type your password."


def test_an_expired_page_keeps_the_email(client: FlaskClient, cast: Cast) -> None:
    fields = form_of(client.get(SIGN_IN), SIGN_IN) | {"email": cast.emil.email, "password": PASSWORD}
    client.delete_cookie("checkin")
    answer = client.post(SIGN_IN, data=fields)
    assert answer.status_code == 422
    assert "had been open for too long" in words_of(answer)
    again = form_of(answer, SIGN_IN)
    assert again["email"] == cast.emil.email
    assert client.post(SIGN_IN, data=again | {"password": PASSWORD}).status_code == 303


def test_guessing_has_to_wait_and_the_right_password_waits_too(client: FlaskClient, cast: Cast) -> None:
    with time_machine.travel("2026-11-21 09:00Z", tick=False) as clock:
        for _ in range(5):
            assert try_to_sign_in(client, cast.emil.email, "wrong").status_code == 422
        answer = try_to_sign_in(client, cast.emil.email)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "15")
        assert "Please wait 15 seconds" in words_of(answer)
        assert form_of(answer, SIGN_IN)["email"] == cast.emil.email
        assert try_to_sign_in(client, cast.tove.email).status_code == 303
        clock.shift(timedelta(seconds=16))
        assert try_to_sign_in(client.application.test_client(), cast.emil.email).status_code == 303
    assert cast.all(select(Attempt.email)) == []


@pytest.mark.slow
def test_a_hundred_guesses_at_once_are_no_better_than_one_after_the_other(app: Flask, cast: Cast) -> None:
    def guess(number: int) -> int:
        browser = app.test_client()
        return try_to_sign_in(browser, cast.emil.email, f"guess {number}").status_code

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(guess, range(24)))
    assert answers.count(422) == 5
    assert set(answers) <= {422, 429}


@pytest.mark.slow
def test_twenty_kiosks_sign_in_as_the_same_volunteer_at_once(app: Flask, cast: Cast) -> None:
    def come_in(_number: int) -> int:
        return try_to_sign_in(app.test_client(), cast.vera.email).status_code

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(come_in, range(20))) == {303}


def test_an_old_hash_is_made_anew_while_its_password_is_at_hand(
    client: FlaskClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
    account = select(Account).where(Account.id == cast.emil.account_id)
    before = cast.one(account).password_hash
    try_to_sign_in(client, cast.emil.email)
    after = cast.one(account).password_hash
    assert after != before
    assert after is not None
    assert not passwords.is_outdated(after)
    assert try_to_sign_in(client.application.test_client(), cast.emil.email).status_code == 303


def test_a_session_begins_anew_and_keeps_only_what_belongs_to_the_device(client: FlaskClient, cast: Cast) -> None:
    token = form_of(client.get(SIGN_IN), SIGN_IN)["csrf_token"]
    with client.session_transaction() as session:
        session["desk"] = "12"
        session["planted"] = "by somebody else"
    try_to_sign_in(client, cast.emil.email)
    with client.session_transaction() as session:
        assert session["desk"] == "12"
        assert "planted" not in session
    assert client.post("/demo/desk/number", data={"csrf_token": token, "desk": "1"}).status_code == 422


def test_signing_out_ends_the_session_of_this_browser_and_keeps_its_desk(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, cast.emil)
    post(client, "/demo/desk", "/demo/desk/number", desk="12")
    assert client.get("/sign-out").status_code == 200
    assert is_signed_in(client), "a link must not sign anybody out"
    answer = post(client, "/sign-out", "/sign-out")
    assert (answer.status_code, answer.location) == (303, "/")
    assert client.get("/demo/desk").location == "/sign-in?next=/demo/desk"
    with client.session_transaction() as session:
        assert session["desk"] == "12"


def test_cookies_are_for_this_site_and_hidden_from_scripts(client: FlaskClient, cast: Cast) -> None:
    (cookie,) = try_to_sign_in(client, cast.emil.email).headers.getlist("Set-Cookie")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


def test_cookies_are_secure_exactly_when_the_public_address_is_https(settings: Settings) -> None:
    from app import create_app

    app = create_app(settings.model_copy(update={"public_url": "https://desk.example.org"}))
    cast = cast_of(app)
    browser = app.test_client()
    answer = post(browser, SIGN_IN, SIGN_IN, email=cast.emil.email, password=PASSWORD)
    assert "Secure" in answer.headers["Set-Cookie"]
    close(app)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_locked_database_is_said_and_the_email_kept(settings: Settings) -> None:
    from app import create_app

    app = create_app(settings.model_copy(update={"lock_seconds": 0.05}))
    cast = cast_of(app)
    browser = app.test_client()
    with closing(sqlite3.connect(make_url(settings.database_url).database or "", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = try_to_sign_in(browser, cast.emil.email)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert "busy for a moment" in words_of(answer)
        assert form_of(answer, SIGN_IN)["email"] == cast.emil.email
        assert post(browser, "/reset", "/reset", email=cast.emil.email).status_code == 503
        assert post(browser, reset_link(app, cast.emil), reset_link(app, cast.emil), **twice()).status_code == 503
    assert try_to_sign_in(browser, cast.emil.email).status_code == 303
    close(app)


@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
@pytest.mark.postgres
def test_a_lost_database_is_said_and_the_email_kept(settings: Settings) -> None:
    from app import create_app

    app = create_app(settings.model_copy(update={"database_url": "postgresql+psycopg://nobody@127.0.0.1:1/gone"}))
    browser = app.test_client()
    answer = try_to_sign_in(browser, "emil@example.org")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert form_of(answer, SIGN_IN)["email"] == "emil@example.org"
    close(app)


def test_when_too_many_sign_in_at_once_one_is_asked_to_try_again(
    client: FlaskClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    from checkin.routes import signing_in

    def too_many(*_: object) -> bool:
        raise TooManyAtOnce

    monkeypatch.setattr(signing_in, "is_password", too_many)
    monkeypatch.setattr(signing_in, "hash_password", too_many)
    assert try_to_sign_in(client, cast.emil.email).status_code == 503
    link = reset_link(client.application, cast.emil)
    assert post(client, link, link, **twice()).status_code == 503


# A new password


def reset_link(app: Flask, someone: Someone, *, session_number: int = 0) -> str:
    token = make_reset_token(
        app.config["SECRET_KEY"], account_id=someone.account_id, session_number=session_number
    )  # fmt: skip
    return f"/reset/{token}"


def twice(password: str = "another long walk") -> dict[str, Any]:
    return {"password": password, "again": password}


def test_asking_for_a_link_is_answered_the_same_whoever_asks(client: FlaskClient, cast: Cast) -> None:
    known = post(client, "/reset", "/reset", email=cast.emil.email)
    unknown = post(client, "/reset", "/reset", email="stranger@example.org")
    assert (known.status_code, unknown.status_code) == (200, 200)
    assert words_of(known) == words_of(unknown)
    assert cast.all(select(Alert.kind)) == [AlertKind.RESET]


def test_asking_too_often_has_to_wait(client: FlaskClient, cast: Cast) -> None:
    for _ in range(3):
        post(client, "/reset", "/reset", email=cast.emil.email)
    answer = post(client, "/reset", "/reset", email=cast.emil.email)
    assert answer.status_code == 429
    assert "Please wait 5 minutes" in error_beside(answer, "email")


def test_an_expired_page_keeps_the_email_that_wants_a_link(client: FlaskClient, cast: Cast) -> None:
    answer = client.post("/reset", data={"email": cast.emil.email})
    assert answer.status_code == 422
    assert "open for too long" in error_beside(answer, "email")
    assert form_of(answer, "/reset")["email"] == cast.emil.email


def test_the_link_sets_the_password_signs_in_and_ends_other_sessions(
    app: Flask, client: FlaskClient, cast: Cast
) -> None:
    tablet_left_behind = sign_in(app.test_client(), cast.emil)
    assert is_signed_in(tablet_left_behind)
    link = reset_link(app, cast.emil)
    client.get(link)
    client.get(link)
    answer = post(client, link, link, **twice())
    assert (answer.status_code, answer.location) == (303, "/demo/desk")
    assert client.get("/demo/desk").status_code == 200
    assert not is_signed_in(tablet_left_behind)
    assert try_to_sign_in(app.test_client(), cast.emil.email).status_code == 422
    assert try_to_sign_in(app.test_client(), cast.emil.email, "another long walk").status_code == 303


def test_a_used_link_says_so_and_offers_another(client: FlaskClient, cast: Cast) -> None:
    link = reset_link(client.application, cast.emil)
    fields = form_of(client.get(link), link) | twice()
    assert client.post(link, data=fields).status_code == 303
    for answer in (client.get(link), client.post(link, data=fields), client.get("/reset/made-up")):
        assert answer.status_code == 410
        assert 'href="/reset"' in answer.text


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        (twice("short"), "password", "at least 10 characters"),
        (twice("1234567890"), "password", "choose another"),
        ({"password": "another long walk", "again": "another long talk"}, "again", "not the same"),
        ({"password": "", "again": ""}, "password", "choose a password"),
        (twice("x" * 10_000), "password", "at most 200"),
    ],
)
def test_a_password_that_will_not_do_is_asked_for_again(
    client: FlaskClient, cast: Cast, typed: dict[str, Any], field: str, words: str
) -> None:
    link = reset_link(client.application, cast.emil)
    answer = post(client, link, link, **typed)
    assert answer.status_code == 422
    assert words in error_beside(answer, field)
    assert client.get(link).status_code == 200, "a try that was refused uses nothing up"


def test_an_expired_page_of_the_link_can_be_sent_again(client: FlaskClient, cast: Cast) -> None:
    link = reset_link(client.application, cast.emil)
    answer = client.post(link, data=twice())
    assert answer.status_code == 422
    assert "open for too long" in words_of(answer)
    assert client.post(link, data=form_of(answer, link) | twice()).status_code == 303


def test_a_signed_out_request_of_htmx_gets_no_page_in_its_fragment(client: FlaskClient, cast: Cast) -> None:
    answer = client.get("/demo/desk", headers=HTMX)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in?next=/demo/desk")
    assert "HX-Request" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("action", "page"),
    [
        ("tickets/STQ-1/notes", "tickets/STQ-1"), ("tickets/STQ-1/resolve", "tickets/STQ-1"),
        ("desk/STQ/take", "desk"), ("checkin", "checkin"),
    ],
)  # fmt: skip
def test_signed_out_in_the_middle_people_come_back_to_their_page(
    client: FlaskClient, cast: Cast, action: str, page: str
) -> None:
    assert client.post(f"/demo/{action}").headers["Location"] == f"/sign-in?next=/demo/{page}"
    assert client.post(f"/demo/{action}", headers=HTMX).headers["HX-Redirect"] == f"/sign-in?next=/demo/{page}"


def test_the_list_of_events_knows_who_is_signed_in(client: FlaskClient, cast: Cast) -> None:
    assert 'href="/sign-in"' in client.get("/").text
    assert 'href="/sign-out"' in sign_in(client, cast.emil).get("/").text
