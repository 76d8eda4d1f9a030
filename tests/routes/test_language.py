"""Which language a page speaks, and that it speaks no other: the reader's, the customer's, the board's."""

import inspect
import io
import pkgutil
from importlib import import_module
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_wtf import FlaskForm
from werkzeug.test import TestResponse
from wtforms import DecimalField, HiddenField, IntegerField, RadioField, SelectField, SelectMultipleField
from wtforms.fields.datetime import DateTimeField
from wtforms.validators import Optional

from checkin import forms
from checkin.i18n import translate
from checkin.models import QueueState, Status, StatusCode
from checkin.routes.language import speak
from checkin.routes.rendering import ago, clock_time, duration, ordinal
from tests.cast import Cast, checked_in, moved, queue_of, resolved, sign_in, taken
from tests.routes.pages import HTMX, error_beside, form_of, post, words_of

IN_FRENCH = {"Accept-Language": "fr-FR,fr;q=0.9,en;q=0.8"}


def language_of(page: TestResponse) -> str:
    """Return what the page says that it speaks."""
    return page.text.split('<html lang="', 1)[1].split('"', 1)[0]


def french(sentence: str, **values: Any) -> str:
    """Return a sentence as a French page says it, its spaces as `words_of` writes them."""
    translated = translate(sentence, "fr")
    assert translated != sentence
    named = translated % values if "%(" in translated else translated.format(**values)
    return " ".join(named.split())


def choose(browser: FlaskClient, language: str, *, page: str = "/sign-in", **changes: Any) -> TestResponse:
    return post(browser, page, "/language", language=language, **changes)


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        ("fr", "fr"), ("fr-CA, en;q=0.5", "fr"), ("en-GB, fr;q=0.5", "en"), ("de, fr;q=0.3", "fr"), ("de", "en"),
        ("", "en"), ("fr;q=0", "en"), ("*", "en"), ("FR-fr", "fr"), ("\u00e9;;q=x,,", "en"),
    ],
)  # fmt: skip
def test_a_page_speaks_what_the_browser_asks_for(client: FlaskClient, cast: Cast, wanted: str, language: str) -> None:
    for path in ("/sign-in", "/demo/", "/nothing/here"):
        assert language_of(client.get(path, headers={"Accept-Language": wanted})) == language


def test_an_event_offers_its_own_languages_and_its_first_to_all_others(client: FlaskClient, cast: Cast) -> None:
    cast.set(languages="en")
    assert language_of(client.get("/demo/", headers=IN_FRENCH)) == "en"
    cast.set(languages="fr,en")
    assert language_of(client.get("/demo/")) == "fr"
    assert language_of(client.get("/demo/", headers={"Accept-Language": "en"})) == "en"


def test_what_was_chosen_on_the_device_goes_before_what_its_browser_asks_for(client: FlaskClient, cast: Cast) -> None:
    answer = choose(client, "fr", page="/demo/")
    assert (answer.status_code, answer.location) == (303, "/demo/")
    assert language_of(client.get("/demo/", headers={"Accept-Language": "en"})) == "fr"
    choose(client, "en", page="/demo/")
    assert language_of(client.get("/demo/", headers=IN_FRENCH)) == "en"


def test_the_choice_stays_when_somebody_signs_in_and_out_again(client: FlaskClient, cast: Cast) -> None:
    choose(client, "fr")
    post(client, "/sign-in", "/sign-in", email=cast.vera.email, password="a long walk by the sea")
    assert language_of(client.get("/demo/checkin")) == "fr"
    post(client, "/sign-out", "/sign-out")
    assert language_of(client.get("/sign-in")) == "fr"


def test_the_switch_leads_back_to_the_page_also_from_an_answer_to_a_form(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, cast.emil)
    assert form_of(client.get("/demo/tickets?q=ada"), "/language")["next"] == "/demo/tickets?q=ada"
    answer = post(client, "/demo/desk", "/demo/desk/number", desk="x" * 50)
    assert answer.status_code == 422
    assert form_of(answer, "/language")["next"] == "/demo/desk"


@pytest.mark.parametrize("elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "", "/\tx"])
def test_the_switch_never_leads_away(client: FlaskClient, cast: Cast, elsewhere: str) -> None:
    assert choose(client, "fr", next=elsewhere).location == "/"


@pytest.mark.parametrize("language", ["", "de", "../fr", "fr\0"])
def test_a_language_that_is_not_spoken_is_refused(client: FlaskClient, cast: Cast, language: str) -> None:
    assert choose(client, language).status_code == 400
    assert language_of(client.get("/sign-in")) == "en"


def test_a_session_with_an_unknown_language_speaks_another(client: FlaskClient, cast: Cast) -> None:
    with client.session_transaction() as session:
        session["language"] = "xx"
    assert language_of(client.get("/sign-in")) == "en"


def test_customers_read_the_language_of_their_ticket_whatever_the_browser_wants(
    app: Flask, client: FlaskClient, cast: Cast
) -> None:
    key = checked_in(cast, language="fr")
    resolved(cast)
    for path in (f"/t/{cast.ticket(key).token}", f"/feedback/{cast.survey(key).token}"):
        page = client.get(path, headers={"Accept-Language": "en"})
        assert language_of(page) == "fr"
        assert "Accept-Language" not in page.headers.getlist("Vary")
    survey = f"/feedback/{cast.survey(key).token}"
    empty = post(client, survey, survey)
    assert empty.status_code == 422
    assert french("Please answer at least one question.") in words_of(empty)
    english = checked_in(cast, email="b@example.org", phone=None, language="en")
    assert language_of(client.get(f"/t/{cast.ticket(english).token}", headers=IN_FRENCH)) == "en"


def test_a_link_that_leads_nowhere_answers_in_the_language_of_the_browser(client: FlaskClient, cast: Cast) -> None:
    page = client.get("/t/nobody", headers=IN_FRENCH)
    assert (page.status_code, language_of(page)) == (404, "fr")


def test_the_board_speaks_the_first_language_of_its_event_to_everybody(client: FlaskClient, cast: Cast) -> None:
    queue_of(cast, 2)
    assert language_of(client.get("/demo/board", headers=IN_FRENCH)) == "en"
    polled = client.get("/demo/board", headers=HTMX | IN_FRENCH)
    assert "Waiting" in words_of(polled)
    cast.set(languages="fr,en")
    page = client.get("/demo/board", headers={"Accept-Language": "en"})
    assert language_of(page) == "fr"
    assert "En attente" in words_of(page)
    again = client.get("/demo/board", headers=HTMX | {"If-None-Match": polled.headers["ETag"]})
    assert again.status_code == 200
    assert "En attente" in words_of(again)


def test_pages_say_to_caches_what_they_depend_on(client: FlaskClient, cast: Cast) -> None:
    told = ", ".join(client.get("/demo/").headers.getlist("Vary"))
    assert "Accept-Language" in told
    assert "Cookie" in told


@pytest.mark.parametrize(
    ("path", "status", "heading"),
    [
        ("/nothing/here", 404, "There is nothing here"), ("/demo/desk/number", 405, "That is not possible here"),
        ("/demo/outbox", 403, "This page is not for you"),
    ],
)  # fmt: skip
def test_failures_are_told_in_the_language_of_the_page(
    client: FlaskClient, cast: Cast, path: str, status: int, heading: str
) -> None:
    sign_in(client, cast.vera)
    page = client.get(path, headers=IN_FRENCH)
    assert page.status_code == status
    assert french(heading) in words_of(page)
    toast = client.get(path, headers=HTMX | IN_FRENCH).headers["HX-Trigger"]
    assert "Please" not in toast
    assert "The address" not in toast


def test_what_is_too_large_is_refused_in_the_language_of_the_page(client: FlaskClient, cast: Cast) -> None:
    page = client.post("/sign-in", data={"email": "x" * 2_000_000}, headers=IN_FRENCH)
    assert page.status_code == 413
    assert french("That was too much") in words_of(page)


def test_what_is_too_large_is_read_all_the_same_so_that_its_answer_arrives(client: FlaskClient) -> None:
    typed = io.BytesIO(b"x" * 2_000_000)
    page = client.post("/sign-in", input_stream=typed, content_length=2_000_000)
    assert page.status_code == 413
    assert typed.read() == b""


def test_a_refusal_is_told_in_the_language_of_the_page(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, cast.emil)
    fields = form_of(client.get("/demo/desk"), "/demo/desk/STQ/take")
    answer = client.post("/demo/desk/STQ/take", data=fields, headers=IN_FRENCH)
    assert french("Nobody is waiting for {team}. Well done.", team="Stats iQ") in words_of(answer)
    queue_of(cast, 1)
    cast.set_queue("STQ", QueueState.PAUSED)
    answer = client.post("/demo/desk/STQ/take", data=fields, headers=IN_FRENCH)
    sentence = "The queue of {team} is paused. Nothing can be taken until its lead opens it again."
    assert french(sentence, team="Stats iQ") in words_of(answer)


def test_errors_at_the_kiosk_are_told_in_the_language_of_the_page(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, cast.vera)
    fields = form_of(client.get("/demo/checkin"), "/demo/checkin")
    typed = {"first_name": "", "email": "carla@", "phone": "12", "last_name": "x" * 101}
    answer = client.post("/demo/checkin", data=fields | typed, headers=IN_FRENCH)
    assert answer.status_code == 422
    assert error_beside(answer, "first_name") == french("Please fill in the first name.")
    assert error_beside(answer, "email") == french("This does not look like an email address.")
    assert error_beside(answer, "phone") == french(
        "This cannot be a phone number. Like %(hint)s, or with + and the country.", hint="1-XXX-XXX-XXXX"
    )
    assert error_beside(answer, "last_name") == french("At most %(max)d characters, please.", max=100)
    assert error_beside(answer, "product") == french("Please choose what they need help with.")


def form_classes() -> list[type[FlaskForm]]:
    """Return every form of checkin.forms."""
    modules = [import_module(f"checkin.forms.{one.name}") for one in pkgutil.iter_modules(forms.__path__)]
    found = {thing for module in modules for thing in vars(module).values() if inspect.isclass(thing)}
    return sorted((one for one in found if issubclass(one, FlaskForm) and one is not FlaskForm), key=str)


@pytest.mark.parametrize("form", form_classes(), ids=lambda form: form.__name__)
def test_no_sentence_of_a_library_reaches_people_through_a_form(form: type[FlaskForm]) -> None:
    wrong = []
    for name, unbound in inspect.getmembers(form, lambda member: hasattr(member, "field_class")):
        kind, given = unbound.field_class, unbound.kwargs
        if issubclass(kind, HiddenField):
            continue  # what is wrong with a button's value stands beside nothing
        if issubclass(kind, RadioField | SelectField | SelectMultipleField) and given.get("validate_choice", True):
            wrong.append(f"{name}: a choice that is none would be told in English")
        spoken: Any = (IntegerField, DecimalField, DateTimeField)
        if issubclass(kind, spoken) and kind.process_formdata.__module__.startswith("wtforms"):
            wrong.append(f"{name}: what is no number would be told in English")
        silent = [one for one in given.get("validators", ()) if getattr(one, "message", "ours") in {None, ""}]
        wrong += [f"{name}: {type(one).__name__} has no sentence" for one in silent if not isinstance(one, Optional)]
    assert wrong == []


def test_times_and_places_are_written_as_french_readers_know_them(app: Flask, cast: Cast) -> None:
    from datetime import UTC, datetime, timedelta

    import time_machine

    now = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)
    with app.test_request_context(), time_machine.travel(now, tick=False):
        speak("fr")
        assert [ordinal(place) for place in (1, 2, 3, 21, 101)] == ["1re", "2e", "3e", "21e", "101e"]
        assert clock_time(now - timedelta(days=30)) == "2 févr. 15:30"
        assert duration(timedelta(minutes=75)) == "1 h 15 min"
        assert duration(timedelta(seconds=3)) == french("less than a minute")
        assert ">il y a 2 min</time>" in ago(now - timedelta(minutes=2, seconds=5))
        assert ">il y a 1 jour</time>" in ago(now - timedelta(days=1))
        assert ">il y a 3 jours</time>" in ago(now - timedelta(days=3))
        speak("en")
        assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 21, 22, 103, 112)] == [
            "1st", "2nd", "3rd", "4th", "11th", "12th", "21st", "22nd", "103rd", "112th",
        ]  # fmt: skip


def test_a_taken_ticket_tells_its_customer_in_their_language(client: FlaskClient, cast: Cast) -> None:
    key = checked_in(cast, language="fr")
    taken(cast)
    words = words_of(client.get(f"/t/{cast.ticket(key).token}"))
    assert "Emil vous attend." in words
    assert "Table 7" in words


@pytest.mark.parametrize("how", [{}, {"htmx": True}])
def test_who_was_checked_in_reads_their_own_language_and_the_volunteer_theirs(
    client: FlaskClient, cast: Cast, how: dict[str, bool]
) -> None:
    sign_in(client, cast.vera)
    typed: dict[str, Any] = {"first_name": "Zoé", "last_name": "Roy", "email": "z@example.org", "phone": "+14155552672"}
    answer = post(
        client, "/demo/checkin", "/demo/checkin", product=cast.products["API"], language="fr", **typed, **how
    )  # fmt: skip
    page = client.get(answer.location) if answer.status_code == 303 else answer
    words = words_of(page)
    assert french("Welcome, %(name)s. Your number is", name="Zoé").replace("Zoé.", "Zoé .") in words
    assert "Next customer" in words
    assert '<main id="checkin" class="kiosk" tabindex="-1" lang="fr"' in page.text
    assert '<p class="done__next" lang="en">' in page.text
    assert "Welcome" not in words


def test_titles_and_statuses_nobody_renamed_speak_the_language_of_event_and_reader(
    client: FlaskClient, cast: Cast
) -> None:
    cast.set(languages="fr,en")
    key = checked_in(cast)
    assert cast.ticket(key).title == "Carla a besoin de votre aide pour Stats iQ"
    taken(cast)
    moved(cast, key, StatusCode.FOLLOW_UP)
    sign_in(client, cast.emil)
    page = f"/demo/tickets/{key}"
    assert "À suivre" in words_of(client.get(page, headers=IN_FRENCH))
    assert "Follow-up" in words_of(client.get(page, headers={"Accept-Language": "en"}))
    with cast.writing() as session:
        session.get_one(Status, cast.statuses["follow_up"]).name = "Call back"
    assert "Call back" in words_of(client.get(page, headers=IN_FRENCH))
    cast.set(title_format="{product}: {first_name}")
    assert cast.ticket(checked_in(cast, "API", email="b@example.org", phone=None)).title == "API: Carla"
