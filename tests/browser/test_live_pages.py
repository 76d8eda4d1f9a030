"""Pages that nobody touches: they follow, say when they cannot, and catch up by themselves."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from checkin.config import ROOT, Settings
from checkin.db import announce
from checkin.models import Event
from tests.browser.venue import PHONE, TABLET, TV, Venue
from tests.cast import Cast, checked_in, queue_of, taken
from tests.support.line import Line, line_to
from tests.support.server import free_port
from tests.support.waiting import until

pytestmark = pytest.mark.browser


@pytest.fixture
def line(venue: Venue) -> Iterator[Line]:
    """Yield a line to the venue's server that can break."""
    with line_to(venue.address) as line:
        yield line


def is_live(page: Page) -> None:
    """Expect the line at the foot to say that the page is up to date."""
    expect(page.locator("#live-state")).to_have_attribute("data-state", "live")


def test_a_board_follows_without_being_touched_and_keeps_its_rows_in_place(venue: Venue) -> None:
    first, second = queue_of(venue.cast, 2)
    board = venue.open(f"/{venue.cast.slug}/board?tv=1", TV)
    expect(board.locator("tbody tr")).to_have_count(2)
    board.evaluate("document.querySelector('tbody tr:last-child').marked = true")
    taken(venue.cast, desk="7")
    expect(board.locator("tbody tr").first).to_contain_text(first)
    expect(board.locator("tbody tr").first).to_contain_text("Desk 7")
    # The same element moved up: nothing was built anew under somebody's eyes.
    assert board.evaluate("document.querySelector('tbody tr:first-child').marked") is True
    expect(board.locator("tbody tr").nth(1)).to_contain_text(second)
    is_live(board)


def test_an_open_board_takes_the_events_new_name_and_time_zone(venue: Venue) -> None:
    checked_in(venue.cast)
    board = venue.open(f"/{venue.cast.slug}/board?tv=1", TV)
    with venue.cast.writing() as session:
        event = session.get_one(Event, venue.cast.event_id)
        event.name, event.time_zone = "Autumn <b>days", "Asia/Kathmandu"
        announce(session, event.id)
    expect(board.locator(".board-head h1")).to_have_text("Autumn <b>days")
    expect(board.locator("[data-clock]")).to_have_attribute("data-clock", "Asia/Kathmandu")


def test_a_long_name_does_not_squeeze_where_to_go(venue: Venue) -> None:
    checked_in(venue.cast, first_name="A" * 100)
    board = venue.open(f"/{venue.cast.slug}/board", TABLET)
    assert board.locator(".board__expert .state").evaluate("e => e.getBoundingClientRect().width") > 120


def test_a_board_whose_line_is_cut_says_so_and_catches_up_when_it_is_mended(venue: Venue, line: Line) -> None:
    board = venue.open(f"/{venue.cast.slug}/board", TV, address=line.address)
    board.clock.install()
    board.reload()
    is_live(board)
    line.cut()
    board.clock.run_for(30_000)
    expect(board.locator("#live-state")).to_have_attribute("data-state", "updating")
    board.clock.run_for(40_000)
    expect(board.locator("#live-state")).to_have_attribute("data-state", "stale")
    expect(board.locator("#live-state")).to_contain_text("Not up to date")
    key = checked_in(venue.cast)
    line.mend()
    board.clock.run_for(20_000)
    expect(board.locator("tbody")).to_contain_text(key)
    is_live(board)


def test_a_board_that_gets_no_stream_asks_again_and_again(venue: Venue) -> None:
    board = venue.open(f"/{venue.cast.slug}/board", TV)
    board.route("**/board/events", lambda route: route.fulfill(status=503, headers={"Retry-After": "30"}, body=""))
    board.reload()
    key = checked_in(venue.cast)
    expect(board.locator("tbody")).to_contain_text(key)
    taken(venue.cast, desk="12")
    expect(board.locator("tbody")).to_contain_text("Desk 12")
    is_live(board)


def test_a_phone_that_lost_its_line_catches_up(venue: Venue, line: Line) -> None:
    key = checked_in(venue.cast)
    token = venue.cast.ticket(key).token
    phone = venue.open(f"/t/{token}", PHONE, address=line.address)
    expect(phone.get_by_role("heading")).to_contain_text("next")
    line.cut()
    taken(venue.cast, desk="7")
    line.mend()
    expect(phone.get_by_role("heading")).to_contain_text("is ready for you", timeout=30_000)


def test_a_network_that_answers_with_its_own_page_does_not_replace_the_board(venue: Venue) -> None:
    key = checked_in(venue.cast)
    board = venue.open(f"/{venue.cast.slug}/board", TV)
    address = board.url
    portal = "<html><body>Please accept our conditions</body></html>"
    board.route("**/board/events", lambda route: route.abort("connectionrefused"))
    board.reload()
    board.route(address, lambda route: route.fulfill(status=200, content_type="text/html", body=portal))
    with board.expect_response(address):
        pass
    with board.expect_response(address):
        pass
    expect(board.locator("tbody")).to_contain_text(key)
    expect(board.locator("body")).not_to_contain_text("conditions")


class Desk:
    """A server that can be killed and started again at the same address, as `make run` starts it."""

    def __init__(self, settings: Settings) -> None:
        self.port = free_port()
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        given = {
            "DATABASE_URL": self._settings.database_url, "SECRET_KEY": self._settings.secret_key,
            "INSTANCE_FOLDER": str(self._settings.instance_folder), "PORT": str(self.port), "WORKER_INSIDE": "false",
        }  # fmt: skip
        command = [
            sys.executable, "-m", "gunicorn", "app:create_app()", "--bind", f"127.0.0.1:{self.port}",
            "--worker-class", "gthread", "--threads", "32", "--no-control-socket", "--log-level", "warning",
        ]  # fmt: skip
        self._process = subprocess.Popen(command, cwd=ROOT, env=os.environ | given, start_new_session=True)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    """Yield a server that is not started yet."""
    folder = tmp_path / "instance"
    desk = Desk(Settings(database_url=database_url, secret_key="for tests only", instance_folder=folder))
    yield desk
    desk.kill()


def test_a_board_survives_the_death_of_its_server(desk: Desk, cast: Cast, browser: Browser) -> None:
    desk.start()
    page = browser.new_page(base_url=desk.address)
    until(lambda: answers(page))
    is_live(page)
    page.evaluate("window.neverReloaded = true")
    desk.kill()
    key = checked_in(cast)
    desk.start()
    expect(page.locator("tbody")).to_contain_text(key, timeout=60_000)
    late = checked_in(cast, "API", email="late@example.org", phone=None)
    expect(page.locator("tbody")).to_contain_text(late)
    is_live(page)
    assert page.evaluate("window.neverReloaded") is True
    page.context.close()


def answers(page: Page) -> bool:
    from playwright.sync_api import Error

    try:
        page.goto("/demo/board?tv=1")
    except Error:
        return False
    return True
