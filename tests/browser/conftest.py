"""A venue for each test in Chromium. One server, with its database and providers, serves all venues of a process."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

from checkin.config import Settings
from checkin.live import live
from tests.browser.venue import Venue
from tests.cast import cast_of
from tests.support import fake_twilio
from tests.support.databases import SECRET_KEY, close
from tests.support.fake_smtp import FakeSmtp, fake_smtp
from tests.support.fake_twilio import FakeTwilio
from tests.support.postgres import Postgres
from tests.support.serving import serving

# Two processes of tests share two processors with servers and browsers.
expect.set_options(timeout=15_000)


@dataclass(frozen=True)
class House:
    """A server with what stands behind it; `app` is the same app in the process of the tests, for what they write."""

    address: str
    app: Flask
    twilio: FakeTwilio
    smtp: FakeSmtp


@pytest.fixture(scope="session")
def houses(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., House]]:
    """Yield what returns the house on a kind of database, by a scheme; it is opened when it is first asked for."""
    known: dict[tuple[str, str], House] = {}
    with ExitStack() as ends:

        def house(kind: str, scheme: str = "http") -> House:
            if (kind, scheme) not in known:
                database_url = _database(request, kind, tmp_path_factory.mktemp("database"))
                known[kind, scheme] = ends.enter_context(_House(database_url, tmp_path_factory.mktemp("house"), scheme))
            return known[kind, scheme]

        yield house


def _database(request: pytest.FixtureRequest, kind: str, folder: Path) -> str:
    if kind == "sqlite":
        copyfile(request.getfixturevalue("sqlite_template"), folder / "checkin.sqlite3")
        return f"sqlite:///{folder / 'checkin.sqlite3'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.new_database(template=request.getfixturevalue("postgres_template"))


class _House(ExitStack):
    """Opens a house, and closes all of it."""

    def __init__(self, database_url: str, folder: Path, scheme: str) -> None:
        super().__init__()
        self._database_url = database_url
        self._folder = folder
        self._scheme = scheme

    def __enter__(self) -> House:  # type: ignore[override]
        from app import create_app

        super().__enter__()
        twilio = self.enter_context(FakeTwilio())
        smtp = self.enter_context(fake_smtp())
        settings = Settings(
            database_url=self._database_url, secret_key=SECRET_KEY, instance_folder=self._folder,
            outbox_poll_seconds=0.2, lock_seconds=1.0, twilio_account_sid=fake_twilio.ACCOUNT_SID,
            twilio_auth_token=fake_twilio.AUTH_TOKEN, twilio_from="+15005550006",
            twilio_api_base_url=twilio.api_base_url, smtp_url=smtp.url(), mail_from="desk@example.org",
        )  # fmt: skip
        address = self.enter_context(serving(settings, scheme=self._scheme))
        here = settings.model_copy(update={"public_url": address, "worker_inside": False})
        app = create_app(here)
        self.callback(close, app)
        self.callback(live(app).stop)
        return House(address, app, twilio, smtp)


@pytest.fixture(params=["sqlite"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Return "sqlite": pages look the same on both. A journey that says something about PostgreSQL asks for both."""
    kind: str = request.param
    return kind


@pytest.fixture
def venue(database_kind: str, houses: Callable[..., House], browser: Browser) -> Iterator[Venue]:
    """Yield an event of its own with its people; afterwards no page may have complained on its console."""
    yield from _venue(houses(database_kind), browser)


@pytest.fixture
def venue_by_https(houses: Callable[..., House], browser: Browser) -> Iterator[Venue]:
    """Yield a venue whose pages come by https."""
    yield from _venue(houses("sqlite", "https"), browser)


_numbers = iter(range(1, 1000))


def _venue(house: House, browser: Browser) -> Iterator[Venue]:
    number = next(_numbers)
    cast = cast_of(house.app, slug=f"x{number}", feedback_delay_minutes=0)
    venue = Venue(cast, house.address, house.twilio, house.smtp, browser, number)
    yield venue
    for context in tuple(browser.contexts):
        context.close()
    assert not venue.complaints, "\n".join(venue.complaints)
