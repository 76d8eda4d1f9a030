"""The organiser's outbox: what was said to whom, what needs a person, and what they can do about it."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from checkin import clock
from checkin.alerts.pausing import PAUSED
from checkin.db import database_now
from checkin.models import (
    Alert,
    AlertKind,
    AlertState,
    AuditAction,
    AuditEntry,
    Channel,
    ChannelPause,
    Suppression,
)
from checkin.reports.outbox import LINES_A_PAGE, Pause
from checkin.routes.pauses import what_to_do
from tests.cast import CARLA_PHONE, Cast, checked_in, queue_of, sign_in, taken
from tests.routes.pages import HTMX, form_of, post, words_of

OUTBOX = "/demo/outbox"


@pytest.fixture
def olga(client: FlaskClient, cast: Cast) -> FlaskClient:
    return sign_in(client, cast.olga)


def called(cast: Cast, state: AlertState = AlertState.FAILED, **more: Any) -> tuple[str, int]:
    """Let Emil call Carla by a text that stands like that; return her key and the alert's id."""
    cast.set(ready_email=False)
    checked_in(cast)
    key = taken(cast, desk="7")
    (alert,) = cast.alerts(key)
    with cast.writing() as session:
        values = {"state": state, "reason": "This number is a landline: call the name out.", "recipient": CARLA_PHONE}
        session.execute(update(Alert).where(Alert.id == alert.id).values(**values | more))
    return key, alert.id


def paused(cast: Cast, channel: Channel = Channel.TEXT, code: str = "20003", **more: Any) -> None:
    with cast.writing() as session:
        session.add(
            ChannelPause(
                event_id=cast.event_id, channel=channel, code=code, at=database_now(session),
                reason="Twilio does not accept the account's SID and token.", detail="Authenticate", **more,
            )
        )  # fmt: skip


def test_what_needs_a_person_is_shown_first_and_everything_else_a_press_away(olga: FlaskClient, cast: Cast) -> None:
    key, _ = called(cast)
    queue_of(cast, 1)
    cast.set(ready_email=True)
    other = taken(cast, by=cast.lena)
    words = words_of(olga.get(OUTBOX))
    assert f"Text refused {key} Carla Jones" in words
    assert "This number is a landline: call the name out." in words
    assert "Needs a person 1 All 2 queued 1 failed 1" in words
    assert f"Email: on its way {other}" not in words
    assert f"Email: on its way {other}" in words_of(olga.get(f"{OUTBOX}?state=all"))


def test_when_nothing_needs_a_person_all_of_it_is_shown(olga: FlaskClient, cast: Cast) -> None:
    key, _ = called(cast, AlertState.SENT)
    assert f"{key} Carla Jones" in words_of(olga.get(OUTBOX))
    assert "No message needs a person. Well done." in words_of(olga.get(f"{OUTBOX}?state=person"))
    assert "No message stands like that." in words_of(olga.get(f"{OUTBOX}?state=delivered"))


def test_a_row_opens_to_its_words_and_its_story(olga: FlaskClient, cast: Cast) -> None:
    with cast.writing() as session:
        moment = database_now(session)
    key, alert_id = called(
        cast, AlertState.DELIVERED, body="Emil is ready <b>for</b> you", reason="", provider_id="SM1", attempts=2,
        sent_at=moment, delivered_at=moment + timedelta(seconds=4), unknown_at=moment, look_ups=1,
        provider_status="delivered", possible_duplicate=True,
    )  # fmt: skip
    page = olga.get(OUTBOX)
    row = page.text.split(f'id="alert-{alert_id}"')[1]
    assert "Emil is ready &lt;b&gt;for" in row
    assert f'href="/demo/tickets/{key}"' in row
    words = words_of(page)
    for step in (
        "Written", "Nobody knew whether it had left The provider was asked 1 time.", "Accepted by the provider SM1",
        "Arrived on the phone", "2 tries", "The provider says: delivered", "It may have arrived twice.",
    ):  # fmt: skip
        assert step in words
    assert "perhaps twice 1" in words
    assert key in words_of(olga.get(f"{OUTBOX}?state=twice"))


SEARCHES = (
    ("q=jones", True),
    ("q=STQ-1", True),
    ("q=415-555-2671", True),
    ("q=nobody", False),
    ("kind=ready&channel=text", True),
    ("kind=missed", False),
    ("channel=email", False),
    ("kind=nonsense&channel=nonsense&state=nonsense&before=nonsense", True),
    ("q=%00", True),
)


def test_it_is_searched_by_key_name_recipient_kind_and_channel(olga: FlaskClient, cast: Cast) -> None:
    key, _ = called(cast)
    for query, is_found in SEARCHES:
        words = words_of(olga.get(f"{OUTBOX}?{query}"))
        assert (f"Text refused {key}" in words) is is_found, query
        assert ("No message is like that." in words) is not is_found, query
        assert "Need a person 1" in words, "the figures are of all there is"


def test_beyond_a_page_the_older_ones_follow(olga: FlaskClient, cast: Cast) -> None:
    key, first = called(cast, AlertState.SENT)
    with cast.writing() as session:
        row = {column.key: getattr(session.get_one(Alert, first), column.key) for column in Alert.__table__.columns}
        for number in range(LINES_A_PAGE):
            session.add(
                Alert(**{name: value for name, value in row.items() if name != "id"} | {"occasion": f"1.{number}"})
            )
    newest = olga.get(f"{OUTBOX}?state=sent&q={key}")
    assert f'id="alert-{first}"' not in newest.text
    assert newest.text.count('class="alert-row"') == LINES_A_PAGE
    (older,) = {
        part.split('"')[0].replace("&amp;", "&") for part in newest.text.split('href="')[1:] if "before=" in part
    }
    page = olga.get(older)
    assert page.text.count('class="alert-row"') == 1
    assert f'id="alert-{first}"' in page.text
    assert "The newest" in words_of(page)


def test_how_much_waits_to_leave_and_since_when(olga: FlaskClient, cast: Cast) -> None:
    with cast.writing() as session:
        moment = database_now(session)
    called(cast, AlertState.PENDING, reason="", due_at=moment - timedelta(minutes=3))
    assert "Waiting to leave 1 the oldest 3 min ago" in words_of(olga.get(OUTBOX))
    with cast.writing() as session:
        session.execute(update(Alert).values(due_at=moment + timedelta(minutes=10)))
    assert "Waiting to leave 0 1 more leaves later" in words_of(olga.get(OUTBOX))
    with cast.writing() as session:
        session.execute(update(Alert).values(attempts=2, created_at=moment - timedelta(minutes=5)))
    assert "Waiting to leave 1 the oldest 5 min ago" in words_of(olga.get(OUTBOX)), "it was tried"


@pytest.mark.parametrize("htmx", [False, True])
def test_a_message_is_sent_again_once(olga: FlaskClient, cast: Cast, *, htmx: bool) -> None:
    key, alert_id = called(cast)
    address = f"{OUTBOX}/{alert_id}/send-again"
    page = olga.get(f"{OUTBOX}?q=jones")
    fields = form_of(page, f"{address}?q=jones")
    answer = olga.post(f"{address}?q=jones", data=fields, headers=HTMX if htmx else {})
    assert answer.status_code == (200 if htmx else 303)
    if htmx:
        assert "leaves again" in answer.headers["HX-Trigger"]
        assert 'value="jones"' in answer.text
    else:
        assert answer.location == f"{OUTBOX}?q=jones"
    assert [alert.state for alert in cast.alerts(key)] == [AlertState.FAILED, AlertState.PENDING]
    second = olga.post(address, data=fields, headers=HTMX if htmx else {})
    assert second.status_code == 409
    assert "Somebody has taken care of this message already" in words_of(second)
    assert len(cast.alerts(key)) == 2
    assert "It was sent again" in words_of(olga.get(f"{OUTBOX}?state=failed"))


def test_what_may_be_read_twice_is_asked_about_first(olga: FlaskClient, cast: Cast) -> None:
    key, alert_id = called(cast, AlertState.NEEDS_REVIEW)
    page = olga.get(OUTBOX)
    assert "It may have reached them already. Then they read it a second time." in words_of(page)
    address = f"{OUTBOX}/{alert_id}/send-again"
    fields = form_of(page, address)
    assert fields["sure"] == "yes"
    # A page that was shown before the worker lost sight of it does not know that it has to ask.
    asked = olga.post(address, data=fields | {"sure": ""})
    assert asked.status_code == 409
    assert f'id="ask-{alert_id}" open' in asked.text
    assert len(cast.alerts(key)) == 1
    assert olga.post(address, data=fields).status_code == 303
    assert cast.alerts(key)[1].possible_duplicate
    assert "Perhaps read twice 1" in words_of(olga.get(OUTBOX))


def test_a_message_is_dismissed_once(olga: FlaskClient, cast: Cast) -> None:
    _, alert_id = called(cast)
    address = f"{OUTBOX}/{alert_id}/dismiss"
    fields = form_of(olga.get(OUTBOX), address)
    assert olga.post(address, data=fields).status_code == 303
    assert "Need a person 0" in words_of(olga.get(OUTBOX))
    assert "Dismissed: it needs nobody" in words_of(olga.get(OUTBOX))
    assert olga.post(address, data=fields).status_code == 409
    (entry,) = cast.all(select(AuditEntry).where(AuditEntry.action == AuditAction.DISMISS_ALERT))
    assert entry.person_id == cast.olga.id


def test_who_opted_out_is_offered_nothing_until_they_write_start(olga: FlaskClient, cast: Cast) -> None:
    _, alert_id = called(cast, AlertState.SUPPRESSED)
    with cast.writing() as session:
        moment = database_now(session)
        session.add(Suppression(channel=Channel.TEXT, address=CARLA_PHONE, source="STOP", at=moment))
    address = f"{OUTBOX}/{alert_id}/send-again"
    with pytest.raises(AssertionError, match="no form"):
        form_of(olga.get(OUTBOX), address)
    fields = form_of(olga.get(OUTBOX), f"{OUTBOX}/{alert_id}/dismiss")
    refused = olga.post(address, data=fields)
    assert refused.status_code == 409
    assert "They have opted out" in words_of(refused)


def test_a_message_that_is_not_there_is_404_and_an_old_page_422(olga: FlaskClient, cast: Cast) -> None:
    _, alert_id = called(cast)
    fields = form_of(olga.get(OUTBOX), f"{OUTBOX}/{alert_id}/dismiss")
    for nobody in (alert_id + 99, 10**20):
        assert olga.post(f"{OUTBOX}/{nobody}/dismiss", data=fields).status_code == 404
    stale = olga.post(f"{OUTBOX}/{alert_id}/dismiss", data={"csrf_token": "of another session"})
    assert stale.status_code == 422
    assert "open for too long" in words_of(stale)
    assert olga.post(f"{OUTBOX}/start", data=fields | {"channel": "pigeon"}).status_code == 422


def test_a_channel_that_stands_still_says_why_and_starts_again_with_one_press(olga: FlaskClient, cast: Cast) -> None:
    key, _ = called(cast, AlertState.PENDING, reason_code=PAUSED)
    paused(cast)
    words = words_of(olga.get(OUTBOX))
    assert "Texts are paused Twilio does not accept the account's SID and token." in words
    assert "Set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN" in words
    assert "Authenticate" in words
    assert "1 message waits for this." in words
    assert f"Text waits: texts are paused {key}" in words
    assert post(olga, OUTBOX, f"{OUTBOX}/start").status_code == 303
    assert "Texts are paused" not in words_of(olga.get(OUTBOX))
    assert "Text: on its way" in words_of(olga.get(OUTBOX))
    (entry,) = cast.all(select(AuditEntry).where(AuditEntry.action == AuditAction.START_CHANNEL))
    assert entry.person_id == cast.olga.id


def test_a_second_press_says_that_it_was_started_already(olga: FlaskClient, cast: Cast) -> None:
    paused(cast)
    fields = form_of(olga.get(OUTBOX), f"{OUTBOX}/start")
    for sentence in ("What waited leaves now.", "It was started already."):
        answer = olga.post(f"{OUTBOX}/start", data=fields, headers=HTMX)
        assert sentence in answer.headers["HX-Trigger"]


ADVICE = (
    ("text", "20404", "TWILIO_ACCOUNT_SID"),
    ("text", "21606", "TWILIO_FROM"),
    ("text", "21408", "Switch texts to FR on"),
    ("text", "21608", "Upgrade the Twilio account"),
    ("text", "30002", "active and paid for"),
    ("text", "30034", "Register the sender"),
    ("text", "1", "Look into the Twilio console"),
    ("email", "535", "user and the password in SMTP_URL"),
    ("email", "550", "Set MAIL_FROM"),
    ("email", "certificate", "Set the name and port in SMTP_URL"),
    ("email", "misconfigured", "Check SMTP_URL and MAIL_FROM"),
)


def test_what_to_do_is_said_for_each_fault(app: Flask) -> None:
    with app.test_request_context():
        for channel, code, advice in ADVICE:
            assert advice in what_to_do(Pause(Channel(channel), "FR", code, "", "", clock.now()))


SENTENCES: tuple[tuple[AlertState, dict[str, Any], str], ...] = (
    (AlertState.PENDING, {"attempts": 1}, "Text: trying again"),
    (AlertState.PENDING, {"attempts": 1, "unknown_at": timedelta()}, "Text: asking whether it left"),
    (AlertState.PENDING, {"due_at": timedelta(minutes=5)}, "Text: leaves at"),
    (AlertState.SENDING, {"attempt_id": "1", "lease_until": timedelta()}, "Text: being sent"),
    (AlertState.SENT, {}, "Text: sent"),
    (AlertState.DELIVERED, {}, "Text: delivered"),
    (AlertState.FAILED, {}, "Text refused"),
    (AlertState.FAILED, {"provider_status": "undelivered"}, "Text did not arrive"),
    (AlertState.NEEDS_REVIEW, {}, "Text not confirmed: call the name out"),
    (AlertState.EXPIRED, {}, "Text not sent in time"),
    (AlertState.SUPPRESSED, {}, "Text not sent: they opted out"),
    (AlertState.NOT_SENT, {}, "Text not sent"),
)


def test_the_ticket_says_how_its_message_stands(olga: FlaskClient, cast: Cast) -> None:
    key, alert_id = called(cast, AlertState.PENDING, reason="")
    with cast.writing() as session:
        moment = database_now(session)
    usual: dict[str, object] = {
        "attempts": 0, "unknown_at": None, "due_at": moment, "attempt_id": None, "lease_until": None,
        "provider_status": "",
    }  # fmt: skip
    for state, more, sentence in SENTENCES:
        values = {name: moment + value if isinstance(value, timedelta) else value for name, value in more.items()}
        with cast.writing() as session:
            session.execute(update(Alert).where(Alert.id == alert_id).values(state=state, **usual | values))
        facts = olga.get(f"/demo/tickets/{key}").text.split('class="hero__facts"')[1].split("</ul>")[0]
        assert sentence in facts


def test_what_did_not_arrive_stays_above_the_ticket_beside_what_was_said_later(olga: FlaskClient, cast: Cast) -> None:
    key, first = called(cast)
    with cast.writing() as session:
        row = session.get_one(Alert, first)
        session.add(
            Alert(
                event_id=row.event_id, ticket_id=row.ticket_id, kind=AlertKind.PLEASE_WAIT, channel=Channel.TEXT,
                occasion="2", state=AlertState.SENT, created_at=row.created_at, due_at=row.due_at,
            )
        )  # fmt: skip
    facts = words_of(olga.get(f"/demo/tickets/{key}"))
    assert "Text refused This number is a landline" in facts
    assert "Please wait" in facts


def test_the_desk_shows_at_a_glance_whose_call_did_not_arrive(client: FlaskClient, cast: Cast) -> None:
    _key, alert_id = called(cast, AlertState.NEEDS_REVIEW)
    emil = sign_in(client, cast.emil)
    for page in ("/demo/desk", "/demo/tickets?mine=1"):
        assert "Text not confirmed: call the name out" in words_of(emil.get(page))
    assert "Text not confirmed" not in words_of(emil.get("/demo/tickets")), "it is for who waits for them"
    with cast.writing() as session:
        session.get_one(Alert, alert_id).state = AlertState.FAILED
    assert "Text refused Please call the name out." in words_of(emil.get("/demo/desk"))
    with cast.writing() as session:
        session.get_one(Alert, alert_id).state = AlertState.DELIVERED
    assert "call the name out" not in words_of(emil.get("/demo/desk"))


def test_an_email_that_did_not_arrive_is_news_only_without_a_text(client: FlaskClient, cast: Cast) -> None:
    cast.set(ready_text=False)
    checked_in(cast)
    key = taken(cast)
    with cast.writing() as session:
        session.execute(update(Alert).values(state=AlertState.FAILED))
    assert "Email refused Please call the name out." in words_of(sign_in(client, cast.emil).get("/demo/desk"))
    assert cast.ticket(key).arrived_at is None


def test_organisers_see_at_their_queues_that_messages_wait(olga: FlaskClient, cast: Cast) -> None:
    assert "Open the outbox" not in words_of(olga.get("/demo/queues"))
    called(cast)
    assert "1 message needs a person. Open the outbox" in words_of(olga.get("/demo/queues"))
    paused(cast)
    assert "Messages are not leaving: a channel is paused." in words_of(olga.get("/demo/queues"))
    lena = sign_in(olga, cast.lena)
    assert "Open the outbox" not in words_of(lena.get("/demo/queues")), "leads cannot open it"


def test_who_is_looked_for_comes_with_how_the_other_messages_stand(client: FlaskClient, cast: Cast) -> None:
    checked_in(cast)
    key = taken(cast)
    with cast.writing() as session:
        session.execute(
            update(Alert).where(Alert.channel == Channel.TEXT).values(state=AlertState.FAILED, reason="Landline.")
        )
        session.execute(update(Alert).where(Alert.channel == Channel.EMAIL).values(state=AlertState.SENT))
    words = words_of(sign_in(client, cast.vera).get("/demo/find"))
    assert f"{key} Called" in words
    assert "Landline. Email: sent" in words


def test_the_link_to_a_new_password_shows_neither_its_words_nor_a_way_to_send_it_again(
    olga: FlaskClient, cast: Cast
) -> None:
    with cast.writing() as session:
        moment = database_now(session)
        session.add(
            Alert(
                event_id=cast.event_id, person_id=cast.vera.id, kind=AlertKind.RESET, channel=Channel.EMAIL,
                occasion="en.1", state=AlertState.FAILED, created_at=moment, due_at=moment, body="secret link",
                reason="This mailbox is full.",
            )
        )  # fmt: skip
    page = olga.get(OUTBOX)
    assert "secret link" not in page.text
    assert "Email refused Vera" in words_of(page)
    assert "Its words are for its recipient only." in words_of(page)
    assert "send-again" not in page.text
