"""What is done with a ticket, from its page: who may, who may not, what is said when it cannot be."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from checkin import clock
from checkin.models import (
    Action,
    Alert,
    AlertKind,
    AlertState,
    Channel,
    Person,
    Presence,
    Priority,
    Product,
    QueueState,
    Status,
    StatusCode,
    StatusKind,
    TeamMember,
    Ticket,
    TicketChange,
)
from tests.cast import Cast, checked_in, moved, queue_of, resolved, sign_in, taken
from tests.routes.pages import error_beside, form_of, post, words_of


@pytest.fixture
def emil(client: FlaskClient, cast: Cast) -> FlaskClient:
    """Return Emil's tablet."""
    return sign_in(client, cast.emil)


@pytest.fixture
def key(cast: Cast) -> str:
    """Return the ticket of Carla, whom Emil has called."""
    checked_in(cast)
    return taken(cast)


def status_of(cast: Cast, key: str) -> str:
    ticket = cast.ticket(key)
    return cast.one(select(Status).where(Status.id == ticket.status_id)).code


def called_a_while_ago(cast: Cast, key: str) -> None:
    """Let the calls of the ticket have been made three minutes ago."""
    with cast.writing() as session:
        ago = clock.now() - timedelta(minutes=3)
        ticket_id = cast.ticket(key).id
        session.execute(update(Alert).where(Alert.ticket_id == ticket_id).values(created_at=ago))
        session.execute(update(Ticket).where(Ticket.id == ticket_id).values(taken_at=ago))


def goes_on_break(cast: Cast, who: int) -> None:
    with cast.writing() as session:
        session.get_one(Person, who).presence = Presence.ON_BREAK


def main_button(page: str) -> str:
    """Return the id of the one large button."""
    return page.split("button--main button--large")[1].split('id="')[1].split('"', maxsplit=1)[0]


# The next thing to do


def test_the_largest_thing_is_the_next_thing_to_do(emil: FlaskClient, cast: Cast, key: str) -> None:
    address = f"/demo/tickets/{key}"
    assert main_button(emil.get(address).text) == "here"
    assert "Carla</bdi> is here" in emil.get(address).text
    assert main_button(post(emil, address, f"{address}/here", htmx=True).text) == "resolve"
    assert main_button(post(emil, address, f"{address}/resolve", htmx=True).text) == "to-desk"


def test_who_is_here_is_being_helped(emil: FlaskClient, cast: Cast, key: str) -> None:
    answer = post(emil, f"/demo/tickets/{key}", f"/demo/tickets/{key}/here")
    assert answer.status_code == 303
    assert cast.ticket(key).arrived_at is not None
    words = words_of(emil.get(answer.location))
    assert "Being helped" in words
    assert "Emil noted that they are here" in words


def test_an_on_hold_ticket_is_opened_again_and_one_who_left_is_brought_back(
    client: FlaskClient, cast: Cast, key: str
) -> None:
    address = f"/demo/tickets/{key}"
    moved(cast, key, StatusCode.FOLLOW_UP)
    sign_in(client, cast.olga)
    assert main_button(client.get(address).text) == "open"
    moved(cast, key, StatusCode.CANCELLED)
    assert main_button(client.get(address).text) == "bring-back"


# Call again


def test_call_again_sends_one_more_alert_a_channel(emil: FlaskClient, cast: Cast, key: str) -> None:
    called_a_while_ago(cast, key)
    answer = post(emil, f"/demo/tickets/{key}", f"/demo/tickets/{key}/call")
    assert answer.status_code == 303
    assert [alert.channel for alert in cast.alerts(key) if alert.occasion == "1.1"] == [Channel.TEXT, Channel.EMAIL]
    assert "Emil called again" in words_of(emil.get(answer.location))


def test_a_second_call_at_once_is_refused_in_words(emil: FlaskClient, cast: Cast, key: str) -> None:
    answer = post(emil, f"/demo/tickets/{key}", f"/demo/tickets/{key}/call", htmx=True)
    assert answer.status_code == 409
    assert 'id="refusal"' in answer.text
    assert cast.ticket(key).call_number == 0


# No-show, cancel, bring back


def test_who_did_not_come_leaves_the_queue_and_comes_back_with_one_tap(
    client: FlaskClient, cast: Cast, key: str
) -> None:
    sign_in(client, cast.emil)
    address, came = f"/demo/tickets/{key}", cast.ticket(key).queued_at
    assert post(client, address, f"{address}/no-show").status_code == 303
    assert status_of(cast, key) == StatusCode.NO_SHOW
    assert AlertKind.MISSED in {alert.kind for alert in cast.alerts(key)}
    sign_in(client, cast.vera)
    assert post(client, address, f"{address}/bring-back").status_code == 303
    ticket = cast.ticket(key)
    assert (ticket.owner_id, ticket.kind, ticket.queued_at) == (None, StatusKind.OPEN, came)
    words = words_of(client.get(address))
    assert "Emil noted that they did not come" in words
    assert "Vera brought the ticket back into the queue" in words


def test_brought_back_twice_the_second_is_told_in_words(client: FlaskClient, cast: Cast, key: str) -> None:
    address = f"/demo/tickets/{key}"
    moved(cast, key, StatusCode.NO_SHOW)
    sign_in(client, cast.vera)
    fields = form_of(client.get(address), f"{address}/bring-back")
    assert client.post(f"{address}/bring-back", data=fields).status_code == 303
    answer = client.post(f"{address}/bring-back", data=fields)
    assert answer.status_code == 409
    assert "You have changed this ticket already" in words_of(answer)
    assert len([one for one in cast.changes(key) if one.action is Action.BRING_BACK]) == 1


def test_the_next_day_nobody_is_brought_back(client: FlaskClient, cast: Cast, key: str) -> None:
    moved(cast, key, StatusCode.NO_SHOW)
    with cast.writing() as session:
        session.get_one(Ticket, cast.ticket(key).id).closed_at = clock.now() - timedelta(days=1)
    sign_in(client, cast.vera)
    page = client.get(f"/demo/tickets/{key}")
    assert "/bring-back" not in page.text
    answer = client.post(f"/demo/tickets/{key}/bring-back", data=form_of(page, "/notes"))
    assert answer.status_code == 409


def test_a_volunteer_cancels_who_left_the_queue_and_nothing_else(client: FlaskClient, cast: Cast) -> None:
    key = checked_in(cast)
    address = f"/demo/tickets/{key}"
    sign_in(client, cast.vera)
    page = client.get(address)
    assert "They left: cancel the ticket" in words_of(page)
    for move in ("hand-over", "escalate", "follow-up", "status", "resolve", "put-back", "urgent", "call", "here"):
        assert f'action="{address}/{move}"' not in page.text
    assert post(client, address, f"{address}/cancel").status_code == 303
    assert status_of(cast, key) == StatusCode.CANCELLED


def test_cancelled_with_a_word_for_colleagues(emil: FlaskClient, cast: Cast, key: str) -> None:
    address = f"/demo/tickets/{key}"
    assert post(emil, address, f"{address}/cancel", note="Had to catch a train").status_code == 303
    assert cast.changes(key)[-1].words == "Had to catch a train"
    assert "Had to catch a train" in words_of(emil.get(address))


# Hand over


def options_of(page: str, select_id: str) -> str:
    return page.split(f'id="{select_id}"')[1].split("</select>", maxsplit=1)[0]


def test_only_those_are_offered_who_would_accept_the_ticket(emil: FlaskClient, cast: Cast, key: str) -> None:
    cast.set_queue("T60", QueueState.CLOSING)
    queue_of(cast, 1, "API")
    taken(cast, "API", by=cast.tove)
    offered = options_of(emil.get(f"/demo/tickets/{key}").text, "hand-over-to")
    assert "team:API" in offered
    assert "360" not in offered
    assert f"product:{cast.products['API']}" in offered
    assert f'value="person:{cast.lena.id}"' in offered
    assert f'value="person:{cast.tove.id}" disabled' in offered
    assert "Tove (has a ticket in hand)" in offered
    assert "Emil" not in offered
    assert "Vera" not in offered
    goes_on_break(cast, cast.lena.id)
    assert "Lena" not in options_of(emil.get(f"/demo/tickets/{key}").text, "hand-over-to")


def test_handed_over_to_a_team_it_waits_there(emil: FlaskClient, cast: Cast, key: str) -> None:
    address = f"/demo/tickets/{key}"
    assert post(emil, address, f"{address}/hand-over", to="team:API", note="Is about tokens").status_code == 303
    ticket = cast.ticket(key)
    assert (ticket.team_id, ticket.owner_id, ticket.product_id) == (
        cast.teams["API"], None, cast.products["Stats iQ"],
    )  # fmt: skip
    words = words_of(emil.get(address))
    assert "Emil handed the ticket over to API" in words
    assert "Is about tokens" in words


def test_handed_over_for_another_product_the_first_one_is_kept_beside_it(
    emil: FlaskClient, cast: Cast, key: str
) -> None:
    address = f"/demo/tickets/{key}"
    post(emil, address, f"{address}/hand-over", to=f"product:{cast.products['API']}")
    assert cast.ticket(key).product_id == cast.products["API"]
    words = words_of(emil.get(address))
    assert "asked for Stats iQ" in words
    # One name for both is said once.
    assert "Emil handed the ticket over to API" in words
    assert "to API, for" not in words
    with cast.writing() as session:
        session.get_one(Product, cast.products["API"]).name = "API tokens"
    assert "Emil handed the ticket over to API, for API tokens" in words_of(emil.get(address))


def test_handed_over_to_a_colleague_it_is_theirs(emil: FlaskClient, cast: Cast, key: str) -> None:
    address = f"/demo/tickets/{key}"
    post(emil, address, f"{address}/hand-over", to=f"person:{cast.lena.id}")
    assert cast.ticket(key).owner_id == cast.lena.id
    assert "Emil handed the ticket over to Lena" in words_of(emil.get(address))


@pytest.mark.parametrize("to", ["", "team:", "person:x", "person:99999999999", "nonsense", "team:stq", "\x00"])
def test_a_hand_over_to_nowhere_is_told_beside_the_list(emil: FlaskClient, cast: Cast, key: str, to: str) -> None:
    address = f"/demo/tickets/{key}"
    answer = post(emil, address, f"{address}/hand-over", to=to, note="They know more", htmx=True)
    assert answer.status_code == 422
    assert "Please choose where the ticket goes." in words_of(answer)
    assert form_of(answer, f"{address}/hand-over")["note"] == "They know more"
    assert '<details class="moves" id="more" open>' in answer.text
    assert cast.ticket(key).owner_id == cast.emil.id


def test_a_team_that_closed_meanwhile_gets_nothing(emil: FlaskClient, cast: Cast, key: str) -> None:
    address = f"/demo/tickets/{key}"
    fields = form_of(emil.get(address), f"{address}/hand-over") | {"to": "team:API", "note": "They know more"}
    cast.set_queue("API", QueueState.CLOSED)
    answer = emil.post(f"{address}/hand-over", data=fields)
    assert answer.status_code == 409
    assert "The queue of API is closed" in words_of(answer)
    assert form_of(answer, f"{address}/hand-over")["note"] == "They know more"
    assert cast.ticket(key).team_id == cast.teams["STQ"]


def test_who_went_on_a_break_meanwhile_gets_nothing(emil: FlaskClient, cast: Cast, key: str) -> None:
    address = f"/demo/tickets/{key}"
    fields = form_of(emil.get(address), f"{address}/hand-over") | {"to": f"person:{cast.lena.id}"}
    goes_on_break(cast, cast.lena.id)
    answer = emil.post(f"{address}/hand-over", data=fields)
    assert answer.status_code == 409
    assert "Lena is away at the moment" in words_of(answer)


def test_a_product_whose_team_was_removed_meanwhile_and_a_team_that_is_gone_are_refused(
    emil: FlaskClient, cast: Cast, key: str
) -> None:
    address = f"/demo/tickets/{key}"
    fields = form_of(emil.get(address), f"{address}/hand-over")
    with cast.writing() as session:
        session.get_one(Product, cast.products["API"]).team_id = None
    answer = emil.post(f"{address}/hand-over", data=fields | {"to": f"product:{cast.products['API']}"})
    assert answer.status_code == 409
    assert "No team helps with this product" in words_of(answer)
    answer = emil.post(f"{address}/hand-over", data=fields | {"to": "team:GONE"})
    assert answer.status_code == 409
    assert "no such team" in words_of(answer)
    answer = emil.post(f"{address}/hand-over", data=fields | {"to": f"person:{cast.oskar.id}"})
    assert answer.status_code == 409
    assert cast.ticket(key).owner_id == cast.emil.id


def test_two_experts_move_one_ticket_and_the_second_is_told(client: FlaskClient, cast: Cast, key: str) -> None:
    address = f"/demo/tickets/{key}"
    sign_in(client, cast.lena)
    hers = form_of(client.get(address), f"{address}/hand-over")
    sign_in(client, cast.emil)
    post(client, address, f"{address}/hand-over", to="team:API")
    token = form_of(client.get(address), "/notes")["csrf_token"]
    sign_in(client, cast.lena)
    answer = client.post(f"{address}/hand-over", data=hers | {"csrf_token": token, "to": f"person:{cast.lena.id}"})
    assert answer.status_code in {403, 409}
    assert cast.ticket(key).owner_id is None
    assert cast.ticket(key).team_id == cast.teams["API"]


def test_of_two_tabs_the_older_is_told_how_it_stands_now(emil: FlaskClient, cast: Cast, key: str) -> None:
    address = f"/demo/tickets/{key}"
    old = form_of(emil.get(address), f"{address}/no-show")
    post(emil, address, f"{address}/here")
    answer = emil.post(f"{address}/no-show", data=old)
    assert answer.status_code == 409
    words = words_of(answer)
    assert "You have changed this ticket already" in words
    assert "Being helped" in words
    # What colleagues wrote meanwhile is not what stands against it.
    sign_in(emil, cast.lena)
    post(emil, address, f"{address}/notes", note="I know him")
    sign_in(emil, cast.emil)
    token = form_of(emil.get(address), "/notes")["csrf_token"]
    assert "You have changed this ticket already" in words_of(
        emil.post(f"{address}/no-show", data=old | {"csrf_token": token})
    )


# Escalate and follow up


def test_escalated_without_a_choice_it_goes_to_a_lead(emil: FlaskClient, cast: Cast, key: str) -> None:
    address = f"/demo/tickets/{key}"
    assert post(emil, address, f"{address}/escalate", to="", note="Wants a refund").status_code == 303
    assert status_of(cast, key) == StatusCode.ESCALATED
    assert cast.ticket(key).owner_id == cast.lena.id
    words = words_of(emil.get(address))
    assert "Emil escalated the ticket to Lena" in words
    assert "Wants a refund" in words


def test_whom_to_escalate_to_begins_with_the_leads_of_the_tickets_team(client: FlaskClient, cast: Cast) -> None:
    checked_in(cast, "API")
    key = taken(cast, "API", by=cast.tove)
    with cast.writing() as session:
        session.add(TeamMember(team_id=cast.teams["API"], person_id=cast.olga.id, is_lead=True))
    page = sign_in(client, cast.tove).get(f"/demo/tickets/{key}").text
    people = page.split('id="escalate-to"')[1].split("team:")[0]
    assert re.findall(r'label="(\w+)"|person:\d+">(\w+)<', people) == [
        ("Leads", ""), ("", "Olga"), ("", "Lena"), ("Others", ""), ("", "Emil"),
    ]  # fmt: skip


def test_escalated_to_a_person_or_a_team(client: FlaskClient, cast: Cast) -> None:
    first, second = queue_of(cast, 2)
    sign_in(client, cast.olga)
    post(client, f"/demo/tickets/{first}", f"/demo/tickets/{first}/escalate", to=f"person:{cast.tove.id}")
    assert cast.ticket(first).owner_id == cast.tove.id
    post(client, f"/demo/tickets/{second}", f"/demo/tickets/{second}/escalate", to="team:API")
    assert (cast.ticket(second).team_id, cast.ticket(second).owner_id) == (cast.teams["API"], None)
    assert "Olga escalated the ticket to API" in words_of(client.get(f"/demo/tickets/{second}"))


@pytest.mark.parametrize("to", ["product:1", "nonsense", "person:", "\x00"])
def test_an_escalation_to_nobody_is_told_beside_the_list(emil: FlaskClient, cast: Cast, key: str, to: str) -> None:
    address = f"/demo/tickets/{key}"
    answer = post(emil, address, f"{address}/escalate", to=to)
    assert answer.status_code == 422
    assert "Please choose a person or a team." in words_of(answer)
    assert status_of(cast, key) == StatusCode.OPEN


def test_somebody_of_another_event_is_never_escalated_to(emil: FlaskClient, cast: Cast, key: str) -> None:
    address = f"/demo/tickets/{key}"
    assert "Oskar" not in emil.get(address).text
    answer = post(emil, address, f"{address}/escalate", to=f"person:{cast.oskar.id}")
    assert answer.status_code == 409
    assert status_of(cast, key) == StatusCode.OPEN


def test_a_follow_up_stays_mine_and_is_found_among_mine(emil: FlaskClient, cast: Cast, key: str) -> None:
    queue_of(cast, 1)
    address = f"/demo/tickets/{key}"
    post(emil, address, f"{address}/follow-up", note="Send the sample")
    assert cast.ticket(key).owner_id == cast.emil.id
    page = emil.get("/demo/tickets", query_string={"mine": "1", "status": "follow_up"})
    words = words_of(page)
    assert key in words
    assert "Guest" not in words
    assert "Follow-up 1" in words


def test_mine_is_empty_in_words(emil: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    assert "Nothing here is yours" in words_of(emil.get("/demo/tickets", query_string={"mine": "1"}))


# Urgent


def test_a_lead_makes_a_waiting_ticket_urgent_and_normal_again(client: FlaskClient, cast: Cast) -> None:
    cast.set(allow_urgent=True)
    _first, second = queue_of(cast, 2)
    address = f"/demo/tickets/{second}"
    sign_in(client, cast.lena)
    assert post(client, address, f"{address}/urgent", reason="Leaves at 15:00").status_code == 303
    assert cast.ticket(second).priority == Priority.URGENT
    words = words_of(client.get(address))
    assert "place 1 in the queue" in words
    assert "Urgent: Leaves at 15:00" in words
    assert "Lena made the ticket urgent" in words
    assert post(client, address, f"{address}/urgent").status_code == 303
    assert cast.ticket(second).priority == Priority.NORMAL
    assert "Lena made the ticket normal again" in words_of(client.get(address))


def test_an_urgent_ticket_can_be_made_normal_where_the_event_has_no_urgent_ones_any_more(
    client: FlaskClient, cast: Cast, key: str
) -> None:
    cast.set(allow_urgent=True)
    address = f"/demo/tickets/{key}"
    sign_in(client, cast.lena)
    post(client, address, f"{address}/urgent", reason="Leaves at 15:00")
    cast.set(allow_urgent=False)
    assert post(client, address, f"{address}/urgent").status_code == 303
    assert cast.ticket(key).priority == Priority.NORMAL


def test_urgent_needs_a_reason(client: FlaskClient, cast: Cast) -> None:
    cast.set(allow_urgent=True)
    key = checked_in(cast)
    address = f"/demo/tickets/{key}"
    sign_in(client, cast.lena)
    answer = post(client, address, f"{address}/urgent", reason="  ")
    assert answer.status_code == 422
    answer = post(client, address, f"{address}/urgent", reason="x" * 300)
    assert answer.status_code == 422
    assert "At most 200" in error_beside(answer, "urgent-reason")
    assert cast.ticket(key).priority == Priority.NORMAL


def test_urgent_is_only_offered_where_the_event_has_it_and_to_who_leads(
    client: FlaskClient, cast: Cast, key: str
) -> None:
    sign_in(client, cast.lena)
    assert "/urgent" not in client.get(f"/demo/tickets/{key}").text
    cast.set(allow_urgent=True)
    assert "/urgent" in client.get(f"/demo/tickets/{key}").text
    sign_in(client, cast.emil)
    assert "/urgent" not in client.get(f"/demo/tickets/{key}").text


# Undo


def test_what_was_done_can_be_undone_for_a_moment(emil: FlaskClient, cast: Cast, key: str) -> None:
    address = f"/demo/tickets/{key}"
    for move, sentence in (
        ("resolve", "Resolved."), ("no-show", "Marked as a no-show."), ("cancel", "Cancelled."),
        ("follow-up", "Kept for a follow-up."), ("escalate", "Escalated to Lena."),
    ):  # fmt: skip
        page = post(emil, address, f"{address}/{move}", htmx=True)
        assert sentence in words_of(page)
        answer = emil.post(f"{address}/undo", data=form_of(page, f"{address}/undo"))
        assert answer.status_code == 303
        assert status_of(cast, key) == StatusCode.OPEN
        assert cast.ticket(key).owner_id == cast.emil.id
        assert "Emil undid that" in words_of(emil.get(address))
    page = post(emil, address, f"{address}/hand-over", htmx=True, to="team:API")
    assert "Handed over to API." in words_of(page)
    emil.post(f"{address}/undo", data=form_of(page, f"{address}/undo"))
    assert cast.ticket(key).owner_id == cast.emil.id
    surveys = [alert for alert in cast.alerts(key) if alert.kind is AlertKind.FEEDBACK]
    assert {alert.state for alert in surveys} == {AlertState.CANCELLED}


def test_undone_too_late_it_is_told_and_stays(emil: FlaskClient, cast: Cast, key: str) -> None:
    address = f"/demo/tickets/{key}"
    page = post(emil, address, f"{address}/resolve", htmx=True)
    fields = form_of(page, f"{address}/undo")
    with cast.writing() as session:
        change = session.get_one(TicketChange, int(fields["change_id"]))
        change.at = change.at - timedelta(seconds=11)
    assert "/undo" not in emil.get(address).text
    answer = emil.post(f"{address}/undo", data=fields)
    assert answer.status_code == 409
    assert 'data-code="too_late_to_undo"' in answer.text
    assert status_of(cast, key) == StatusCode.RESOLVED


def test_nobody_undoes_what_somebody_else_did(client: FlaskClient, cast: Cast, key: str) -> None:
    address = f"/demo/tickets/{key}"
    sign_in(client, cast.emil)
    fields = form_of(post(client, address, f"{address}/resolve", htmx=True), f"{address}/undo")
    sign_in(client, cast.olga)
    assert "/undo" not in client.get(address).text
    token = form_of(client.get(address), "/notes")["csrf_token"]
    assert client.post(f"{address}/undo", data=fields | {"csrf_token": token}).status_code == 409
    for nothing in ("x", "", "9" * 30):
        assert client.post(f"{address}/undo", data={"csrf_token": token, "change_id": nothing}).status_code == 409
    assert status_of(cast, key) == StatusCode.RESOLVED


def test_the_desk_offers_to_undo_as_well(emil: FlaskClient, cast: Cast, key: str) -> None:
    address = f"/demo/tickets/{key}"
    post(emil, address, f"{address}/resolve")
    desk = emil.get("/demo/desk")
    assert f"{key} Resolved." in words_of(desk)
    emil.post(f"{address}/undo", data=form_of(desk, f"{address}/undo"))
    assert status_of(cast, key) == StatusCode.OPEN
    assert "/undo" not in emil.get("/demo/desk").text


# What the customer says, and what did not reach them


def test_who_is_on_the_way_or_needs_a_moment_is_shown_above_all(emil: FlaskClient, cast: Cast, key: str) -> None:
    from checkin.queueing.customer_moves import more_time, on_my_way

    token = cast.ticket(key).token
    with cast.writing() as session:
        more_time(session, token)
    words = words_of(emil.get(f"/demo/tickets/{key}"))
    assert "Carla asked for 5 more minutes" in words
    assert "The customer asked for 5 more minutes" in words
    with cast.writing() as session:
        on_my_way(session, token)
    assert "Carla is on the way" in words_of(emil.get(f"/demo/tickets/{key}"))


def test_who_waits_and_asked_for_time_is_said_not_to_be_offered(client: FlaskClient, cast: Cast) -> None:
    from checkin.queueing.customer_moves import leave_queue, more_time

    key = checked_in(cast)
    with cast.writing() as session:
        more_time(session, cast.ticket(key).token)
    sign_in(client, cast.emil)
    words = words_of(client.get(f"/demo/tickets/{key}"))
    assert "They asked for more time: not offered before" in words
    assert "place 1" not in words
    with cast.writing() as session:
        leave_queue(session, cast.ticket(key).token)
    assert "The customer left the queue" in words_of(client.get(f"/demo/tickets/{key}"))


@pytest.mark.parametrize(
    ("failed", "sentence"),
    [
        ((Channel.TEXT,), "The text did not reach them. Please call the name out."),
        ((Channel.TEXT, Channel.EMAIL), "No text or email reached them. Please call the name out."),
        ((Channel.EMAIL,), ""),
    ],
)
def test_a_text_that_failed_is_seen_at_once_with_why(
    emil: FlaskClient, cast: Cast, key: str, failed: tuple[Channel, ...], sentence: str
) -> None:
    with cast.writing() as session:
        session.execute(
            update(Alert)
            .where(Alert.ticket_id == cast.ticket(key).id, Alert.channel.in_(failed))
            .values(state=AlertState.FAILED, reason="The number does not exist.")
        )
    words = words_of(emil.get(f"/demo/tickets/{key}"))
    assert "The number does not exist." in words
    assert ("Please call the name out." in words) is bool(sentence)
    assert sentence in words


def refused_texts(cast: Cast, key: str, state: AlertState = AlertState.FAILED) -> None:
    """Let the ticket's texts not have arrived."""
    with cast.writing() as session:
        texts = (Alert.ticket_id == cast.ticket(key).id, Alert.channel == Channel.TEXT)
        session.execute(update(Alert).where(*texts).values(state=state, reason="The phone was switched off."))


def test_a_text_that_failed_can_be_sent_again_once(emil: FlaskClient, cast: Cast, key: str) -> None:
    address = f"/demo/tickets/{key}"
    assert "send-again" not in emil.get(address).text
    refused_texts(cast, key)
    fields = form_of(emil.get(address), f"{address}/send-again")
    assert emil.post(f"{address}/send-again", data=fields).status_code == 303
    texts = [alert for alert in cast.alerts(key) if alert.channel is Channel.TEXT]
    assert [alert.state for alert in texts] == [AlertState.FAILED, AlertState.PENDING]
    assert "send-again" not in emil.get(address).text
    answer = emil.post(f"{address}/send-again", data=fields)
    assert answer.status_code == 409
    assert "Somebody has taken care of this message already." in words_of(answer)
    assert len([alert for alert in cast.alerts(key) if alert.channel is Channel.TEXT]) == 2


@pytest.mark.parametrize("state", [AlertState.SUPPRESSED, AlertState.NEEDS_REVIEW])
def test_a_text_that_they_do_not_want_or_may_have_is_not_offered_to_be_sent_again(
    emil: FlaskClient, cast: Cast, key: str, state: AlertState
) -> None:
    refused_texts(cast, key, state)
    assert "send-again" not in emil.get(f"/demo/tickets/{key}").text


def test_only_who_may_change_the_ticket_sends_its_own_messages_again(client: FlaskClient, cast: Cast, key: str) -> None:
    address = f"/demo/tickets/{key}"
    refused_texts(cast, key)
    sign_in(client, cast.emil)
    fields = form_of(client.get(address), f"{address}/send-again")
    sign_in(client, cast.tove)
    assert "send-again" not in client.get(address).text
    fields["csrf_token"] = form_of(client.get(address), "/notes")["csrf_token"]
    assert client.post(f"{address}/send-again", data=fields).status_code == 403
    checked_in(cast, "API")
    other = f"/demo/tickets/{taken(cast, 'API', by=cast.tove)}"
    assert client.post(f"{other}/send-again", data=fields).status_code == 409
    assert len([alert for alert in cast.alerts(key) if alert.channel is Channel.TEXT]) == 1


def test_who_left_no_address_is_to_be_called_out(emil: FlaskClient, cast: Cast) -> None:
    cast.set(ask_email="optional", ask_phone="optional")
    checked_in(cast, email=None, phone=None)
    key = taken(cast)
    assert "No text and no email goes to them" in words_of(emil.get(f"/demo/tickets/{key}"))


# About


def test_own_questions_stand_with_their_labels_in_the_events_order(emil: FlaskClient, cast: Cast) -> None:
    cast.set(
        ask_question_1="optional", question_1="Which browser?", ask_username="optional", username_label="Acme name",
        field_order="question_1, username, product",
    )  # fmt: skip
    checked_in(cast, answers={"question_1": "Firefox 140"}, username="carla7")
    words = words_of(emil.get(f"/demo/tickets/{taken(cast)}"))
    places = [words.index(part) for part in ("Which browser? Firefox 140", "Acme name carla7", "Product Stats iQ")]
    assert places == sorted(places)


def test_a_customers_other_visits_say_what_for_with_whom_and_how_it_ended(emil: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    earlier = resolved(cast)
    checked_in(cast)
    words = words_of(emil.get(f"/demo/tickets/{taken(cast)}"))
    visit = words.split("Their other visits")[1].split("What happened")[0]
    for part in (earlier, "Stats iQ", "Emil", "Resolved"):
        assert part in visit


def test_what_is_on_hold_goes_back_into_its_own_queue(emil: FlaskClient, cast: Cast, key: str) -> None:
    address = f"/demo/tickets/{key}"
    post(emil, address, f"{address}/follow-up")
    hold = emil.get(address)
    assert "Into the queue again They wait for Stats iQ , by the time they came." in words_of(hold)
    page = post(emil, address, f"{address}/hand-over", htmx=True, to="team:STQ")
    assert "Put back into the queue." in words_of(page)
    assert "Emil put the ticket back" in words_of(page)
    ticket = cast.ticket(key)
    assert (ticket.owner_id, ticket.team_id, ticket.kind) == (None, cast.teams["STQ"], StatusKind.OPEN)
    emil.post(f"{address}/undo", data=form_of(page, f"{address}/undo"))
    assert status_of(cast, key) == StatusCode.FOLLOW_UP


def test_no_list_escalates_without_asking_to_whom(client: FlaskClient, cast: Cast, key: str) -> None:
    with cast.writing() as session:
        session.add(Status(event_id=cast.event_id, code="lab", name="In the lab", kind=StatusKind.ON_HOLD))
    sign_in(client, cast.lena)
    for to in (StatusCode.OPEN, StatusCode.FOLLOW_UP, StatusCode.RESOLVED):
        if to is not StatusCode.OPEN:
            moved(cast, key, to)
        page = client.get(f"/demo/tickets/{key}").text
        assert 'value="lab"' in page
        assert 'value="escalated"' not in page


def test_other_statuses_of_the_event_have_their_own_list(emil: FlaskClient, cast: Cast, key: str) -> None:
    assert 'id="set-status"' not in emil.get(f"/demo/tickets/{key}").text
    with cast.writing() as session:
        session.add(Status(event_id=cast.event_id, code="lab", name="In the lab", kind=StatusKind.ON_HOLD))
    address = f"/demo/tickets/{key}"
    assert post(emil, address, f"{address}/status", status="lab").status_code == 303
    words = words_of(emil.get(address))
    assert "In the lab" in words
    assert "Emil set the status to In the lab" in words
    assert "Set to In the lab." in words


@pytest.mark.parametrize("htmx", [False, True])
def test_what_they_take_home_goes_with_the_resolve_and_stands_on_the_ticket(
    emil: FlaskClient, key: str, *, htmx: bool
) -> None:
    address = f"/demo/tickets/{key}"
    answer = post(emil, address, f"{address}/resolve", htmx=htmx, advice="Read https://help.example.org/x")
    assert answer.status_code == (200 if htmx else 303)
    page = emil.get(address)
    assert 'href="https://help.example.org/x"' in page.text
    assert "Emil resolved the ticket and gave them something to take home" in words_of(page)


def test_too_much_to_take_home_is_kept_in_the_field_and_nothing_is_done(
    emil: FlaskClient, cast: Cast, key: str
) -> None:
    address = f"/demo/tickets/{key}"
    answer = post(emil, address, f"{address}/resolve", advice="x" * 2001)
    assert answer.status_code == 422
    assert "x" * 2001 in answer.text
    assert '<details class="take-home" id="take-home" open>' in answer.text
    assert cast.ticket(key).closed_at is None
