"""Vera looks for those whom no text reached, and for those who did not come (docs/specification.md, 4.8)."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from checkin.models import Action, Alert, AlertKind, AlertState, Channel, QueueState, Ticket
from tests.cast import CARLA_PHONE, Cast, checked_in, moved, queue_of, returned, sign_in, taken
from tests.routes.pages import HTMX, form_of, post, words_of

FIND = "/demo/find"
NOBODY_TO_CALL = "Everybody who is called got their text."
NOBODY_MISSING = "Nobody is missing."
by_both = pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])


@pytest.fixture
def vera(client: FlaskClient, cast: Cast) -> FlaskClient:
    """Return the tablet of Vera, a volunteer."""
    return sign_in(client, cast.vera)


def text_ends(cast: Cast, key: str, state: AlertState, reason: str = "", *, kind: AlertKind = AlertKind.READY) -> None:
    """Let the ticket's texts of a kind have ended like this."""
    of_ticket = (Alert.ticket_id == cast.ticket(key).id, Alert.channel == Channel.TEXT, Alert.kind == kind)
    with cast.writing() as session:
        session.execute(update(Alert).where(*of_ticket).values(state=state, reason=reason))


def parts_of(page: str) -> tuple[str, str]:
    """Return what the page says of those to be called, and of those who are missing."""
    called, _, missing = page.partition("Called today, and did not come")
    return called, missing


def missed(cast: Cast) -> str:
    """Let Carla be called by Emil, and not come."""
    key = checked_in(cast)
    taken(cast)
    moved(cast, key, "no_show")
    return key


def test_an_event_where_all_goes_well_has_nobody_to_look_for(vera: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    key = taken(cast)
    for state in (AlertState.PENDING, AlertState.SENT, AlertState.DELIVERED):
        text_ends(cast, key, state)
        words = words_of(vera.get(FIND))
        assert NOBODY_TO_CALL in words
        assert NOBODY_MISSING in words


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (AlertState.FAILED, "failed"),
        (AlertState.SUPPRESSED, "opted out"),
        (AlertState.NEEDS_REVIEW, "not confirmed"),
        (AlertState.EXPIRED, "not sent in time"),
        (AlertState.NOT_SENT, "not sent"),
    ],
)
def test_a_name_whose_text_did_not_arrive_is_to_be_called_out(
    vera: FlaskClient, cast: Cast, state: AlertState, words: str
) -> None:
    checked_in(cast)
    key = taken(cast, desk="7")
    text_ends(cast, key, state)
    called, missing = parts_of(words_of(vera.get(FIND)))
    assert f"Carla Jones {key} Called Emil · Desk 7" in called
    assert words in called
    assert "+1 415-555-2671" in called
    assert NOBODY_MISSING in missing
    assert f'href="tel:{CARLA_PHONE}"' in vera.get(FIND).text
    assert f'href="/demo/tickets/{key}"' in vera.get(FIND).text


def test_the_reason_is_said_where_there_is_one(vera: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    text_ends(cast, taken(cast), AlertState.FAILED, "The number cannot receive texts.")
    assert "The number cannot receive texts." in words_of(vera.get(FIND))


def test_who_gave_no_number_is_called_out_where_texts_are_sent(vera: FlaskClient, cast: Cast) -> None:
    queue_of(cast, 1)
    key = taken(cast)
    assert f"{key} Called Emil" in words_of(vera.get(FIND))
    assert "They gave no number." in words_of(vera.get(FIND))
    cast.set(ready_text=False)
    assert NOBODY_TO_CALL in words_of(vera.get(FIND))


def test_who_has_come_is_not_looked_for(vera: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    key = taken(cast)
    text_ends(cast, key, AlertState.FAILED)
    with cast.writing() as session:
        ticket = session.get_one(Ticket, cast.ticket(key).id)
        ticket.arrived_at = ticket.taken_at
    assert NOBODY_TO_CALL in words_of(vera.get(FIND))


def test_who_was_put_back_and_does_not_know_is_told_to_wait(vera: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    key = taken(cast)
    text_ends(cast, key, AlertState.SENT)
    returned(cast, key)
    assert NOBODY_TO_CALL in words_of(vera.get(FIND)), "the text is on its way"
    text_ends(cast, key, AlertState.FAILED, kind=AlertKind.PLEASE_WAIT)
    assert f"{key} Back in the queue Tell them to wait" in words_of(vera.get(FIND))
    with cast.writing() as session:
        session.get_one(Ticket, cast.ticket(key).id).updated_at -= timedelta(hours=2)
    assert NOBODY_TO_CALL in words_of(vera.get(FIND)), "they know by now"


def test_only_the_last_text_counts(vera: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    key = taken(cast)
    text_ends(cast, key, AlertState.FAILED)
    returned(cast, key)
    taken(cast)
    assert NOBODY_TO_CALL in words_of(vera.get(FIND)), "the second text has not failed"


def test_who_did_not_come_is_missing_with_why_when_no_text_reached_them(vera: FlaskClient, cast: Cast) -> None:
    key = missed(cast)
    text_ends(cast, key, AlertState.DELIVERED)
    called, missing = parts_of(words_of(vera.get(FIND)))
    assert NOBODY_TO_CALL in called
    assert f"Carla Jones {key} No-show Stats iQ · Emil" in missing
    text_ends(cast, key, AlertState.FAILED, "The number cannot receive texts.")
    assert "The number cannot receive texts." in parts_of(words_of(vera.get(FIND)))[1]


def test_who_was_missed_on_another_day_is_not_looked_for(vera: FlaskClient, cast: Cast) -> None:
    key = missed(cast)
    with cast.writing() as session:
        ticket = session.get_one(Ticket, cast.ticket(key).id)
        assert ticket.closed_at
        ticket.closed_at -= timedelta(days=1, seconds=1)
    assert NOBODY_MISSING in words_of(vera.get(FIND))


@by_both
def test_one_tap_brings_them_back_to_their_place(vera: FlaskClient, cast: Cast, headers: dict[str, str]) -> None:
    key = missed(cast)
    queued_at = cast.ticket(key).queued_at
    answer = post(vera, FIND, f"/demo/find/{key}/bring-back", htmx=bool(headers))
    ticket = cast.ticket(key)
    assert (ticket.status_id, ticket.owner_id, ticket.queued_at) == (cast.statuses["open"], None, queued_at)
    if headers:
        assert f"{key} is back in the queue." in answer.headers["HX-Trigger"]
        page = answer
    else:
        page = vera.get(answer.location)
        assert f"{key} is back in the queue." in words_of(page)
    assert NOBODY_MISSING in words_of(page)


@by_both
def test_two_tabs_bring_back_once(vera: FlaskClient, cast: Cast, headers: dict[str, str]) -> None:
    key = missed(cast)
    fields = form_of(vera.get(FIND), f"/demo/find/{key}/bring-back")
    first, second = (vera.post(f"/demo/find/{key}/bring-back", data=fields, headers=headers) for _ in range(2))
    assert first.status_code == (200 if headers else 303)
    assert second.status_code == 409
    assert "You have changed this ticket already" in words_of(second)
    assert [change.action for change in cast.changes(key)].count(Action.BRING_BACK) == 1


def test_nobody_comes_back_into_a_closed_queue(vera: FlaskClient, cast: Cast) -> None:
    key = missed(cast)
    cast.set_queue("STQ", QueueState.CLOSED)
    answer = post(vera, FIND, f"/demo/find/{key}/bring-back")
    assert answer.status_code == 409
    assert "The queue of Stats iQ is closed." in words_of(answer)
    assert cast.ticket(key).closed_at


def test_a_strange_key_or_an_old_page_brings_nobody_back(vera: FlaskClient, cast: Cast) -> None:
    key = missed(cast)
    fields = form_of(vera.get(FIND), f"/demo/find/{key}/bring-back")
    assert vera.post("/demo/find/STQ-999/bring-back", data=fields).status_code == 404
    assert vera.post(f"/demo/find/{key}/bring-back", data={"version": fields["version"]}).status_code == 422
    assert cast.ticket(key).closed_at


def test_an_expert_of_another_team_looks_and_is_offered_no_button(app: Flask, cast: Cast) -> None:
    key = missed(cast)
    offered = {}
    for who in (cast.emil, cast.lena, cast.olga, cast.vera, cast.tove):
        page = sign_in(app.test_client(), who).get(FIND)
        assert key in words_of(page)
        offered[who.name] = f"/demo/find/{key}/bring-back" in page.text
    assert offered == {"Emil": True, "Lena": True, "Olga": True, "Vera": True, "Tove": False}


@pytest.mark.parametrize("back", ["<script>", "a b", "STQ-1; drop"])
def test_an_address_puts_no_words_of_its_own_on_the_page(vera: FlaskClient, back: str) -> None:
    page = vera.get(FIND, query_string={"back": back})
    assert "back in the queue" not in words_of(page)


def test_the_way_there_is_shown_to_those_who_go_it(app: Flask, cast: Cast) -> None:
    ways = {
        who.name: {
            page for page in ("desk", "checkin", "find", "tickets", "queues", "outbox")
            if f'<a href="/demo/{page}"' in sign_in(app.test_client(), who).get(FIND).text
        }
        for who in (cast.vera, cast.emil, cast.lena, cast.olga)
    }  # fmt: skip
    assert ways == {
        "Vera": {"checkin", "find", "tickets"},
        "Emil": {"desk", "tickets"},
        "Lena": {"desk", "find", "tickets", "queues"},
        "Olga": {"checkin", "find", "tickets", "queues", "outbox"},
    }
