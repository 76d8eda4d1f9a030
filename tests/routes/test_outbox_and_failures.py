"""The organiser's outbox, and what people see when the database cannot serve them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy.engine import make_url

from app import create_app
from checkin.alerts.leasing import NO_PROVIDER
from checkin.config import Settings
from checkin.i18n import translate
from checkin.models import Alert, AlertState
from tests.cast import Cast, checked_in, queue_of, sign_in, taken
from tests.routes.pages import HTMX, form_of, words_of
from tests.support.databases import close

SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


def test_the_outbox_shows_each_alert_and_what_became_of_it(client: FlaskClient, cast: Cast) -> None:
    key = checked_in(cast)
    taken(cast)
    sign_in(client, cast.olga)
    words = words_of(client.get("/demo/outbox"))
    assert key in words
    assert "Expert is ready" in words
    assert "queued" in words
    with cast.writing() as session:
        alert = session.get_one(Alert, cast.alerts(key)[0].id)
        alert.state, alert.reason = AlertState.NOT_SENT, "Not sent: no provider set."
        alert.body = "Emil is ready <b>for</b> you"
    page = client.get("/demo/outbox", query_string={"state": "not_sent"})
    assert "Emil is ready &lt;b&gt;for" in page.text
    assert "No provider set" in words_of(page)
    assert client.get("/demo/outbox", query_string={"state": "nonsense"}).status_code == 200


def test_why_an_alert_did_not_leave_is_told_in_the_language_of_the_page(client: FlaskClient, cast: Cast) -> None:
    key = checked_in(cast)
    taken(cast)
    with cast.writing() as session:
        alert = session.get_one(Alert, cast.alerts(key)[0].id)
        alert.state, alert.reason = AlertState.NOT_SENT, NO_PROVIDER
    sign_in(client, cast.olga)
    # Beside "not sent" only the rest of the sentence is said.
    in_english, in_french = (sentence.split(":")[1].strip() for sentence in (NO_PROVIDER, translate(NO_PROVIDER, "fr")))
    for page in ("/demo/outbox", f"/demo/tickets/{key}"):
        assert in_english in words_of(client.get(page)).lower()
        words = words_of(client.get(page, headers={"Accept-Language": "fr"})).lower()
        assert " ".join(in_french.split()) in words
        assert in_english not in words


def test_nobody_but_organisers_reads_the_outbox(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, cast.lena)
    assert client.get("/demo/outbox").status_code == 403


def test_unknown_addresses_and_methods_answer_with_a_page_of_ours(client: FlaskClient) -> None:
    missing = client.get("/nothing/here")
    assert missing.status_code == 404
    assert "<main" in missing.text
    assert client.get("/sign-out-of-everything").status_code == 404
    assert client.post("/healthz").status_code == 405
    fragment = client.get("/nothing/here", headers=HTMX)
    assert fragment.status_code == 404
    assert (fragment.text, fragment.headers["HX-Reswap"]) == ("", "none")


def test_something_unexpected_is_500_in_words(settings: Settings) -> None:
    def broken() -> str:
        raise RuntimeError

    app = create_app(settings)
    app.add_url_rule("/broken", view_func=broken)
    answer = app.test_client().get("/broken")
    close(app)
    assert answer.status_code == 500
    assert "our mistake" in words_of(answer)


def test_health_and_readiness(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"alive": True}
    assert client.get("/readyz").status_code == 200


def test_a_database_of_another_version_is_not_ready(client: FlaskClient, cast: Cast) -> None:
    with cast.writing() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = 'old'")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert "migrations" in answer.json


@contextmanager
def held_by_another(settings: Settings) -> Iterator[None]:
    """Hold SQLite's write lock as another process would."""
    database = make_url(settings.effective_database_url).database
    assert database
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


class TestWhileAnotherProcessHoldsTheLock:
    """SQLite's write lock is held elsewhere, and for longer than anybody waits."""

    @pytest.fixture
    def settings(self, database_url: str, tmp_path: Path) -> Settings:
        return Settings(
            database_url=database_url, secret_key="x", instance_folder=tmp_path / "instance", worker_inside=False,
            lock_seconds=0.2,
        )  # fmt: skip

    @pytest.fixture
    def locked(self, cast: Cast, settings: Settings) -> Iterator[None]:
        with held_by_another(settings):
            yield

    @SQLITE
    def test_the_form_comes_back_as_it_was_typed(self, client: FlaskClient, cast: Cast, locked: None) -> None:
        sign_in(client, cast.vera)
        fields = form_of(client.get("/demo/checkin"), "/demo/checkin") | {
            "first_name": "Carla", "last_name": "Jones", "email": "carla@example.org", "phone": "415 555 2671",
            "product": str(cast.products["API"]), "notes": "in a hurry",
        }  # fmt: skip
        for headers in ({}, HTMX):
            answer = client.post("/demo/checkin", data=fields, headers=headers)
            assert answer.status_code == 503
            assert answer.headers["Retry-After"]
            assert "try again" in words_of(answer) or "press the button again" in words_of(answer)
            again = form_of(answer, "/demo/checkin")
            assert (again["notes"], again["submission_id"]) == ("in a hurry", fields["submission_id"])

    @SQLITE
    def test_a_take_says_so_and_can_be_sent_again_as_it_is(self, client: FlaskClient, cast: Cast, locked: None) -> None:
        sign_in(client, cast.emil)
        fields = form_of(client.get("/demo/desk"), "/demo/desk/STQ/take")
        answer = client.post("/demo/desk/STQ/take", data=fields)
        assert answer.status_code == 503
        assert form_of(answer, "/demo/desk/STQ/take")["request_key"] == fields["request_key"]
        fragment = client.post("/demo/desk/STQ/take", data=fields, headers=HTMX)
        assert (fragment.status_code, fragment.headers["HX-Reswap"]) == (503, "none")

    @SQLITE
    def test_without_javascript_the_button_of_the_busy_page_is_enough(
        self, client: FlaskClient, cast: Cast, settings: Settings
    ) -> None:
        (key,) = queue_of(cast, 1)
        sign_in(client, cast.emil)
        fields = form_of(client.get("/demo/desk"), "/demo/desk/STQ/take")
        with held_by_another(settings):
            busy = client.post("/demo/desk/STQ/take", data=fields)
        answer = client.post("/demo/desk/STQ/take", data=form_of(busy, "/demo/desk/STQ/take"))
        assert (answer.status_code, answer.location) == (303, f"/demo/tickets/{key}")

    @SQLITE
    def test_pages_are_read_as_ever(self, client: FlaskClient, cast: Cast, locked: None) -> None:
        sign_in(client, cast.emil)
        for address in ("/demo/desk", "/demo/board", "/demo/tickets", "/readyz"):
            assert client.get(address).status_code == 200


class TestWithoutADatabase:
    """PostgreSQL cannot be reached."""

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        return Settings(
            database_url="postgresql://nobody@127.0.0.1:9/none", secret_key="x", instance_folder=tmp_path,
            worker_inside=False, lock_seconds=1,
        )  # fmt: skip

    @pytest.mark.parametrize("kept", [None, "1.0"])
    @pytest.mark.parametrize("address", ["/", "/demo/", "/demo/board", "/demo/desk", "/t/x", "/feedback/x"])
    def test_every_page_says_so_to_nobody_and_to_who_is_signed_in(
        self, client: FlaskClient, address: str, kept: str | None
    ) -> None:
        with client.session_transaction() as session:
            session["_user_id"] = kept
        answer = client.get(address)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
        assert "Nothing is lost" in words_of(answer)

    def test_it_is_alive_and_not_ready(self, client: FlaskClient) -> None:
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 503

    def test_what_was_typed_stays_in_the_page(self, client: FlaskClient) -> None:
        answer = client.post(
            "/demo/checkin", data={"first_name": "<Carla>", "notes": "in a hurry", "password": "secret"}
        )
        assert answer.status_code == 503
        assert form_of(answer, "/demo/checkin")["first_name"] == "<Carla>"
        assert "secret" not in answer.text


def test_headers_keep_the_browser_safe(client: FlaskClient, cast: Cast) -> None:
    queue_of(cast, 1)
    sign_in(client, cast.emil)
    headers = client.get("/demo/desk").headers
    assert "'unsafe" not in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
