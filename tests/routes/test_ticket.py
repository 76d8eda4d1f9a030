"""One ticket, and what staff do with it."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from checkin.models import Alert, AlertKind, AlertState, Status, StatusCode, StatusKind, TicketChange
from tests.cast import Cast, checked_in, moved, queue_of, resolved, returned, sign_in, taken
from tests.routes.pages import form_of, post, words_of


@pytest.fixture
def emil(client: FlaskClient, cast: Cast) -> FlaskClient:
    """Return Emil's tablet."""
    return sign_in(client, cast.emil)


def test_the_ticket_says_all_that_the_expert_needs(emil: FlaskClient, cast: Cast) -> None:
    earlier = checked_in(cast, "API")
    checked_in(cast, notes="Regression output looks wrong, leaves at 15:00")
    key = taken(cast)
    words = words_of(emil.get(f"/demo/tickets/{key}"))
    for expected in (
        key, "Carla Jones", "Carla needs your help with Stats iQ", "Regression output looks wrong, leaves at 15:00",
        "carla@example.org", "+1 415-555-2671", "Vera", earlier, "queued", "took the ticket at desk 7",
    ):  # fmt: skip
        assert expected in words


def test_resolve_closes_the_ticket_and_asks_how_it_went(emil: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    key = taken(cast)
    answer = post(emil, f"/demo/tickets/{key}", f"/demo/tickets/{key}/resolve")
    assert answer.status_code == 303
    assert cast.ticket(key).closed_at is not None
    assert cast.survey(key).expert_id == cast.emil.id
    (feedback,) = [alert for alert in cast.alerts(key) if alert.kind is AlertKind.FEEDBACK]
    assert feedback.state is AlertState.PENDING


def test_above_all_stands_only_the_latest_of_each_alert(emil: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    returned(cast, taken(cast))
    key = taken(cast)
    facts = emil.get(f"/demo/tickets/{key}").text.split('class="hero__facts"')[1].split("</ul>")[0]
    assert facts.count('id="alert-') == 2
    assert facts.count("on its way") == 2
    assert words_of(emil.get(f"/demo/tickets/{key}")).count("Expert is ready") == 4


def test_the_timeline_says_once_that_an_alert_was_not_sent(emil: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    key = taken(cast)
    with cast.writing() as session:
        for alert in session.scalars(select(Alert)):
            alert.state, alert.reason = AlertState.NOT_SENT, "Not sent: no provider set."
    timeline = emil.get(f"/demo/tickets/{key}").text.split('class="timeline"')[1].split("</ol>")[0]
    assert timeline.count("“Expert is ready”: not sent") == 2
    assert timeline.count(">No provider set.<") == 2


def test_put_back_the_next_thing_is_the_desk(emil: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    key = taken(cast)
    assert "Back to my desk" not in words_of(emil.get(f"/demo/tickets/{key}"))
    answer = post(emil, f"/demo/tickets/{key}", f"/demo/tickets/{key}/put-back", htmx=True)
    assert "Back to my desk" in words_of(answer)


@pytest.mark.parametrize(("status", "later"), [(StatusCode.FOLLOW_UP, "open"), (StatusCode.NO_SHOW, "bring-back")])
def test_after_the_undo_the_next_thing_stays_the_desk_for_a_while(
    emil: FlaskClient, cast: Cast, status: str, later: str
) -> None:
    checked_in(cast)
    key = taken(cast)
    moved(cast, key, status)
    for minutes, expected in ((1, "to-desk"), (2, later)):
        with cast.writing() as session:
            session.get_one(TicketChange, cast.changes(key)[-1].id).at -= timedelta(minutes=minutes)
        page = emil.get(f"/demo/tickets/{key}").text
        assert 'id="undo-bar"' not in page
        assert page.split("button--main button--large")[1].split('id="')[1].startswith(f'{expected}"')


def test_who_cannot_change_a_ticket_goes_back_to_their_desk(client: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    key = taken(cast)
    sign_in(client, cast.tove)
    page = client.get(f"/demo/tickets/{key}").text
    assert page.split("button--main button--large")[1].split('id="')[1].startswith('to-desk"')


def test_escalating_names_who_would_get_it(client: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    key = taken(cast)
    for person, expected in ((cast.emil, "The lead of Stats iQ"), (cast.lena, "An organiser")):
        sign_in(client, person)
        choice = client.get(f"/demo/tickets/{key}").text.split('id="escalate-to"')[1].split("</option>")[0]
        assert choice.endswith(expected)


def test_htmx_gets_the_ticket_as_it_is_now(emil: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    key = taken(cast)
    answer = post(emil, f"/demo/tickets/{key}", f"/demo/tickets/{key}/resolve", htmx=True)
    assert answer.status_code == 200
    assert "Resolved" in words_of(answer)
    assert "<html" not in answer.text


def test_put_back_returns_it_to_its_place(emil: FlaskClient, cast: Cast) -> None:
    first, _second = queue_of(cast, 2)
    taken(cast)
    post(emil, f"/demo/tickets/{first}", f"/demo/tickets/{first}/put-back")
    assert cast.ticket(first).owner_id is None
    assert taken(cast) == first


def test_another_status_takes_it_off_the_queue(emil: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    key = taken(cast)
    post(emil, f"/demo/tickets/{key}", f"/demo/tickets/{key}/follow-up")
    assert cast.ticket(key).status_id == cast.statuses[StatusCode.FOLLOW_UP]
    post(emil, f"/demo/tickets/{key}", f"/demo/tickets/{key}/status")
    assert cast.ticket(key).status_id == cast.statuses[StatusCode.OPEN]


def test_an_unknown_status_is_refused(emil: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    key = resolved(cast)
    answer = post(emil, f"/demo/tickets/{key}", f"/demo/tickets/{key}/status", status="gone")
    assert answer.status_code == 409
    assert "no such status" in words_of(answer)
    assert post(emil, f"/demo/tickets/{key}", f"/demo/tickets/{key}/status", status="\x00").status_code == 422


def test_a_ticket_that_somebody_else_changed_is_not_overwritten(emil: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    key = taken(cast)
    stale = form_of(emil.get(f"/demo/tickets/{key}"), "/resolve")
    moved(cast, key, StatusCode.FOLLOW_UP, by=cast.lena)
    answer = emil.post(f"/demo/tickets/{key}/resolve", data=stale)
    assert answer.status_code == 409
    assert "Somebody else changed this ticket" in words_of(answer)
    assert cast.ticket(key).closed_at is None
    assert form_of(answer, "/resolve")["version"] == str(cast.ticket(key).version)


def test_a_note_joins_the_timeline_and_moves_nothing(emil: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    key = taken(cast)
    before = cast.ticket(key)
    post(emil, f"/demo/tickets/{key}", f"/demo/tickets/{key}/notes", note="Sent them the guide <b>")
    assert "Sent them the guide &lt;b&gt;" in emil.get(f"/demo/tickets/{key}").text
    assert (cast.ticket(key).version, cast.ticket(key).updated_at) == (before.version, before.updated_at)


def test_an_empty_note_and_one_that_is_too_long_are_refused(emil: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    key = taken(cast)
    address = f"/demo/tickets/{key}"
    assert post(emil, address, f"{address}/notes", note="  ").status_code == 422
    answer = post(emil, address, f"{address}/notes", note="x" * 10_000)
    assert answer.status_code == 422
    assert form_of(answer, "/notes")["note"] == "x" * 10_000


def test_an_expired_token_keeps_the_note(emil: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    key = taken(cast)
    address = f"/demo/tickets/{key}"
    answer = post(emil, address, f"{address}/notes", note="long story", csrf_token="old")
    assert answer.status_code == 422
    assert form_of(answer, "/notes")["note"] == "long story"


def test_another_expert_sees_it_but_cannot_change_it(client: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    key = taken(cast)
    sign_in(client, cast.tove)
    page = client.get(f"/demo/tickets/{key}")
    assert page.status_code == 200
    assert f"{key}/resolve" not in page.text
    fields = form_of(page, "/notes")
    answer = client.post(f"/demo/tickets/{key}/resolve", data=fields)
    assert answer.status_code == 403
    assert cast.ticket(key).closed_at is None


def test_a_lead_of_the_team_and_an_organiser_can_change_it(client: FlaskClient, cast: Cast) -> None:
    queue_of(cast, 2)
    for someone, key in ((cast.lena, taken(cast)), (cast.olga, taken(cast, by=cast.lena))):
        sign_in(client, someone)
        assert post(client, f"/demo/tickets/{key}", f"/demo/tickets/{key}/resolve").status_code == 303


def test_opening_again_with_full_hands_names_whose_and_leads_to_what_is_in_them(
    client: FlaskClient, cast: Cast
) -> None:
    queue_of(cast, 2)
    first, second = resolved(cast), taken(cast)
    told = {}
    for someone in (cast.emil, cast.olga):
        sign_in(client, someone)
        answer = post(client, f"/demo/tickets/{first}", f"/demo/tickets/{first}/status", status="open")
        assert answer.status_code == 409
        assert f'href="/demo/tickets/{second}">Go to {second}' in answer.text
        told[someone.name] = words_of(answer)
    assert f"You still have {second} in hand." in told["Emil"]
    assert f"Emil still has {second} in hand" in told["Olga"]


def test_a_ticket_that_is_not_there_is_404(emil: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    key = taken(cast)
    fields = form_of(emil.get(f"/demo/tickets/{key}"), "/resolve")
    assert emil.get("/demo/tickets/STQ-99").status_code == 404
    assert emil.get("/demo/tickets/STQ%00").status_code == 404
    assert emil.post("/demo/tickets/STQ-99/resolve", data=fields).status_code == 404
    assert emil.post("/demo/tickets/STQ-99/resolve", data={}).status_code == 404


@pytest.mark.parametrize(
    "words",
    [
        "carla", "CARLA jones", "carla@example.org", "STQ-1", "5552671", "415-555-2671", "+1 415-555-2671",
        "(415) 555 2671", "001 415 555 2671", "carla 2671", "",
    ],
)  # fmt: skip
def test_search_finds_by_key_name_email_and_phone(emil: FlaskClient, cast: Cast, words: str) -> None:
    key = checked_in(cast)
    (other,) = queue_of(cast, 1, "API")
    found = words_of(emil.get("/demo/tickets", query_string={"q": words}))
    assert key in found
    assert (other in found) is (words == "")


def test_a_whole_key_finds_that_ticket_only(emil: FlaskClient, cast: Cast) -> None:
    first, *_between, last = queue_of(cast, 12)
    assert last == f"{first}2"
    found = words_of(emil.get("/demo/tickets", query_string={"q": first.lower()}))
    assert first in found.split()
    assert last not in found.split()


def test_an_open_status_of_the_event_is_named(emil: FlaskClient, cast: Cast) -> None:
    with cast.writing() as session:
        bar = Status(event_id=cast.event_id, code="bar", name="At the bar", kind=StatusKind.OPEN, on_board=True)
        session.add(bar)
    checked_in(cast)
    key = taken(cast)
    moved(cast, key, "bar")
    assert "Called · At the bar" in words_of(emil.get(f"/demo/tickets/{key}"))


@pytest.mark.parametrize("words", ["%", "_", "nobody", "' OR 1=1 --"])
def test_search_takes_nothing_for_a_wildcard(emil: FlaskClient, cast: Cast, words: str) -> None:
    checked_in(cast)
    page = emil.get("/demo/tickets", query_string={"q": words})
    assert page.status_code == 200
    assert "Carla" not in page.text


@pytest.mark.parametrize("words", ["x" * 300, "a\x00b"])
def test_a_search_that_cannot_be_one_lists_everything(emil: FlaskClient, cast: Cast, words: str) -> None:
    checked_in(cast)
    page = emil.get("/demo/tickets", query_string={"q": words})
    assert page.status_code == 200
    assert "Carla" in page.text


def test_the_list_can_be_narrowed_by_status(emil: FlaskClient, cast: Cast) -> None:
    first, second = queue_of(cast, 2)
    resolved(cast)
    words = words_of(emil.get("/demo/tickets", query_string={"status": "resolved"}))
    assert first in words
    assert second not in words
    assert second in words_of(emil.get("/demo/tickets", query_string={"status": "nonsense"}))


def test_only_what_the_table_of_moves_allows_is_offered(client: FlaskClient, cast: Cast) -> None:
    waiting, _behind = queue_of(cast, 2)
    sign_in(client, cast.olga)
    offered = client.get(f"/demo/tickets/{waiting}").text
    assert f"{waiting}/cancel" in offered
    assert f"{waiting}/resolve" not in offered
    assert f"{waiting}/no-show" not in offered
    taken(cast)
    offered = client.get(f"/demo/tickets/{waiting}").text
    assert f"{waiting}/no-show" in offered
    assert f"{waiting}/here" in offered
