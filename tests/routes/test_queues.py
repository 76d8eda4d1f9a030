"""Lena runs her queue, Olga all of them, and the day ends (docs/specification.md, 3.6)."""

from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from checkin import clock
from checkin.models import AlertKind, AuditEntry, EventSettings, Person, Presence, QueueState, Team, Ticket
from checkin.reports.queues import is_day_over
from tests.cast import Cast, checked_in, queue_of, sign_in, taken
from tests.routes.pages import HTMX, form_of, post, words_of

QUEUES = "/demo/queues"
STATE = "/demo/queues/STQ/state"
WAITING = "/demo/queues/STQ/waiting"
END_DAY = "/demo/queues/end-day"
by_both = pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])


@pytest.fixture
def lena(client: FlaskClient, cast: Cast) -> FlaskClient:
    """Return the tablet of Lena, who leads Stats iQ."""
    return sign_in(client, cast.lena)


@pytest.fixture
def olga(app: Flask, cast: Cast) -> FlaskClient:
    """Return the tablet of Olga, who organises."""
    return sign_in(app.test_client(), cast.olga)


def state_of(cast: Cast, team: str = "STQ") -> QueueState:
    return cast.one(select(Team.queue_state).where(Team.id == cast.teams[team]))


def after(answer: TestResponse, tablet: FlaskClient) -> TestResponse:
    """Return the page that an answer shows or leads to."""
    return tablet.get(answer.location) if answer.status_code == 303 else answer


def test_a_lead_sees_her_own_queue_with_who_waits_and_who_is_there(lena: FlaskClient, cast: Cast) -> None:
    queue_of(cast, 3)
    key = taken(cast)
    words = words_of(lena.get(QUEUES))
    assert "Stats iQ The first one came" in words
    assert f"Emil busy {key}" in words
    assert "Lena available" in words
    assert "2 waiting" in words
    assert "360" not in words
    assert "End the day" not in words


def test_an_organiser_sees_all_of_them(olga: FlaskClient, cast: Cast) -> None:
    queue_of(cast, 1, "API")
    page = olga.get(QUEUES)
    assert [code for code in ("STQ", "T60", "API") if f'id="queue-{code}"' in page.text] == ["STQ", "T60", "API"]
    assert "End the day" in words_of(page)


def test_who_asked_for_a_few_minutes_is_not_forgotten(lena: FlaskClient, cast: Cast) -> None:
    (key,) = queue_of(cast, 1)
    with cast.writing() as session:
        session.get_one(Ticket, cast.ticket(key).id).not_before = clock.now().replace(year=2099)
    assert "1 asked for a few more minutes" in words_of(lena.get(QUEUES))


@by_both
@pytest.mark.parametrize("to", ["closing", "paused", "closed"])
def test_one_press_changes_the_queue_and_another_opens_it(
    lena: FlaskClient, cast: Cast, to: str, headers: dict[str, str]
) -> None:
    answer = post(lena, QUEUES, STATE, htmx=bool(headers), to=to)
    assert answer.status_code == (200 if headers else 303)
    assert state_of(cast) == to
    assert f'id="{to}-STQ" aria-pressed="true"' in " ".join(after(answer, lena).text.split())
    post(lena, QUEUES, STATE, to="open")
    assert state_of(cast) is QueueState.OPEN
    entry = cast.all(select(AuditEntry).order_by(AuditEntry.id))[-1]
    assert (entry.subject, entry.before, entry.after) == ("STQ", {"state": to}, {"state": "open"})


@by_both
def test_what_somebody_else_changed_meanwhile_is_told(lena: FlaskClient, cast: Cast, headers: dict[str, str]) -> None:
    fields = form_of(lena.get(QUEUES), STATE)
    cast.set_queue("STQ", QueueState.PAUSED)
    answer = lena.post(STATE, data=fields | {"to": "closing"}, headers=headers)
    assert answer.status_code == 409
    assert "Somebody else changed the queue of Stats iQ meanwhile." in words_of(answer)
    assert 'id="paused-STQ" aria-pressed="true"' in " ".join(answer.text.split())
    assert state_of(cast) is QueueState.PAUSED


def test_a_lead_does_not_run_another_teams_queue(lena: FlaskClient, cast: Cast) -> None:
    fields = form_of(lena.get(QUEUES), STATE) | {"to": "closed"}
    answer = lena.post("/demo/queues/API/state", data=fields)
    assert answer.status_code == 403
    assert "Only a lead of API or an organiser can do that." in words_of(answer)
    assert lena.post("/demo/queues/XXX/state", data=fields).status_code == 404
    assert state_of(cast, "API") is QueueState.OPEN


@pytest.mark.parametrize(
    "sent", [{"to": "ajar"}, {"to": "closed", "expected": "ajar"}, {"to": "closed", "expected": " "}, {}]
)
def test_what_is_no_state_changes_nothing(lena: FlaskClient, cast: Cast, sent: dict[str, str]) -> None:
    fields = form_of(lena.get(QUEUES), STATE)
    fields.pop("expected")
    assert lena.post(STATE, data=fields | sent).status_code == 422
    assert lena.post(STATE, data={"to": "closed"}).status_code == 422, "without its token"
    assert state_of(cast) is QueueState.OPEN


def test_a_queue_paused_between_look_and_press_is_told_to_who_takes(app: Flask, lena: FlaskClient, cast: Cast) -> None:
    (key,) = queue_of(cast, 1)
    emil = sign_in(app.test_client(), cast.emil)
    fields = form_of(emil.get("/demo/desk"), "/demo/desk/STQ/take")
    post(lena, QUEUES, STATE, to="paused")
    answer = emil.post("/demo/desk/STQ/take", data=fields)
    assert answer.status_code == 409
    assert "The queue of Stats iQ is paused." in words_of(answer)
    assert cast.ticket(key).owner_id is None
    assert "Its lead opens it again." in words_of(emil.get("/demo/desk"))
    assert "Open it again" in words_of(lena.get("/demo/desk"))


@by_both
def test_closing_with_people_waiting_asks_at_once(lena: FlaskClient, cast: Cast, headers: dict[str, str]) -> None:
    queue_of(cast, 2)
    page = after(post(lena, QUEUES, STATE, htmx=bool(headers), to="closed"), lena)
    assert "2 people still wait here. What becomes of them?" in words_of(page)
    assert 'id="settle-STQ" open' in page.text
    # It asks in one line as long as they wait.
    assert 'id="settle-STQ">' in lena.get(QUEUES).text


def test_nobody_is_asked_where_nobody_waits(lena: FlaskClient) -> None:
    page = after(post(lena, QUEUES, STATE, to="closed"), lena)
    assert "What becomes of them" not in words_of(page)


def closed_with(cast: Cast, length: int) -> list[str]:
    keys = queue_of(cast, length)
    cast.set_queue("STQ", QueueState.CLOSED)
    return keys


@by_both
def test_those_who_wait_are_cancelled_with_a_message(lena: FlaskClient, cast: Cast, headers: dict[str, str]) -> None:
    keys = closed_with(cast, 2)
    words = "We are back tomorrow at nine."
    answer = post(lena, QUEUES, WAITING, htmx=bool(headers), choice="cancel", words=words)
    assert answer.status_code == (200 if headers else 303)
    assert {cast.ticket(key).status_id for key in keys} == {cast.statuses["cancelled"]}
    assert [change.words for change in cast.changes(keys[0])][-1] == words
    assert {alert.kind for alert in cast.alerts(keys[0])} == {AlertKind.CANCELLED}
    assert "What becomes of them" not in words_of(after(answer, lena))
    if headers:
        assert "2 tickets are cancelled." in answer.headers["HX-Trigger"]


def test_those_who_wait_are_handed_over(lena: FlaskClient, cast: Cast) -> None:
    (key,) = closed_with(cast, 1)
    answer = post(lena, QUEUES, WAITING, htmx=True, choice="hand_over", to_team="API")
    assert answer.status_code == 200
    assert "1 person was handed over." in answer.headers["HX-Trigger"]
    assert cast.ticket(key).team_id == cast.teams["API"]


def test_those_who_wait_are_left(lena: FlaskClient, cast: Cast) -> None:
    (key,) = closed_with(cast, 1)
    answer = post(lena, QUEUES, WAITING, htmx=True, choice="leave")
    assert "They keep their places." in answer.headers["HX-Trigger"]
    assert cast.ticket(key).team_id == cast.teams["STQ"]


def test_a_hand_over_without_a_team_is_asked_for(lena: FlaskClient, cast: Cast) -> None:
    (key,) = closed_with(cast, 1)
    answer = post(lena, QUEUES, WAITING, choice="hand_over", to_team="")
    assert answer.status_code == 422
    assert "Please choose a team." in words_of(answer)
    assert 'aria-describedby="to-team-STQ-problem"' in answer.text
    assert 'id="settle-STQ" open' in answer.text
    assert cast.ticket(key).team_id == cast.teams["STQ"]


def test_a_message_that_is_too_long_is_told_and_kept(lena: FlaskClient, cast: Cast) -> None:
    (key,) = closed_with(cast, 1)
    answer = post(lena, QUEUES, WAITING, choice="cancel", words="x" * 500)
    assert answer.status_code == 422
    assert "200" in words_of(answer)
    assert "x" * 500 in answer.text
    assert cast.ticket(key).closed_at is None


def test_a_team_that_closed_meanwhile_takes_nobody(lena: FlaskClient, cast: Cast) -> None:
    (key,) = closed_with(cast, 1)
    fields = form_of(lena.get(QUEUES), WAITING)
    cast.set_queue("API", QueueState.CLOSING)
    answer = lena.post(WAITING, data=fields | {"choice": "hand_over", "to_team": "API"})
    assert answer.status_code == 409
    assert 'id="settle-STQ" open' in answer.text
    assert cast.ticket(key).team_id == cast.teams["STQ"]
    offered = answer.text.partition('id="to-team-STQ"')[2].partition("</select>")[0]
    assert 'value="API"' not in offered
    assert 'value="T60"' in offered


@pytest.mark.parametrize("choice", ["forget", ""])
def test_what_is_no_choice_changes_nothing(lena: FlaskClient, cast: Cast, choice: str) -> None:
    (key,) = closed_with(cast, 1)
    assert post(lena, QUEUES, WAITING, choice=choice).status_code == 422
    assert lena.post(WAITING, data={"choice": "cancel"}).status_code == 422, "without its token"
    assert cast.ticket(key).closed_at is None


@by_both
def test_the_day_ends_with_one_press(olga: FlaskClient, cast: Cast, headers: dict[str, str]) -> None:
    queue_of(cast, 1)
    assert "1 person still waits: the next page asks" in words_of(olga.get(QUEUES))
    answer = post(olga, QUEUES, END_DAY, htmx=bool(headers))
    assert {state_of(cast, code) for code in cast.teams} == {QueueState.CLOSED}
    staff = cast.all(select(Person.presence).where(Person.event_id == cast.event_id))
    assert set(staff) == {Presence.OFF}
    words = words_of(after(answer, olga))
    assert "1 person still waits here. What becomes of them?" in words
    assert "End the day" not in words
    assert olga.post(END_DAY, data={}).status_code == 422, "without its token"


def test_when_all_is_closed_those_who_still_wait_are_told_of_at_the_top(olga: FlaskClient, cast: Cast) -> None:
    queue_of(cast, 2)
    notice = 'id="still-waiting"'
    assert notice not in olga.get(QUEUES).text
    page = after(post(olga, QUEUES, END_DAY, htmx=True), olga).text
    assert notice in page
    assert "ask=STQ#queue-STQ" in page.split(notice)[1].split("</div>")[0]


def test_only_an_organiser_ends_the_day(lena: FlaskClient, cast: Cast) -> None:
    fields = form_of(lena.get(QUEUES), STATE)
    assert lena.post(END_DAY, data=fields).status_code == 403
    assert state_of(cast) is QueueState.OPEN


def test_after_the_days_end_leads_and_organisers_are_led_to_the_queues(
    app: Flask, lena: FlaskClient, olga: FlaskClient, cast: Cast
) -> None:
    emil = sign_in(app.test_client(), cast.emil)
    checked_in(cast)
    assert "The day ended" not in words_of(lena.get("/demo/desk"))
    cast.set(day_ends_at="00:00")
    for tablet, page in ((tablet, page) for tablet in (lena, olga) for page in ("/demo/desk", QUEUES)):
        assert "The day ended at 00:00, and 1 person still waits." in words_of(tablet.get(page))
    assert f'<a href="{QUEUES}">Close the queues</a>' in lena.get("/demo/desk").text
    assert "1 person still waits here. What becomes of them?" in words_of(lena.get(QUEUES))
    assert "The day ended" not in words_of(emil.get("/demo/desk"))
    cast.set_queue("STQ", QueueState.CLOSED)
    assert "The day ended" not in words_of(lena.get("/demo/desk"))


@pytest.mark.parametrize(
    ("ends_at", "zone", "now", "is_over"),
    [
        ("17:00", "Europe/Berlin", "14:59", False),
        ("17:00", "Europe/Berlin", "15:00", True),
        ("17:00", "America/Denver", "15:00", False),
        ("17:00", "America/Denver", "23:30", True),
        ("17:00", "Asia/Tokyo", "16:00", False),
        ("", "Europe/Berlin", "23:00", False),
    ],
)
def test_the_day_ends_by_the_events_own_clock(ends_at: str, zone: str, now: str, *, is_over: bool) -> None:
    moment = datetime.fromisoformat(f"2026-06-01T{now}:00+00:00")
    assert is_day_over(EventSettings(day_ends_at=ends_at), time_zone=zone, moment=moment) is is_over
