"""Teams, products and statuses of an event."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.db import Announcement, subscribe, transaction
from checkin.models import Event, Product, Status, StatusKind, Team
from checkin.setup.contents import add_product, add_status, add_team, status_code
from checkin.setup.errors import AlreadyThere, CodeNotPossible, NameNotPossible, NoSuchTeam, StatusNotPossible
from tests.cast import Cast


def event(session: Session, cast: Cast) -> Event:
    return session.get_one(Event, cast.event_id)


def team(cast: Cast, code: str, name: str) -> int:
    with transaction() as session:
        return add_team(session, event(session, cast), code=code, name=name).id


def product(cast: Cast, name: str, team_code: str | None = None) -> int:
    with transaction() as session:
        return add_product(session, event(session, cast), name=name, team_code=team_code).id


def status(cast: Cast, name: str, kind: StatusKind, *shown: str) -> str:
    with transaction() as session:
        return add_status(
            session, event(session, cast), name=name, kind=kind, on_board="board" in shown,
            asks_feedback="feedback" in shown,
        ).code  # fmt: skip


def test_a_team_has_a_code_that_can_be_called_out(rules: Cast) -> None:
    team_id = team(rules, "web", "Website and app feedback")
    assert rules.one(select(Team.code).where(Team.id == team_id)) == "WEB"


@pytest.mark.parametrize("code", ["", "1AB", "WEB-2", "TOOLONGCODE", "Ä"])
def test_a_code_is_letters_and_digits(rules: Cast, code: str) -> None:
    with pytest.raises(CodeNotPossible):
        team(rules, code, "Website")


@pytest.mark.parametrize(("code", "name"), [("stq", "Another name"), ("NEW", "Stats iQ")])
def test_two_teams_share_neither_code_nor_name(rules: Cast, code: str, name: str) -> None:
    with pytest.raises(AlreadyThere):
        team(rules, code, name)


def test_a_product_routes_to_its_team(rules: Cast) -> None:
    product_id = product(rules, "Text iQ", "stq")
    assert rules.one(select(Product.team_id).where(Product.id == product_id)) == rules.teams["STQ"]


def test_a_product_without_a_team_gets_one_later_and_keeps_it(rules: Cast) -> None:
    first = product(rules, "Text iQ")
    assert product(rules, "Text iQ", "STQ") == first
    for code in (None, "API"):
        with pytest.raises(AlreadyThere):
            product(rules, "Text iQ", code)


def test_a_product_cannot_route_to_a_team_of_nobody(rules: Cast) -> None:
    with pytest.raises(NoSuchTeam):
        product(rules, "Text iQ", "NOPE")
    with pytest.raises(NameNotPossible):
        product(rules, " ", "STQ")


def test_organisers_have_statuses_of_their_own(rules: Cast) -> None:
    code = status(rules, "Waiting for a call", StatusKind.ON_HOLD)
    assert code == "waiting_for_a_call"
    made = rules.one(select(Status).where(Status.event_id == rules.event_id, Status.code == code))
    assert (made.kind, made.on_board, made.asks_feedback, made.position) == (StatusKind.ON_HOLD, False, False, 6)
    assert status(rules, "Being tested", StatusKind.OPEN, "board") == "being_tested"
    assert status(rules, "Solved by mail", StatusKind.CLOSED, "feedback") == "solved_by_mail"


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (StatusKind.ON_HOLD, "board"), (StatusKind.CLOSED, "board"), (StatusKind.OPEN, "feedback"),
        (StatusKind.ON_HOLD, "feedback"),
    ],
)  # fmt: skip
def test_only_open_statuses_are_on_the_board_and_only_closed_ones_ask(
    rules: Cast, kind: StatusKind, shown: str
) -> None:
    with pytest.raises(StatusNotPossible):
        status(rules, "Odd", kind, shown)


@pytest.mark.parametrize("name", ["Open", "resolved", "No show", "FOLLOW UP"])
def test_a_status_cannot_be_there_twice(rules: Cast, name: str) -> None:
    with pytest.raises(AlreadyThere):
        status(rules, name, StatusKind.ON_HOLD)


def test_a_status_of_any_script_has_a_code() -> None:
    assert status_code("Warten auf Rückruf!") == "warten_auf_rückruf"
    assert status_code("待機") == "待機"
    assert status_code("🙂") == "status"


def test_pages_that_are_open_hear_of_what_was_added(rules: Cast) -> None:
    heard: list[Announcement] = []
    leave = subscribe(heard.append)
    product(rules, "Text iQ", "STQ")
    leave()
    assert heard == [Announcement("event", rules.event_id)]
