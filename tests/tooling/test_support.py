"""What the tests stand on: a PostgreSQL server with fresh databases, a Chromium, and no silent skips."""

import psycopg
import pytest
from playwright.sync_api import Page

from tests.support.postgres import Postgres, plain_address

pytest_plugins = ["pytester"]
ALONE = ("-p", "tests.support.no_skips", "-p", "no:randomly", "-p", "no:playwright")


@pytest.mark.postgres
def test_each_test_gets_a_database_of_its_own(postgres: Postgres) -> None:
    with psycopg.connect(plain_address(postgres.new_database())) as first:
        first.execute("CREATE TABLE cards (name text)")
    with psycopg.connect(plain_address(postgres.new_database())) as second:
        assert second.execute("SELECT to_regclass('cards')").fetchone() == (None,)


@pytest.mark.postgres
def test_a_database_can_be_copied_with_its_rows(postgres: Postgres) -> None:
    original = plain_address(postgres.new_database())
    with psycopg.connect(original) as connection:
        connection.execute("CREATE TABLE cards AS SELECT 'Carla' AS name")
    copy = postgres.new_database(template=original.rsplit("/", 1)[1])
    with psycopg.connect(plain_address(copy)) as connection:
        assert connection.execute("SELECT name FROM cards").fetchall() == [("Carla",)]


@pytest.mark.postgres
def test_a_dropped_database_is_gone_even_while_somebody_is_connected(postgres: Postgres) -> None:
    address = postgres.new_database()
    with psycopg.connect(plain_address(address)):
        postgres.drop_database(address)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(plain_address(address))


@pytest.mark.postgres
def test_the_fixture_gives_an_empty_database(postgres_database: str) -> None:
    with psycopg.connect(plain_address(postgres_database)) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert tables == (0,)


@pytest.mark.browser
def test_chromium_starts_and_shows_a_page(page: Page) -> None:
    page.set_content("<h1>Ask the Experts</h1>")
    assert page.get_by_role("heading").inner_text() == "Ask the Experts"


def test_a_skipped_test_counts_as_failed(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import pytest
        def test_one(): pytest.skip("no browser here")
        def test_two(): pass
    """)
    result = pytester.runpytest_inprocess(*ALONE)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*no browser here*"])


def test_a_skipped_file_counts_as_failed(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import pytest
        pytest.skip("not on this machine", allow_module_level=True)
    """)
    result = pytester.runpytest_inprocess(*ALONE)
    result.assert_outcomes(errors=1)
