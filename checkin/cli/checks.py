"""What `doctor` looks at; each check says what it found, and what to do about it."""

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from enum import Enum, auto
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from checkin.alerts.channels.smtp import SmtpChannel
from checkin.cli.data_checks import check_data, check_file
from checkin.cli.findings import Finding, Level, warning, well, wrong
from checkin.cli.mail_checks import check_mail, check_own_senders
from checkin.cli.refusing import outdated_tables
from checkin.cli.text_checks import check_last_calls, check_texts
from checkin.config import Settings
from checkin.db import check_database, db
from checkin.models import Event, GivenRole, Person, PersonRole, Product, Status, StatusCode, Team, TeamMember
from checkin.routes.health import newest_migration
from checkin.server_marks import servers_running

_LOOPBACK: Final = {"127.0.0.1", "localhost", "::1"}


class Asking(Enum):
    """Whom the checks may ask."""

    PROVIDERS = auto()
    """Twilio, the mail server, DNS, and our own public address."""

    NOBODY = auto()


def look(settings: Settings, *, asking: Asking) -> Iterator[Finding]:
    """Go through all checks; those of the tables only when there are tables."""
    yield check_python(sys.version_info[:3])
    yield from check_sqlite(settings, sqlite3.sqlite_version_info)
    yield from check_addresses(settings)
    yield from check_providers(settings)
    if asking is Asking.PROVIDERS:
        yield from check_texts(settings)
        yield from check_mail(settings)
    yield from check_folder(settings)
    reached = list(check_tables())
    yield from reached
    if all(finding.level is Level.WELL for finding in reached):
        yield from check_last_calls(settings)
        yield from check_own_senders(settings)
        yield from check_events()


def check_python(version: tuple[int, ...]) -> Finding:
    """Look at the Python that runs this."""
    words = ".".join(str(part) for part in version)
    return well(f"Python {words}.") if version >= (3, 11) else wrong(f"Python {words}: Checkin needs 3.11 or newer.")


def check_sqlite(settings: Settings, version: tuple[int, ...]) -> Iterator[Finding]:
    """Look at the SQLite that is linked, and whether more than one server writes through it."""
    if not settings.is_sqlite:
        return
    words = ".".join(str(part) for part in version)
    if has_wal_reset_bug(version):
        yield warning(
            f"SQLite {words} can, very rarely, damage a file that several connections write (its WAL-reset bug). "
            "Good for trying; for an event that matters use PostgreSQL, or SQLite 3.51.3 or newer (3.50.7, 3.44.6)."
        )
    else:
        yield well(f"SQLite {words}.")
    servers = servers_running(settings)
    if len(servers) > 1:
        listed = ", ".join(str(number) for number in servers)
        yield wrong(f"{len(servers)} server processes run on one SQLite file ({listed}). End all but one.")


def has_wal_reset_bug(version: tuple[int, ...]) -> bool:
    """Tell whether this SQLite has the bug that 3.51.3 repaired, and 3.50.7 and 3.44.6 with it."""
    if version >= (3, 51, 3) or version < (3, 7, 0):
        return False
    return not (3, 50, 7) <= version < (3, 51, 0) and not (3, 44, 6) <= version < (3, 45, 0)


def check_addresses(settings: Settings) -> Iterator[Finding]:
    """Look at SECRET_KEY, HOST and PUBLIC_URL."""
    if settings.secret_key and len(settings.secret_key) < 16:
        yield wrong("SECRET_KEY is short enough to be guessed: use 32 random characters or more.")
    public = urlsplit(settings.effective_public_url)
    if not settings.public_url and settings.host not in _LOOPBACK:
        yield warning("PUBLIC_URL is not set: links in texts, emails and QR codes will not open on other machines.")
    elif public.scheme == "http" and public.hostname not in _LOOPBACK:
        yield warning(
            "PUBLIC_URL is http: passwords and names travel in the clear. Fine only on a network of your own."
        )
    elif public.scheme == "https" and not settings.trusted_proxies:
        yield warning("PUBLIC_URL is https and TRUSTED_PROXIES is 0: behind a proxy set it to the number of proxies.")
    else:
        yield well(f"Links begin with {settings.effective_public_url}.")


def check_providers(settings: Settings) -> Iterator[Finding]:
    """Look whether texts and emails can leave."""
    if settings.has_text_provider:
        yield well("Twilio is set for texts.")
    elif missing := _missing_of_twilio(settings):
        yield wrong(f"Twilio is set only by half: {', '.join(missing)} is missing (docs/alerts.md, Set Twilio up).")
    else:
        yield warning("No provider for texts is set: they are kept in the outbox (docs/alerts.md, Set Twilio up).")
    if settings.has_mail_provider:
        try:
            SmtpChannel(settings.smtp_url, seconds=settings.provider_timeout_seconds)
            yield well(f"A mail server is set for emails from {settings.mail_from}.")
        except ValueError as error:
            yield wrong(f"SMTP_URL cannot be used: {error}.")
    elif settings.smtp_url or settings.mail_from:
        yield wrong("Email is set only by half: SMTP_URL and MAIL_FROM belong together.")
    else:
        yield warning("No provider for emails is set: they are kept in the outbox (docs/alerts.md, Set SMTP up).")


def _missing_of_twilio(settings: Settings) -> list[str]:
    """Return what Twilio still needs, nothing when none of it is set."""
    needed = {
        "TWILIO_ACCOUNT_SID": settings.twilio_account_sid,
        "TWILIO_AUTH_TOKEN": settings.twilio_auth_token,
        "TWILIO_MESSAGING_SERVICE_SID or TWILIO_FROM": settings.twilio_messaging_service_sid or settings.twilio_from,
    }
    return [name for name, value in needed.items() if not value] if any(needed.values()) else []


def check_folder(settings: Settings) -> Iterator[Finding]:
    """Look whether the data can be written."""
    folders = {settings.instance_folder}
    if settings.is_sqlite:
        database = Path(make_url(settings.effective_database_url).database or "")
        folders.add(database.parent)
        if database.exists() and not os.access(database, os.W_OK):
            yield wrong(f"{database} cannot be written.")
    for folder in sorted(folders):
        if os.access(folder, os.W_OK):
            yield well(f"{folder} can be written.")
        else:
            yield wrong(f"{folder} cannot be written.")


def check_tables() -> Iterator[Finding]:
    """Look whether the database answers and has the tables of this version."""
    try:
        check_database(db.session())
        outdated = outdated_tables()
    except SQLAlchemyError as error:
        yield wrong(f"The database does not answer: {str(error).splitlines()[0]}")
        return
    finally:
        db.session.remove()
    if outdated is None:
        yield well(f"The database answers; its tables are those of this version ({newest_migration()}).")
    else:
        yield wrong(outdated)


def check_events() -> Iterator[Finding]:
    """Look whether each event can be worked with, and whether its data hold together."""
    yield from map(wrong, check_file())
    events = db.session.execute(select(Event.id, Event.slug).order_by(Event.id)).all()
    if not events:
        yield warning("There is no event yet: flask --app app demo, or event create.")
    for event_id, slug in events:
        found = [finding for check in _OF_AN_EVENT for finding in check(event_id, slug)]
        yield from found or [well(f"{slug}: products, teams, statuses and people are complete.")]


def _check_products(event_id: int, slug: str) -> Iterator[Finding]:
    homeless = select(Product.name).where(Product.event_id == event_id, Product.team_id.is_(None))
    for name in db.session.scalars(homeless.order_by(Product.name)):
        yield warning(f"{slug}: {name} has no team, so it cannot be offered at check-in (product add ... --team).")
    if not db.session.scalar(select(func.count()).select_from(Product).where(Product.event_id == event_id)):
        yield warning(f"{slug}: no products, so nobody can be checked in (team add, product add).")


def _check_statuses(event_id: int, slug: str) -> Iterator[Finding]:
    there = set(db.session.scalars(select(Status.code).where(Status.event_id == event_id)))
    missing = [code.value for code in StatusCode if code not in there]
    if missing:
        yield wrong(f"{slug}: the statuses {', '.join(missing)} are missing. They are always there; restore a backup.")


def _check_teams(event_id: int, slug: str) -> Iterator[Finding]:
    empty = (
        select(Team.code)
        .join(Product, Product.team_id == Team.id)
        .where(Team.event_id == event_id, ~select(TeamMember.team_id).where(TeamMember.team_id == Team.id).exists())
        .distinct()
    )
    codes = sorted(db.session.scalars(empty))
    if codes:
        yield warning(
            f"{slug}: no experts in {', '.join(codes)}; who waits there is helped by nobody (person add --team)."
        )


def _check_people(event_id: int, slug: str) -> Iterator[Finding]:
    given = set(
        db.session.scalars(select(PersonRole.role).join(Person).where(Person.event_id == event_id).distinct())
    )  # fmt: skip
    if GivenRole.ORGANISER not in given:
        yield warning(f"{slug}: no organiser (person add --role organiser).")
    if not given:
        yield warning(f"{slug}: nobody can check customers in (person add --role volunteer).")


def _check_data(event_id: int, slug: str) -> Iterator[Finding]:
    for sentence in check_data(event_id):
        yield wrong(f"{slug}: {sentence}")


_OF_AN_EVENT: Final[tuple[Callable[[int, str], Iterator[Finding]], ...]] = (
    _check_products, _check_statuses, _check_teams, _check_people, _check_data,
)  # fmt: skip


def settings_here() -> Settings:
    """Return the settings of the current app."""
    settings: Settings = current_app.extensions["checkin_settings"]
    return settings
