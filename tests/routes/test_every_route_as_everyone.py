"""Who may open what: every address as every role, as nobody, and as a stranger from another event.

The answers stand in one table. An address that is missing from it makes a test fail.
"""

import uuid
from dataclasses import dataclass
from typing import Any, Final

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from checkin.alerts.links import make_reset_token
from checkin.db import Base, db
from checkin.models import Alert, AlertState
from tests.cast import PASSWORD, Cast, Someone, checked_in, moved, queue_of, resolved, sign_in, taken
from tests.routes.pages import HTMX, form_of

WHO: Final = ("nobody", "stranger", "vera", "emil", "lena", "olga")
TO_SIGN_IN: Final = "to sign-in"
Answer = int | str


def everyone(answer: Answer) -> dict[str, Answer]:
    """Return the row of an address that is open to all."""
    return dict.fromkeys(WHO, answer)


def staff(*, vera: int, emil: int, lena: int, olga: int) -> dict[str, Answer]:
    """Return the row of an address of the event's people: nobody signs in first, a stranger is refused."""
    return {"nobody": TO_SIGN_IN, "stranger": 403, "vera": vera, "emil": emil, "lena": lena, "olga": olga}


# Requests are complete and carry their token: what an answer says is decided by who asks.
TABLE: Final[dict[tuple[str, str], dict[str, Answer]]] = {
    ("front.index", "GET"): everyone(200),
    ("front.event", "GET"): everyone(200),
    ("static", "GET"): everyone(200),
    ("health.alive", "GET"): everyone(200),
    ("health.ready", "GET"): everyone(200),
    # Where no token of Twilio is set, nothing is there; tests/routes/test_hooks.py has the rest.
    ("hooks.status", "POST"): everyone(404),
    ("hooks.message", "POST"): everyone(404),
    ("language.choose", "POST"): everyone(303),
    ("signing_in.sign_in", "GET"): everyone(303) | {"nobody": 200},
    ("signing_in.sign_in", "POST"): everyone(303),
    ("signing_in.sign_out", "GET"): everyone(200),
    ("signing_in.sign_out", "POST"): everyone(303),
    ("signing_in.reset", "GET"): everyone(200),
    ("signing_in.reset", "POST"): everyone(200),
    ("signing_in.new_password", "GET"): everyone(200),
    ("signing_in.new_password", "POST"): everyone(303),
    ("customer.show", "GET"): everyone(200),
    ("customer.on_my_way", "POST"): everyone(303),
    ("customer.back", "GET"): everyone(303),
    ("customer.more_time", "POST"): everyone(303),
    ("customer.back_already", "POST"): everyone(303),
    ("customer.ask_leave", "GET"): everyone(200),
    ("customer.leave", "POST"): everyone(303),
    ("customer.language", "POST"): everyone(303),
    ("customer.details", "GET"): everyone(200),
    ("customer.correct", "POST"): everyone(303),
    ("streams.customer", "GET"): everyone(200),
    ("feedback.show", "GET"): everyone(200),
    ("feedback.submit", "POST"): everyone(200),
    ("board.show", "GET"): everyone(200),
    ("board.events", "GET"): everyone(200),
    ("checking_in.show", "GET"): staff(vera=200, emil=403, lena=403, olga=200),
    ("checking_in.submit", "POST"): staff(vera=303, emil=403, lena=403, olga=303),
    ("desk.show", "GET"): staff(vera=403, emil=200, lena=200, olga=200),
    ("streams.desk", "GET"): staff(vera=200, emil=200, lena=200, olga=200),
    ("presence.set_desk", "POST"): staff(vera=403, emil=303, lena=303, olga=403),
    ("presence.set_presence", "POST"): staff(vera=403, emil=303, lena=303, olga=403),
    ("desk.take", "POST"): staff(vera=403, emil=303, lena=303, olga=403),
    ("tickets.index", "GET"): staff(vera=200, emil=200, lena=200, olga=200),
    ("by_hand.new", "GET"): staff(vera=200, emil=200, lena=200, olga=200),
    ("by_hand.make", "POST"): staff(vera=303, emil=303, lena=303, olga=303),
    ("tickets.show", "GET"): staff(vera=200, emil=200, lena=200, olga=200),
    ("tickets.notes", "POST"): staff(vera=303, emil=303, lena=303, olga=303),
    ("moving.resolve", "POST"): staff(vera=403, emil=303, lena=303, olga=303),
    ("moving.put_back", "POST"): staff(vera=403, emil=303, lena=303, olga=303),
    ("moving.status", "POST"): staff(vera=403, emil=303, lena=303, olga=303),
    ("moving.here", "POST"): staff(vera=403, emil=303, lena=303, olga=303),
    # Who was called less than two minutes ago is not called again.
    ("moving.call", "POST"): staff(vera=403, emil=409, lena=409, olga=409),
    # Nothing of the ticket was lost.
    ("moving.send_again", "POST"): staff(vera=403, emil=409, lena=409, olga=409),
    ("moving.no_show", "POST"): staff(vera=403, emil=303, lena=303, olga=303),
    ("moving.hand_over", "POST"): staff(vera=403, emil=303, lena=303, olga=303),
    ("moving.escalate", "POST"): staff(vera=403, emil=303, lena=303, olga=303),
    ("moving.follow_up", "POST"): staff(vera=403, emil=303, lena=303, olga=303),
    ("moving.cancel", "POST"): staff(vera=303, emil=303, lena=303, olga=303),
    ("moving.bring_back", "POST"): staff(vera=303, emil=303, lena=303, olga=303),
    ("moving.urgent", "POST"): staff(vera=403, emil=403, lena=303, olga=303),
    # Only who made a change can undo it: here it was nobody of those who ask.
    ("moving.undo", "POST"): staff(vera=409, emil=409, lena=409, olga=409),
    ("correcting.correct", "GET"): staff(vera=403, emil=403, lena=403, olga=200),
    ("correcting.save", "POST"): staff(vera=403, emil=403, lena=403, olga=303),
    ("correcting.ask", "GET"): staff(vera=403, emil=403, lena=403, olga=200),
    ("correcting.delete", "POST"): staff(vera=403, emil=403, lena=403, olga=303),
    ("outbox.index", "GET"): staff(vera=403, emil=403, lena=403, olga=200),
    ("outbox.send_again", "POST"): staff(vera=403, emil=403, lena=403, olga=303),
    ("outbox.dismiss", "POST"): staff(vera=403, emil=403, lena=403, olga=303),
    ("outbox.start", "POST"): staff(vera=403, emil=403, lena=403, olga=303),
    ("find.show", "GET"): staff(vera=200, emil=200, lena=200, olga=200),
    ("find.bring_back", "POST"): staff(vera=303, emil=303, lena=303, olga=303),
    # What closes queues comes last: the others need them open.
    ("queues.show", "GET"): staff(vera=403, emil=403, lena=200, olga=200),
    ("queues.state", "POST"): staff(vera=403, emil=403, lena=303, olga=303),
    ("queues.waiting", "POST"): staff(vera=403, emil=403, lena=303, olga=303),
    ("queues.end_day", "POST"): staff(vera=403, emil=403, lena=403, olga=303),
}
OF_A_CALLED_CUSTOMER: Final = ("show", "on_my_way", "more_time", "back_already", "ask_leave", "language")
POSTS: Final = [endpoint for endpoint, method in TABLE if method == "POST"]
TICKETS: Final = ("tickets.", "moving.", "correcting.")
# Each of these is tried on a ticket of its own, which Emil has in hand.
OF_ONE_TICKET: Final = [one for one, _method in TABLE if one.startswith(TICKETS[1:]) and one != "moving.bring_back"]
OF_STAFF: Final = [row for row, answers in TABLE.items() if answers["nobody"] == TO_SIGN_IN]


@dataclass(frozen=True)
class House:
    """The event in the middle of a day: everything that an address can name, and what each form sends."""

    app: Flask
    cast: Cast
    arguments: dict[str, dict[str, str]]
    sent: dict[str, dict[str, str]]

    def address(self, endpoint: str, **changes: str) -> str:
        """Return the address of an endpoint, its ticket not yet touched by any other."""
        common = {"event_slug": "demo"} if "event_slug" in self._names(endpoint) else {}
        with self.app.test_request_context():
            named: dict[str, Any] = common | self.arguments.get(endpoint, {}) | changes
            return self.app.url_for(endpoint, **named)

    def _names(self, endpoint: str) -> set[str]:
        (rule,) = self.app.url_map.iter_rules(endpoint)
        return set(rule.arguments)

    def browser(self, who: str) -> FlaskClient:
        """Return a browser of its own in which this one, or nobody, is signed in."""
        browser = self.app.test_client()
        return browser if who == "nobody" else sign_in(browser, self.someone(who))

    def someone(self, who: str) -> Someone:
        """Return one of the cast; the stranger is Oskar, who organises another event."""
        someone: Someone = self.cast.oskar if who == "stranger" else getattr(self.cast, who)
        return someone

    def ask(self, browser: FlaskClient, endpoint: str, method: str, **more: Any) -> TestResponse:
        """Send one request and do not wait for the end of a stream."""
        answer = browser.open(self.address(endpoint), method=method, buffered=False, **more)
        if answer.mimetype != "text/event-stream":
            answer.get_data()
        answer.close()
        return answer

    def everything(self) -> dict[str, list[Any]]:
        """Return all rows of all tables, as the driver reads them."""
        with self.app.app_context():
            connection = db.session.connection()
            return {
                table.name: sorted(map(str, connection.exec_driver_sql(f"SELECT * FROM {table.name}")))
                for table in Base.metadata.sorted_tables
            }


@pytest.fixture
def house(app: Flask, cast: Cast) -> House:
    cast.set(tickets_in_hand=0, allow_urgent=True)
    done = [checked_in(cast), resolved(cast)][1]
    keys = queue_of(cast, 7 + len(OF_ONE_TICKET))
    for _ in keys:
        taken(cast)
    (waiting,) = queue_of(cast, 1)
    shown, noted, missing, gone, left, *others = keys
    moved(cast, missing, "no_show")
    moved(cast, gone, "cancelled")
    refused, given_up = cast.alerts(noted)[0].id, cast.alerts(gone)[0].id
    with cast.writing() as session:
        session.execute(update(Alert).where(Alert.id.in_((refused, given_up))).values(state=AlertState.FAILED))
    reset = make_reset_token(app.config["SECRET_KEY"], account_id=cast.tove.account_id, session_number=0)
    arguments = {
        "static": {"filename": "checkin/tokens.css"},
        "signing_in.new_password": {"token": reset},
        **{f"customer.{page}": {"token": cast.ticket(shown).token} for page in OF_A_CALLED_CUSTOMER},
        "customer.back": {"token": cast.ticket(shown).token, "move": "more-time"},
        "customer.leave": {"token": cast.ticket(left).token},
        "customer.details": {"token": cast.ticket(waiting).token},
        "customer.correct": {"token": cast.ticket(waiting).token},
        "streams.customer": {"token": cast.ticket(shown).token},
        "feedback.show": {"token": cast.survey(done).token},
        "feedback.submit": {"token": cast.survey(done).token},
        "desk.take": {"team_code": "STQ"},
        "find.bring_back": {"key": missing},
        "queues.state": {"team_code": "STQ"},
        "queues.waiting": {"team_code": "STQ"},
        "outbox.send_again": {"alert_id": str(refused)},
        "outbox.dismiss": {"alert_id": str(given_up)},
        "tickets.show": {"key": shown},
        "tickets.notes": {"key": noted},
        "moving.bring_back": {"key": gone},
    } | {endpoint: {"key": key} for endpoint, key in zip(OF_ONE_TICKET, others, strict=False)}
    stats = str(cast.products["Stats iQ"])
    version = {"version": str(cast.ticket(noted).version)}
    sent = {
        "customer.on_my_way": {},
        "customer.more_time": {"asked": "0"},
        "customer.back_already": {},
        "customer.leave": {},
        "customer.language": {"language": "fr"},
        "customer.correct": {"first_name": "Guestine"},
        "hooks.status": {"MessageStatus": "delivered"},
        "hooks.message": {"Body": "STOP", "From": "+14155552671"},
        "language.choose": {"language": "fr", "next": "/sign-out"},
        "signing_in.sign_in": {"email": cast.tove.email, "password": PASSWORD},
        "signing_in.sign_out": {},
        "signing_in.reset": {"email": cast.tove.email},
        "signing_in.new_password": {"password": "another long walk", "again": "another long walk"},
        "feedback.submit": {"satisfaction": "5"},
        "checking_in.submit": {
            "submission_id": str(uuid.uuid4()), "first_name": "Carla", "last_name": "Jones",
            "email": "carla.jones@example.org", "phone": "+14155552672", "product": str(cast.products["Stats iQ"]),
        },
        "presence.set_desk": {"desk": "12"},
        "presence.set_presence": {"presence": "available"},
        "outbox.send_again": {},
        "outbox.dismiss": {},
        "outbox.start": {"channel": "text"},
        "queues.state": {"to": "closing", "expected": ""},
        "queues.waiting": {"choice": "leave"},
        "queues.end_day": {},
        "find.bring_back": {"version": ""},
        "desk.take": {"request_key": str(uuid.uuid4())},
        "tickets.notes": version | {"note": "Likes short answers."},
        "by_hand.make": {"submission_id": str(uuid.uuid4()), "first_name": "Guest", "product": stats},
        "moving.bring_back": {},
        "moving.status": version | {"status": "escalated"},
        "moving.hand_over": version | {"to": "team:API"},
        "moving.urgent": version | {"reason": "Leaves at 15:00."},
        "moving.undo": {"change_id": "1"},
        "correcting.save": version | {"first_name": "Guestine"},
    }  # fmt: skip
    return House(app, cast, arguments, dict.fromkeys(OF_ONE_TICKET, version) | sent)


def token_in(browser: FlaskClient) -> dict[str, str]:
    """Return the token that the forms of this browser carry."""
    return {"csrf_token": form_of(browser.get("/sign-out"), "/sign-out")["csrf_token"]}


def answer_of(answer: TestResponse) -> Answer:
    """Return the status, or that it leads to the sign-in page."""
    to_sign_in = answer.status_code == 303 and answer.location.startswith("/sign-in?next=")
    return TO_SIGN_IN if to_sign_in else answer.status_code


def test_no_address_is_missing_from_the_table(app: Flask) -> None:
    known = {
        (rule.endpoint, method) for rule in app.url_map.iter_rules() for method in (rule.methods or set())
    }  # fmt: skip
    assert {row for row in known if row[1] not in {"HEAD", "OPTIONS"}} == set(TABLE)


def test_every_address_of_an_event_decides_who_may_open_it(app: Flask) -> None:
    of_events = [rule.endpoint for rule in app.url_map.iter_rules() if "event_slug" in rule.arguments]
    assert [endpoint for endpoint in of_events if not hasattr(app.view_functions[endpoint], "allows")] == []


@pytest.mark.parametrize("who", WHO)
@pytest.mark.slow
def test_everybody_opens_what_the_table_says_and_a_refusal_changes_and_tells_nothing(house: House, who: str) -> None:
    wrong = []
    for (endpoint, method), answers in TABLE.items():
        browser = house.browser(who)
        sent = house.sent[endpoint] | token_in(browser) if method == "POST" else None
        refused = answers[who] in {403, TO_SIGN_IN}
        before = house.everything() if refused else {}
        answer = house.ask(browser, endpoint, method, data=sent)
        if answer_of(answer) != answers[who]:
            wrong.append(f"{method} {endpoint}: {answer_of(answer)}, the table says {answers[who]}")
        if refused and house.everything() != before:
            wrong.append(f"{method} {endpoint}: refused, and yet something changed")
        # The ticket's page offers a volunteer no button, and refuses in the rules: it may say whose ticket it is.
        if refused and not endpoint.startswith(TICKETS) and ("Guest" in answer.text or "Carla" in answer.text):
            wrong.append(f"{method} {endpoint}: refused, and yet told a name")
    assert wrong == []


@pytest.mark.slow
def test_no_post_does_anything_without_its_token(house: House) -> None:
    wrong = []
    for endpoint in POSTS:
        who = next(who for who in ("olga", "emil", "nobody") if TABLE[endpoint, "POST"][who] not in {403, TO_SIGN_IN})
        other = token_in(house.browser("vera"))
        for token in ({}, other, {"csrf_token": ""}, {"csrf_token": "made up"}):
            browser = house.browser(who)
            before = house.everything()
            answer = house.ask(browser, endpoint, "POST", data=house.sent[endpoint] | token)
            if answer.status_code < 400 or house.everything() != before:
                wrong.append(f"{endpoint} with {token or 'no token'}: {answer.status_code}")
    assert wrong == []


@pytest.mark.slow
def test_a_signed_out_request_of_htmx_is_sent_to_sign_in_as_a_whole_page(house: House) -> None:
    wrong = []
    for endpoint, method in OF_STAFF:
        browser = house.browser("nobody")
        sent = house.sent[endpoint] | token_in(browser) if method == "POST" else None
        answer = house.ask(browser, endpoint, method, data=sent, headers=HTMX)
        redirect = answer.headers.get("HX-Redirect", "")
        if answer.status_code != 401 or not redirect.startswith("/sign-in?next=") or answer.text:
            wrong.append(f"{method} {endpoint}: {answer.status_code} {redirect} {answer.text[:40]}")
    assert wrong == []


@pytest.mark.slow
def test_an_organiser_finds_nothing_of_another_event_below_their_own_address(house: House) -> None:
    wrong = []
    for endpoint, method in TABLE:
        if not endpoint.startswith(TICKETS) or endpoint == "tickets.index":
            continue
        browser = house.browser("stranger")
        sent = house.sent[endpoint] | token_in(browser) if method == "POST" else None
        before = house.everything()
        answer = browser.open(house.address(endpoint, event_slug="demo-elsewhere"), method=method, data=sent)
        if answer.status_code != 404 or house.everything() != before:
            wrong.append(f"{method} {endpoint}: {answer.status_code}")
    lists = [
        house.browser("stranger").get(f"/demo-elsewhere/{page}") for page in ("tickets", "desk", "outbox", "board")
    ]
    assert wrong == []
    assert [page.request.path for page in lists if "Guest" in page.text or "STQ" in page.text] == []
