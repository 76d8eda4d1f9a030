"""A venue for each test in Chromium. One server, with its database and providers, serves all venues of a process."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.venue import Venue
from tests.cast import cast_of
from tests.support.databases import new_database
from tests.support.house import House, open_house

# Two processes of tests share two processors with servers and browsers.
expect.set_options(timeout=25_000)


@pytest.fixture(scope="session")
def houses(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., House]]:
    """Yield what returns the house on a kind of database, by a scheme; it is opened when it is first asked for."""
    known: dict[tuple[str, str], House] = {}
    with ExitStack() as ends:

        def house(kind: str, scheme: str = "http") -> House:
            if (kind, scheme) not in known:
                opened = open_house(new_database(request, kind), tmp_path_factory.mktemp("house"), scheme=scheme)
                known[kind, scheme] = ends.enter_context(opened)
            return known[kind, scheme]

        yield house


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
