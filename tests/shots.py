"""Take the screenshots of the README: `make shots`.

The event `demo`, with an afternoon in it, on a real server; each face at the size it is used at.
"""

import os
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from flask import Flask
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from checkin import clock
from checkin.config import ROOT, Settings
from checkin.db import announce, db, transaction
from checkin.models import Account, Action, Event, Person, Presence, Product, Survey, Ticket, TicketChange
from checkin.models.settings import changed_settings
from checkin.queueing.checking_in import CheckInDetails, check_in
from checkin.queueing.notes import add_note
from checkin.queueing.taking import take_next
from checkin.queueing.transitions import change_status
from checkin.setup.demo import PEOPLE, create_demo
from tests.browser.venue import KIOSK, PHONE, TABLET, TV, settled
from tests.cast import Someone, session_cookie
from tests.support.browser import launch_arguments
from tests.support.databases import make_tables
from tests.support.fake_smtp import Mail
from tests.support.house import House, open_house
from tests.support.waiting import until

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
FOLDER = ROOT / "docs" / "screenshots"
MAIL: ViewportSize = {"width": 760, "height": 800}


@dataclass(frozen=True)
class Visit:
    """Somebody's visit; times are minutes before the screenshot. Without `expert` they still wait."""

    first_name: str
    last_name: str
    product: str
    came: float
    expert: str = ""
    desk: str = ""
    taken: float = 0
    status: str = ""
    left: float = 0
    notes: str = ""


# In the order in which they came.
AFTERNOON = (
    Visit("Noor", "Haddad", "Stats iQ", 96, "emil", "7", 88, "resolved", 76),
    Visit("Ben", "Okafor", "Stats iQ", 92, "lena", "9", 85, "resolved", 71),
    Visit("Ines", "Carvalho", "Stats iQ", 80, "emil", "7", 74, "resolved", 63),
    Visit("Dmitri", "Petrov", "API", 75, "tove", "3", 66, "resolved", 52),
    Visit("Mateo", "Rivera", "Stats iQ", 64, "emil", "7", 58, "follow_up", 44, "Wants the sample data set by email."),
    Visit("Grace", "Mbeki", "360", 40, "emil", "7", 30, "resolved", 14),
    Visit("Jonas", "Lindqvist", "API", 26, "tove", "3", 6, notes="Pagination stops after 50 rows."),
    Visit("Amara", "Diallo", "Stats iQ", 22, "lena", "9", 5, notes="Needs to compare two waves of a survey."),
    Visit("Ada", "Lovelace", "Stats iQ", 13, notes="The regression looks wrong. Has to leave at 15:00."),
    Visit("Tom", "Becker", "XM Directory", 12),
    Visit("Kenji", "Tanaka", "API", 11),
    Visit("Lucía", "Fernández", "CX dashboards", 9),
    Visit("Priya", "Raman", "Stats iQ", 8),
    Visit("Дарья", "Соколова", "Survey projects", 7),
    Visit("Zoë 🦊", "Martin", "360", 4),
    Visit("شيماء", "الخطيب", "Stats iQ", 3),
    Visit("Nguyễn Thị", "Lan", "API", 1),
)  # fmt: skip


DESKS = {"emil": "7", "lena": "9", "tove": "3"}


def main() -> int:
    """Seed, serve, photograph; return the exit status of the program."""
    for name in Settings.model_fields:
        os.environ.pop(name.upper(), None)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        database_url = f"sqlite:///{Path(folder) / 'checkin.sqlite3'}"
        make_tables(database_url, Path(folder))
        with open_house(database_url, Path(folder) / "house") as house, sync_playwright() as playwright:
            people = live_through_an_afternoon(house)
            browser = playwright.chromium.launch(**launch_arguments(playwright))
            take_all(Studio(house, browser, people))
            browser.close()
    for path in sorted(FOLDER.glob("*.png")):
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size // 1024} kB")  # noqa: T201
    return 0


def live_through_an_afternoon(house: House) -> dict[str, Someone]:
    """Fill the demo and return its people by first name, in lower case."""
    with house.app.app_context():
        with transaction() as session:
            event = create_demo(session, password_hashes=_no_passwords(), moment=clock.now())
            event.time_zone = _where_it_is_afternoon()
            event.settings_json = changed_settings(event.settings_json, tickets_in_hand=0, feedback_delay_minutes=0)
        people = _people()
        with transaction() as session:
            for name, desk in DESKS.items():
                person = session.get_one(Person, people[name].id)
                person.presence, person.presence_at, person.desk = Presence.AVAILABLE, clock.now(), desk
        for visit in AFTERNOON:
            _visit(house, visit, people)
        with transaction() as session:
            event = session.scalars(select(Event)).one()
            event.settings_json = changed_settings(event.settings_json, tickets_in_hand=1)
            announce(session, event.id)
    return people


def _where_it_is_afternoon() -> str:
    """Return a time zone in which it is between two and three o'clock."""
    ahead = (14 - clock.now().hour + 11) % 24 - 11
    return f"Etc/GMT{-ahead:+d}"


def _no_passwords() -> dict[str, str]:
    return {person.email: "nobody signs in by password here" for person in PEOPLE}


def _people() -> dict[str, Someone]:
    rows = db.session.execute(select(Person, Account).join(Account, Account.id == Person.account_id)).all()
    return {
        account.email.partition("@")[0]: Someone(person.id, account.id, person.name, account.email)
        for person, account in rows
    }


def _visit(house: House, visit: Visit, people: dict[str, Someone]) -> None:
    with transaction() as session:
        event_id = session.scalars(select(Event.id)).one()
        product = session.scalars(select(Product).where(Product.name == visit.product)).one()
        number = AFTERNOON.index(visit)
        details = CheckInDetails(
            submission_id=str(uuid.uuid4()), first_name=visit.first_name, last_name=visit.last_name,
            email=f"guest{number}@example.org", phone=f"+1415555{2600 + number}", product_id=product.id,
            notes=visit.notes,
        )  # fmt: skip
        vera = people["vera"]
        ticket = check_in(session, details, event_id=event_id, by=vera.id, where="Kiosk 2")
        _set_back(session, ticket.key, Action.CHECK_IN, visit.came, "queued_at")
    if not visit.expert:
        return
    expert = people[visit.expert]
    with transaction() as session:
        code = ticket.key.partition("-")[0]
        take_next(
            session, event_id=event_id, team_code=code, expert_id=expert.id, request_key=str(uuid.uuid4()),
            desk=visit.desk,
        )  # fmt: skip
        _set_back(session, ticket.key, Action.TAKE, visit.taken, "taken_at")
    until(lambda: any(text.to == details.phone for text in house.twilio.delivered), seconds=60)
    if visit.status:
        with transaction() as session:
            if visit.notes:
                add_note(session, ticket.key, event_id=event_id, by=expert.id, words=visit.notes)
            change_status(session, ticket.key, event_id=event_id, to=visit.status, by=expert.id, version=None)
            _set_back(session, ticket.key, Action.STATUS, visit.left, "closed_at" if visit.status == "resolved" else "")


def _set_back(session: Session, key: str, action: Action, minutes: float, column: str) -> None:
    """Let the last change have happened some minutes ago."""
    at = clock.now() - timedelta(minutes=minutes)
    session.flush()
    ticket_id = session.scalars(select(Ticket.id).where(Ticket.key == key)).one()
    values = {"updated_at": at} | ({column: at} if column else {})
    session.execute(update(Ticket).where(Ticket.id == ticket_id).values(values))
    session.execute(
        update(TicketChange)
        .where(TicketChange.ticket_id == ticket_id, TicketChange.action.in_((action, Action.NOTE)))
        .values(at=at)
    )


@dataclass(frozen=True)
class Studio:
    """Where the pictures are taken."""

    house: House
    browser: Browser
    people: dict[str, Someone]

    @contextmanager
    def page(
        self, path: str, size: ViewportSize, *, who: str = "", scheme: Scheme = "light", desk: str = ""
    ) -> Iterator[Page]:
        """Yield a page as it stands when everything has settled."""
        address = self.house.address
        context = self.browser.new_context(base_url=address, viewport=size, color_scheme=scheme, locale="en-GB")
        if who:
            cookie = session_cookie(self.house.app, self.people[who], desk=desk, kiosk="Kiosk 2")
            context.add_cookies([{"name": "checkin", "value": cookie, "url": address}])
        page = context.new_page()
        page.goto(path)
        yield page
        context.close()

    def shoot(self, page: Page, name: str) -> None:
        """Write the picture; nothing in it moves, blinks or lies under the mouse."""
        page.mouse.move(0, 0)
        page.evaluate("() => document.fonts.ready.then(() => true)")
        settled(page)
        page.screenshot(path=FOLDER / f"{name}.png", animations="disabled", caret="hide")


def take_all(studio: Studio) -> None:
    """Take the pictures of all faces: Emil takes Ada's ticket on the way."""
    desk(studio)
    ticket(studio)
    board(studio)
    phone(studio)
    mails(studio)
    kiosk(studio)


def desk(studio: Studio) -> None:
    with studio.page("/demo/desk", TABLET, who="emil", desk="7", scheme="dark") as page:
        studio.shoot(page, "desk-dark")
    with studio.page("/demo/desk", TABLET, who="emil", desk="7") as page:
        studio.shoot(page, "desk")
        page.locator("#take-STQ").click()
        expect(page.locator("#ticket")).to_contain_text("Ada Lovelace")
    phone_of_ada = f"+1415555{2600 + [visit.first_name for visit in AFTERNOON].index('Ada')}"
    until(lambda: any(text.to == phone_of_ada for text in studio.house.twilio.delivered), seconds=60)
    until(lambda: any("Emil" in str(mail.parsed["Subject"]) for mail in studio.house.smtp.received[-1:]), seconds=60)


def ticket(studio: Studio) -> None:
    address = f"/demo/tickets/{_ticket(studio.house.app, 'Ada').key}"
    shots: tuple[tuple[str, Scheme], ...] = (("ticket", "light"), ("ticket-dark", "dark"))
    for name, scheme in shots:
        with studio.page(address, TABLET, who="emil", desk="7", scheme=scheme) as page:
            facts = page.locator(".hero__facts")
            expect(facts).to_contain_text("Text: sent")
            expect(facts).to_contain_text("Email: sent")
            studio.shoot(page, name)


def board(studio: Studio) -> None:
    with studio.page("/demo/board?tv=1", TV) as page:
        expect(page.locator(".is-called").first).to_contain_text("Ada")
        studio.shoot(page, "board")


def phone(studio: Studio) -> None:
    shots: tuple[tuple[str, str, Scheme], ...] = (
        ("phone-waiting", "Nguyễn Thị", "light"),
        ("phone-waiting-dark", "شيماء", "dark"),
        ("phone-called", "Ada", "light"),
    )
    for name, first_name, scheme in shots:
        with studio.page(f"/t/{_ticket(studio.house.app, first_name).token}", PHONE, scheme=scheme) as page:
            studio.shoot(page, name)
    with studio.house.app.app_context():
        token = db.session.scalars(select(Survey.token).order_by(Survey.id.desc()).limit(1)).one()
    with studio.page(f"/feedback/{token}", PHONE) as page:
        page.locator("[name=satisfaction]").last.check()
        page.locator("[name=ease]").nth(3).check()
        studio.shoot(page, "feedback")


def mails(studio: Studio) -> None:
    """Show what the fake mail server was given, as a mail program on a desk and one on a phone would."""
    for name, subject in (("mail-ready", "is ready for you"), ("mail-feedback", "how did it go")):
        html = _last_mail(studio, subject).replace(studio.house.address, "https://desk.example.org")
        for size, suffix in ((MAIL, ""), (PHONE, "-phone")):
            for scheme in SCHEMES:
                dark = "-dark" if scheme == "dark" else ""
                context = studio.browser.new_context(viewport=size, color_scheme=scheme)
                page = context.new_page()
                page.set_content(html)
                page.screenshot(path=FOLDER / f"{name}{suffix}{dark}.png")
                context.close()


def _last_mail(studio: Studio, subject: str) -> str:
    """Return the HTML of the last email with these words in its subject."""

    def found() -> list[Mail]:
        return [mail for mail in studio.house.smtp.received if subject in str(mail.parsed["Subject"])]

    until(lambda: bool(found()), seconds=60)
    return found()[-1].part("html")


def kiosk(studio: Studio) -> None:
    with studio.page("/demo/checkin", KIOSK, who="vera") as page:
        given = {"First name": "Carla", "Last name": "Jones", "Email": "carla@example.org", "Phone": "(415) 555-2671"}
        for label, words in given.items():
            page.get_by_label(label).fill(words)
        page.get_by_label("Notes").fill("Two models do not agree. Train at 17:10.")
        page.locator(".tile", has_text="Stats iQ").click()
        studio.shoot(page, "kiosk")
        page.locator("#checkin-submit").click()
        expect(page.locator("#next-customer")).to_be_visible()
        studio.shoot(page, "kiosk-done")


def _ticket(app: Flask, first_name: str) -> Ticket:
    with app.app_context():
        return db.session.scalars(select(Ticket).where(Ticket.first_name == first_name)).one()


if __name__ == "__main__":
    sys.exit(main())
