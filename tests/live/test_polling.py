"""The board for pages that have no stream: asked for again and again, and cheap (docs/specification.md, 6.2)."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from checkin.db import db
from checkin.live import live
from tests.cast import Cast, checked_in, taken

HTMX = {"HX-Request": "true"}


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """Collect what is asked of the database meanwhile."""
    asked: list[str] = []

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    with app.app_context():
        engines = set(db.engines.values())
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


def test_a_page_that_has_seen_this_board_gets_304_without_a_query(app: Flask, cast: Cast, client: FlaskClient) -> None:
    checked_in(cast)
    etag = client.get("/demo/board", headers=HTMX).headers["ETag"]
    with statements(app) as asked:
        answer = client.get("/demo/board", headers={**HTMX, "If-None-Match": etag})
    assert (answer.status_code, answer.get_data(), asked) == (304, b"", [])


def test_a_change_gives_the_board_another_version_at_once(cast: Cast, client: FlaskClient) -> None:
    checked_in(cast)
    etag = client.get("/demo/board", headers=HTMX).headers["ETag"]
    taken(cast)
    answer = client.get("/demo/board", headers={**HTMX, "If-None-Match": etag})
    assert answer.status_code == 200
    assert answer.headers["ETag"] != etag
    assert "Emil" in answer.get_data(as_text=True)


def test_a_change_that_nobody_sees_keeps_the_version(app: Flask, cast: Cast, client: FlaskClient) -> None:
    checked_in(cast)
    before = client.get("/demo/board", headers=HTMX).headers["ETag"]
    cast.set(tickets_in_hand=3)
    live(app).boards.mark(cast.event_id)
    assert client.get("/demo/board", headers=HTMX).headers["ETag"] == before


def test_many_who_poll_cost_one_rendering(app: Flask, cast: Cast, client: FlaskClient) -> None:
    checked_in(cast)
    client.get("/demo/board", headers=HTMX)
    before = live(app).boards.renderings
    bodies = {client.get("/demo/board", headers=HTMX).get_data() for _ in range(20)}
    assert len(bodies) == 1
    assert live(app).boards.renderings == before


def test_page_and_fragment_of_one_address_are_told_apart(cast: Cast, client: FlaskClient) -> None:
    page, fragment = client.get("/demo/board"), client.get("/demo/board", headers=HTMX)
    assert "<html" in page.get_data(as_text=True)
    assert "<html" not in fragment.get_data(as_text=True)
    for answer in (page, fragment):
        assert "HX-Request" in answer.headers["Vary"]


def test_nothing_held_is_shown_while_the_database_is_not_heard(app: Flask, cast: Cast, client: FlaskClient) -> None:
    checked_in(cast)
    client.get("/demo/board", headers=HTMX)
    assert live(app).held_board("demo") is not None
    live(app).feed.stop()
    assert live(app).held_board("demo") is None
    taken(cast)
    assert "Emil" in client.get("/demo/board", headers=HTMX).get_data(as_text=True)
