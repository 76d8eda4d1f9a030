"""`doctor` says what is wrong, and what to do about it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import delete, text

from checkin.cli.checks import Asking, check_folder, check_python, check_sqlite, has_wal_reset_bug, look
from checkin.cli.findings import Finding, Level
from checkin.config import ROOT, Settings
from checkin.models import PersonRole, Product, Status
from checkin.server_marks import mark_server, servers_running
from tests.cast import Cast
from tests.support.databases import close

pytestmark = pytest.mark.slow

MAIL = {"smtp_url": "smtp://127.0.0.1:2525", "mail_from": "desk@example.org"}
TWILIO = {"twilio_account_sid": "AC0", "twilio_auth_token": "secret", "twilio_from": "+14155550100"}


def findings(settings: Settings, **changes: Any) -> list[Finding]:
    from app import create_app

    changed = settings.model_copy(update=changes)
    app = create_app(changed)
    with app.app_context():
        found = list(look(changed, asking=Asking.NOBODY))
    close(app)
    return found


def said(found: list[Finding], level: Level) -> str:
    return "\n".join(finding.sentence for finding in found if finding.level is level)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Return settings that nothing is wrong with."""
    folder = tmp_path / "instance"
    folder.mkdir()
    return Settings(database_url=database_url, secret_key="x" * 32, instance_folder=folder, worker_inside=False)


@pytest.fixture
def told(app: Flask) -> Callable[[], Result]:
    """Return what runs `flask --app app doctor`."""
    return lambda: app.test_cli_runner().invoke(args=["doctor"])


def test_a_new_installation_has_warnings_only(told: Callable[[], Result]) -> None:
    result = told()
    assert result.exit_code == 0
    assert "No provider for texts is set" in result.output
    assert "There is no event yet" in result.output
    assert "its tables are those of this version" in result.output
    assert "WRONG" not in result.output


def test_an_event_that_is_complete_is_said_to_be(told: Callable[[], Result], cast: Cast) -> None:
    assert "demo: products, teams, statuses and people are complete." in told().output


def test_what_keeps_an_event_from_working_is_said(told: Callable[[], Result], cast: Cast) -> None:
    with cast.writing() as session:
        session.get_one(Product, cast.products["API"]).team_id = None
        session.execute(delete(PersonRole))
        session.execute(text("DELETE FROM team_members"))
    output = told().output
    assert "demo: API has no team" in output
    assert "demo: no experts in STQ, T60" in output
    assert "demo: no organiser" in output
    assert "demo: nobody can check customers in" in output
    assert "demo-elsewhere: no products" in output


def test_a_status_that_is_missing_is_wrong(told: Callable[[], Result], cast: Cast) -> None:
    with cast.writing() as session:
        session.execute(delete(Status).where(Status.id == cast.statuses["escalated"]))
    result = told()
    assert result.exit_code == 1
    assert "demo: the statuses escalated are missing" in result.output


def test_tables_of_another_version_are_wrong(told: Callable[[], Result], cast: Cast) -> None:
    with cast.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    result = told()
    assert result.exit_code == 1
    assert "flask --app app db upgrade" in result.output


def test_a_database_without_tables_is_wrong(settings: Settings, cast: Cast) -> None:
    with cast.writing() as session:
        session.execute(text("DROP TABLE alembic_version"))
    assert "The tables are at nothing" in said(findings(settings), Level.WRONG)


def test_a_database_that_is_gone_is_wrong(settings: Settings) -> None:
    gone = "postgresql+psycopg://nobody@127.0.0.1:1/gone"
    assert "The database does not answer" in said(findings(settings, database_url=gone), Level.WRONG)


def test_providers_that_are_set_are_said(settings: Settings) -> None:
    well = said(findings(settings, **MAIL, **TWILIO), Level.WELL)
    assert "Twilio is set for texts." in well
    assert "A mail server is set for emails from desk@example.org." in well


def test_providers_that_are_set_by_half_are_wrong(settings: Settings) -> None:
    found = findings(settings, twilio_account_sid="AC0", mail_from="desk@example.org")
    assert "TWILIO_AUTH_TOKEN, TWILIO_MESSAGING_SERVICE_SID or TWILIO_FROM is missing" in said(found, Level.WRONG)
    assert "Email is set only by half" in said(found, Level.WRONG)
    found = findings(settings, **(MAIL | {"smtp_url": "imap://example.org"}))
    assert "SMTP_URL cannot be used" in said(found, Level.WRONG)
    only_sender = said(findings(settings, twilio_from="+14155550100"), Level.WRONG)
    assert "by half: TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN is missing" in only_sender


def test_settings_are_read_from_the_file_that_the_page_tells_to_write(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SMTP_URL='smtps://desk:p%40ss@mail.example.org'\nMAIL_FROM=desk@example.org\n")
    command = [sys.executable, "-m", "flask", "--app", str(ROOT / "app.py"), "doctor", "--offline"]
    place = {"PATH": os.defpath, "INSTANCE_FOLDER": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=place, capture_output=True, text=True, check=False)
    assert "A mail server is set for emails from desk@example.org." in done.stdout, done.stderr


@pytest.mark.parametrize("secret", ["p/word", "p#word"])
def test_a_password_that_is_not_percent_encoded_is_named_as_what_may_be_wrong(settings: Settings, secret: str) -> None:
    wrong = said(findings(settings, **(MAIL | {"smtp_url": f"smtps://desk:{secret}@mail.example.org"})), Level.WRONG)
    assert "not percent-encoded: / is %2F" in wrong
    assert secret not in wrong


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"host": "0.0.0.0"}, "PUBLIC_URL is not set"),
        ({"public_url": "http://desk.example.org"}, "in the clear"),
        ({"public_url": "https://desk.example.org"}, "TRUSTED_PROXIES"),
    ],
)
def test_addresses_that_will_disappoint_are_said(settings: Settings, changes: dict[str, Any], words: str) -> None:
    assert words in said(findings(settings, **changes), Level.WARNING)


def test_a_short_key_is_wrong(settings: Settings) -> None:
    assert "SECRET_KEY" in said(findings(settings, secret_key="short"), Level.WRONG)
    assert "SECRET_KEY" not in said(findings(settings, secret_key="x" * 32), Level.WRONG)


def test_an_old_python_is_wrong() -> None:
    assert check_python((3, 10, 9)).level is Level.WRONG
    assert check_python((3, 11, 0)).level is Level.WELL


def test_the_sqlites_with_the_bug_are_known() -> None:
    bad = [(3, 7, 0), (3, 40, 1), (3, 44, 5), (3, 45, 0), (3, 50, 6), (3, 51, 0), (3, 51, 2)]
    good = [(3, 6, 23), (3, 44, 6), (3, 50, 7), (3, 51, 3), (3, 54, 1)]
    assert [version for version in bad + good if has_wal_reset_bug(version)] == bad


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_good_sqlite_is_said(settings: Settings) -> None:
    assert [finding.level for finding in check_sqlite(settings, (3, 51, 3))] == [Level.WELL]
    assert [finding.level for finding in check_sqlite(settings, (3, 40, 1))] == [Level.WARNING]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_two_servers_on_one_sqlite_file_are_wrong(settings: Settings) -> None:
    program = (
        "import sys; from checkin.config import Settings; from checkin.server_marks import mark_server\n"
        "with mark_server(Settings(database_url=sys.argv[1])): print('serving', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, settings.database_url]
    with (
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other,
        mark_server(settings),
    ):
        assert other.stdout is not None
        other.stdout.readline()
        assert len(servers_running(settings)) == 2
        assert "2 server processes run on one SQLite file" in said(findings(settings), Level.WRONG)
        other.kill()
        other.wait()
        assert len(servers_running(settings)) == 1
        assert said(findings(settings), Level.WRONG) == ""
    assert servers_running(settings) == []


@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
def test_any_number_of_servers_may_share_postgresql(settings: Settings) -> None:
    with mark_server(settings):
        assert servers_running(settings) == []
    assert "SQLite" not in said(findings(settings), Level.WARNING)


def test_data_that_cannot_be_written_is_wrong(settings: Settings, tmp_path: Path) -> None:
    nowhere = settings.model_copy(update={"instance_folder": tmp_path / "not" / "there"})
    assert f"{tmp_path / 'not' / 'there'} cannot be written." in said(list(check_folder(nowhere)), Level.WRONG)
    assert said(list(check_folder(settings)), Level.WRONG) == ""
