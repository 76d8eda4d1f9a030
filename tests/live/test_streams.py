"""Pages that are pushed to, over real sockets (docs/specification.md, 6.2; docs/architecture.md, The live board)."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import psycopg
import pytest
from flask import Flask

from checkin.config import ROOT, Settings
from checkin.live import live
from checkin.live.feed import LISTENER_NAME
from checkin.models import StatusCode
from checkin.queueing.notes import add_note
from tests.cast import Cast, checked_in, moved, queue_of, session_cookie, taken
from tests.support.postgres import plain_address
from tests.support.server import running_server
from tests.support.streams import ask, watching

BOARD = "/demo/board/events"
pytestmark = pytest.mark.slow


@pytest.fixture
def server(settings: Settings, cast: Cast) -> Iterator[str]:
    """Yield the address of a server on the cast's database, in a process of its own."""
    with running_server(settings) as address:
        yield address


def test_a_board_is_told_at_once_and_within_a_second_of_each_commit(server: str, cast: Cast) -> None:
    first = checked_in(cast)
    with watching(server, BOARD) as board:
        assert first in board.hear().data
        for product in ("360", "API"):
            key = checked_in(cast, product, email=f"{product}@example.org", phone=None)
            committed = time.monotonic()
            assert board.hear(containing=key).at - committed < 1


def test_a_board_in_the_process_that_commits_is_told_once(here: str, cast: Cast) -> None:
    with watching(here, BOARD) as board:
        board.hear()
        key = checked_in(cast)
        assert key in board.hear(within=1).data
        assert board.hears_nothing(for_seconds=0.8)


def test_many_who_watch_cost_no_more_than_one(here: str, app: Flask, cast: Cast) -> None:
    checked_in(cast)
    with ExitStack() as pages:
        boards = [pages.enter_context(watching(here, BOARD)) for _ in range(8)]
        for board in boards:
            board.hear()
        before = live(app).boards.renderings
        taken(cast)
        told = {board.hear(containing="Emil", within=1).data for board in boards}
        assert len(told) == 1
        assert live(app).boards.renderings == before + 1


def test_who_watched_before_the_board_asked_for_its_link_is_let_go(here: str, cast: Cast) -> None:
    with watching(here, BOARD) as board:
        board.hear()
        cast.set(board_link="hall-7-north")
        key = checked_in(cast)
        assert board.ends(within=5)
        assert board.hears_nothing(for_seconds=0.01)
    with watching(here, f"{BOARD}?link=hall-7-north") as board:
        board.hear(containing=key)
        taken(cast)
        board.hear(containing="Emil")


def test_the_stream_says_how_it_wants_to_be_treated(here: str) -> None:
    with watching(here, BOARD) as board:
        board.hear()
        assert board.headers["Content-Type"].startswith("text/event-stream")
        assert board.headers["X-Accel-Buffering"] == "no"
        assert board.headers["Cache-Control"] == "no-store"
        assert board.retry is not None
        assert 1000 <= board.retry <= 4000


def test_the_heart_beats_where_the_page_can_hear_it_with_the_servers_time(here: str) -> None:
    with watching(here, BOARD) as board:
        beats = [board.hear("beat").data for _ in range(3)]
    assert beats == sorted(beats)
    assert all(beat.endswith("+00:00") for beat in beats)


def test_a_change_that_nobody_would_see_is_not_pushed(here: str, cast: Cast) -> None:
    key = checked_in(cast)
    with watching(here, BOARD) as board:
        board.hear()
        with cast.writing() as session:
            add_note(session, key, event_id=cast.event_id, by=cast.vera.id, words="likes tea")
        assert board.hears_nothing(for_seconds=0.8)


def test_a_change_made_on_the_command_line_is_on_the_board_within_a_second(
    server: str, settings: Settings, cast: Cast
) -> None:
    checked_in(cast)
    with watching(server, BOARD) as board:
        assert "Carla J." in board.hear().data
        environment = os.environ | {
            "DATABASE_URL": settings.database_url, "SECRET_KEY": settings.secret_key,
            "INSTANCE_FOLDER": str(settings.instance_folder),
        }  # fmt: skip
        command = [sys.executable, "-m", "flask", "--app", "app", "event", "set", "demo", "board_names=full"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
        board.hear(containing="Carla Jones", within=1)


@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
@pytest.mark.postgres
def test_a_board_catches_up_after_the_line_to_the_database_was_cut(server: str, settings: Settings, cast: Cast) -> None:
    with watching(server, BOARD) as board:
        board.hear()
        cut_the_line(settings)
        key = checked_in(cast)
        board.hear(containing=key, within=3)
        cut_the_line(settings)
        late = checked_in(cast, "API", email="late@example.org", phone=None)
        board.hear(containing=late, within=3)


def cut_the_line(settings: Settings) -> None:
    with psycopg.connect(plain_address(settings.database_url), autocommit=True) as connection:
        line = "FROM pg_stat_activity WHERE application_name = %s AND datname = current_database()"
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            cut = connection.execute(f"SELECT pg_terminate_backend(pid) {line}", [LISTENER_NAME]).fetchall()
            if cut:
                return
            time.sleep(0.02)
        raise AssertionError("nobody listens")


def test_staff_pages_hear_only_that_something_changed(here: str, app: Flask, cast: Cast) -> None:
    cookie = session_cookie(app, cast.emil)
    with watching(here, "/demo/desk/events", cookie=cookie) as desk:
        assert desk.hear("changed").data == ""
        checked_in(cast)
        assert desk.hear("changed", within=1).data == ""


def test_the_stream_of_the_desk_is_for_staff_only(here: str, app: Flask, cast: Cast) -> None:
    assert ask(here, "/demo/desk/events")[0] == 303
    stranger = session_cookie(app, cast.oskar)
    assert ask(here, "/demo/desk/events", {"Cookie": f"checkin={stranger}"})[0] == 403


def test_a_customer_hears_of_their_own_place_and_of_nothing_else(here: str, cast: Cast) -> None:
    first, second = queue_of(cast, 2)
    token = cast.ticket(second).token
    with watching(here, f"/t/{token}/events") as phone:
        phone.hear("changed")
        queue_of(cast, 1)
        queue_of(cast, 1, "API")
        assert phone.hears_nothing("changed", for_seconds=0.8)
        assert taken(cast) == first
        phone.hear("changed", within=1)
        moved(cast, first, StatusCode.RESOLVED)
        assert phone.hears_nothing("changed", for_seconds=0.8)
        assert taken(cast) == second
        phone.hear("changed", within=1)


def test_an_unknown_token_has_no_stream(here: str) -> None:
    assert ask(here, "/t/nobody-knows-this-token/events")[0] == 404


def test_beyond_the_cap_a_page_is_sent_to_poll_and_a_seat_that_is_free_again_is_given(here: str) -> None:
    with ExitStack() as seats:
        boards = [seats.enter_context(watching(here, BOARD)) for _ in range(8)]
        for board in boards:
            board.hear()
        status, headers, _ = ask(here, BOARD)
        assert status == 503
        assert 20 <= int(headers["Retry-After"]) <= 40
        assert ask(here, "/demo/board", {"HX-Request": "true"})[0] == 200
    deadline = time.monotonic() + 5
    while ask(here, BOARD)[0] != 200:
        assert time.monotonic() < deadline, "no seat became free"


def test_one_customer_cannot_take_all_seats(here: str, cast: Cast) -> None:
    token = cast.ticket(checked_in(cast)).token
    with ExitStack() as phones:
        for _ in range(5):
            phones.enter_context(watching(here, f"/t/{token}/events")).hear("changed")
        assert ask(here, f"/t/{token}/events")[0] == 503
        assert ask(here, BOARD)[0] == 200


def test_asking_for_the_headers_only_takes_no_seat(here: str) -> None:
    parts = urlsplit(here)
    for _ in range(20):
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=5)
        connection.request("HEAD", BOARD)
        with closing(connection), closing(connection.getresponse()) as response:
            assert response.status == 200


def test_a_server_that_is_told_to_go_ends_all_streams_at_once(settings: Settings, cast: Cast) -> None:
    checked_in(cast)
    with ExitStack() as open_pages:
        with running_server(settings) as address:
            boards = [open_pages.enter_context(watching(address, BOARD)) for _ in range(5)]
            for board in boards:
                board.hear()
            going = time.monotonic()
        # The server's own patience with open streams is 5 seconds here.
        for board in boards:
            assert board.hear("bye").at - going < 2
            assert board.ends(within=1)
