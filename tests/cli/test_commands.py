"""Somebody sets Checkin up from the command line."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from checkin.config import Settings
from checkin.models import Account, Event, GivenRole, Person, PersonRole, Product, Status, Team, TeamMember, Ticket
from checkin.people.passwords import is_password
from checkin.setup.demo import PEOPLE
from tests.cast import PASSWORD, Cast
from tests.routes.pages import post
from tests.support.databases import close

Run = Callable[..., Result]

PRODUCTS = {
    "Survey projects": "SUR", "360": "T60", "Stats iQ": "STQ", "Employee engagement": "EMP", "XM Directory": "XMD",
    "CX dashboards": "CXD", "API": "API", "Extensions": "EXT", "Website and app feedback": "WEB",
}  # fmt: skip


@pytest.fixture
def run(app: Flask) -> Run:
    """Return what runs `flask --app app ...` and must end with the exit status that is expected (0)."""

    def command(*words: str, status: int = 0) -> Result:
        result = app.test_cli_runner().invoke(args=words)
        assert result.exit_code == status, result.output
        return result

    return command


def rows(app: Flask, statement: Any) -> list[Any]:
    from checkin.db import db

    with app.app_context():
        return [tuple(row) for row in db.session.execute(statement)]


# The demo


def test_the_demo_has_its_nine_products_each_with_its_team(run: Run, app: Flask) -> None:
    run("demo")
    found = rows(app, select(Product.name, Team.code).join(Team, Team.id == Product.team_id))
    assert dict(found) == PRODUCTS
    assert rows(app, select(Ticket.id)) == []
    assert len(rows(app, select(Status.id))) == 6


def test_the_demo_has_its_people_with_their_roles(run: Run, app: Flask) -> None:
    run("demo")
    people = select(Account.email, Person.name).join(Person, Person.account_id == Account.id)
    assert set(rows(app, people)) == {
        ("olga@example.org", "Olga Lind"), ("lena@example.org", "Lena Vogt"), ("emil@example.org", "Emil Berg"),
        ("tove@example.org", "Tove Dahl"), ("vera@example.org", "Vera Moss"),
    }  # fmt: skip
    roles = select(Person.name, PersonRole.role).join(PersonRole, PersonRole.person_id == Person.id)
    assert set(rows(app, roles)) == {("Olga Lind", GivenRole.ORGANISER), ("Vera Moss", GivenRole.VOLUNTEER)}
    members = (
        select(Person.name, Team.code, TeamMember.is_lead)
        .join(TeamMember, TeamMember.person_id == Person.id)
        .join(Team, Team.id == TeamMember.team_id)
    )
    assert set(rows(app, members)) == {
        ("Lena Vogt", "STQ", True), ("Emil Berg", "STQ", False), ("Emil Berg", "T60", False),
        ("Tove Dahl", "API", False),
    }  # fmt: skip


def test_the_password_of_the_demo_is_made_once_printed_and_kept_private(run: Run, settings: Settings) -> None:
    told = run("demo").output
    kept = settings.instance_folder / "demo_password"
    password = kept.read_text().strip()
    assert len(password) >= 10
    assert f"Password of each: {password}" in told
    assert kept.stat().st_mode & 0o777 == 0o600
    for person in PEOPLE:
        assert f"{person.email}" in told
    assert f"Password of each: {password}" in run("demo").output


def test_a_second_demo_changes_nothing_not_even_passwords(run: Run, app: Flask, client: FlaskClient) -> None:
    run("demo")
    everything = select(Account.email, Account.password_hash, Account.session_number)
    before = rows(app, everything)
    run("team", "add", "demo", "NEW", "Another team")
    assert "nothing was changed" in run("demo").output
    assert rows(app, everything) == before
    assert len(rows(app, select(Team.id))) == 10


def test_the_password_can_be_given(settings: Settings, hashes_cost_nothing: None) -> None:
    from app import create_app

    app = create_app(settings.model_copy(update={"demo_password": PASSWORD}))
    told = app.test_cli_runner().invoke(args=["demo"]).output
    assert "the one in DEMO_PASSWORD" in told
    assert PASSWORD not in told
    assert not (settings.instance_folder / "demo_password").exists()
    answer = post(app.test_client(), "/sign-in", "/sign-in", email="vera@example.org", password=PASSWORD)
    assert answer.location == "/demo/checkin"
    close(app)


def test_a_password_that_was_set_before_is_not_told_wrongly(run: Run, app: Flask, settings: Settings) -> None:
    run("demo")
    (settings.instance_folder / "demo_password").write_text("not the one")
    assert "as it was set before" in run("demo").output


# Events and their settings


def test_an_event_is_made_and_set(run: Run, app: Flask) -> None:
    told = run("event", "create", "acme", "--name", "Acme World", "--time-zone", "Europe/Berlin").output
    assert "http://127.0.0.1:8000/acme/" in told
    assert rows(app, select(Event.name, Event.time_zone)) == [("Acme World", "Europe/Berlin")]
    assert run("event", "set", "acme", "tickets_in_hand=0", "board_names=full").output == (
        "tickets_in_hand=0\nboard_names=full\n"
    )
    assert run("event", "set", "acme", "tickets_in_hand").output == "tickets_in_hand=0\n"
    assert "feedback_delay_minutes=10\n" in run("event", "set", "acme").output
    assert run("event", "set", "acme", "mail_from_name=A=B").output == "mail_from_name=A=B\n"
    assert run("event", "set", "acme", "mail_from_name=").output == "mail_from_name=\n"


@pytest.mark.parametrize("slug", ["board", "sign-in", "static", "number", "healthz", "Acme"])
def test_a_word_of_our_addresses_is_no_event(run: Run, app: Flask, slug: str) -> None:
    assert slug in run("event", "create", slug, status=1).output
    assert rows(app, select(Event.id)) == []


def test_what_cannot_be_set_is_said_in_words_and_nothing_is_set(run: Run, app: Flask) -> None:
    run("event", "create", "acme")
    assert "There is no setting colour." in run("event", "set", "acme", "colour=red", status=1).output
    assert "There is no setting colour." in run("event", "set", "acme", "colour", status=1).output
    wrong = run("event", "set", "acme", "tickets_in_hand=3", "tickets_in_hand=many", status=1).output
    assert "tickets_in_hand cannot be many" in wrong
    assert run("event", "set", "acme", "tickets_in_hand").output == "tickets_in_hand=1\n"
    assert "There is no event nowhere." in run("event", "set", "nowhere", status=1).output


# Teams, products, statuses, people


def test_an_event_is_filled(run: Run, app: Flask) -> None:
    run("event", "create", "acme")
    assert "Added the team WEB" in run("team", "add", "acme", "web", "Website").output
    assert "no team yet" in run("product", "add", "acme", "Text iQ").output
    assert "no team yet" not in run("product", "add", "acme", "Text iQ", "--team", "web").output
    assert "waiting_for_a_call, on_hold" in run("status", "add", "acme", "Waiting for a call").output
    run("status", "add", "acme", "Being tested", "--kind", "open")
    run("status", "add", "acme", "Solved by mail", "--kind", "closed", "--feedback")
    added = select(Status.code, Status.on_board, Status.asks_feedback).order_by(Status.id.desc()).limit(2)
    assert rows(app, added) == [("solved_by_mail", False, True), ("being_tested", True, False)]
    assert "is there already" in run("team", "add", "acme", "WEB", "Website", status=1).output
    assert "no team NOPE" in run("product", "add", "acme", "API", "--team", "NOPE", status=1).output


def test_somebody_with_a_password_signs_in(run: Run, client: FlaskClient) -> None:
    run("event", "create", "acme")
    run("team", "add", "acme", "WEB", "Website")
    run("person", "add", "acme", "kim@example.org", "Kim Po", "--team", "web", "--password", PASSWORD)
    answer = post(client, "/sign-in", "/sign-in", email="kim@example.org", password=PASSWORD)
    assert answer.location == "/acme/desk"


def test_somebody_without_a_password_chooses_one_by_a_link(run: Run, client: FlaskClient) -> None:
    run("event", "create", "acme")
    told = run(
        "person", "add", "acme", "kim@example.org", "Kim Po", "--role", "volunteer", "--role", "organiser"
    ).output
    link = re.search(r"http://127\.0\.0\.1:8000(/reset/\S+)", told)
    assert link is not None
    answer = post(client, link[1], link[1], password=PASSWORD, again=PASSWORD)
    assert answer.location == "/acme/"


def test_somebody_who_has_an_account_keeps_its_password(run: Run, cast: Cast) -> None:
    told = run(
        "person", "add", "demo-elsewhere", cast.emil.email, "Emil Berg", "--password", "another long walk"
    ).output  # fmt: skip
    assert "reset" not in told
    assert "The account has a password already, which stays as it is" in told
    kept = cast.one(select(Account.password_hash).where(Account.id == cast.emil.account_id))
    assert is_password(PASSWORD, kept)


def test_what_is_not_possible_for_a_person_is_said(run: Run, cast: Cast) -> None:
    add = ("person", "add", "demo")
    assert "is not an email" in run(*add, "kim", "Kim Po", status=1).output
    assert "at least 10" in run(*add, "kim@example.org", "Kim Po", "--password", "short", status=1).output
    assert "no team NOPE" in run(*add, "kim@example.org", "Kim Po", "--lead", "NOPE", status=1).output
    assert "Invalid value" in run(*add, "kim@example.org", "Kim Po", "--role", "lead", status=2).output


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_locked_database_is_said(settings: Settings, tmp_path: Path) -> None:
    import sqlite3
    from contextlib import closing

    from app import create_app

    app = create_app(settings.model_copy(update={"lock_seconds": 0.05}))
    with closing(sqlite3.connect(settings.database_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        result = app.test_cli_runner().invoke(args=["event", "create", "acme"])
    assert result.exit_code == 1
    assert "The database is locked or out of reach. Nothing was changed." in result.output
    close(app)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "words", ["demo", "event set demo", "simulate", "serve", "worker", "prune", "template list demo"]
)
def test_before_the_tables_are_made_each_command_says_how_to_make_them(
    settings: Settings, tmp_path: Path, words: str
) -> None:
    from app import create_app

    app = create_app(settings.model_copy(update={"database_url": f"sqlite:///{tmp_path / 'new.sqlite3'}"}))
    result = app.test_cli_runner().invoke(args=words.split())
    assert result.exit_code == 1
    assert "flask --app app db upgrade" in result.output
    close(app)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_database_that_cannot_be_opened_is_said(settings: Settings) -> None:
    from app import create_app

    app = create_app(settings.model_copy(update={"database_url": "sqlite:////nowhere/at/all.sqlite3"}))
    result = app.test_cli_runner().invoke(args=["event", "set", "demo"])
    assert result.exit_code == 1
    assert "locked or out of reach" in result.output
    close(app)
