"""One event with its people at their screens: each test has its own, on a server that the tests of a process share."""

import re
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, ViewportSize

from tests.cast import PASSWORD, Cast, Someone, session_cookie
from tests.support.fake_smtp import FakeSmtp
from tests.support.fake_twilio import FakeTwilio
from tests.support.waiting import until

KIOSK = ViewportSize(width=1024, height=768)
TABLET = ViewportSize(width=820, height=1180)
TV = ViewportSize(width=1920, height=1080)
PHONE = ViewportSize(width=390, height=844)

# The browser writes a line for every answer that is not 2xx; those are asked for. Everything else is a mistake.
_ANSWERED = re.compile(r"Failed to load resource: the server responded with a status of (401|403|404|409|410|422|503)")
_NO_LINE = re.compile(
    r"net::ERR_(CONNECTION|INTERNET|EMPTY|INCOMPLETE|NETWORK|ABORTED|SOCKET)|TypeError: Failed to fetch|htmx:sse:error"
)


@dataclass
class Venue:
    """The event, where it is served, who carries its texts and emails, and what its pages complained about."""

    cast: Cast
    address: str
    twilio: FakeTwilio
    smtp: FakeSmtp
    browser: Browser
    number: int
    complaints: list[str] = field(default_factory=list)

    @property
    def email(self) -> str:
        """Return Carla's email, another one at each venue."""
        return f"carla@{self.cast.slug}.example.org"

    @property
    def phone(self) -> str:
        """Return Carla's number as a volunteer types it, another one at each venue."""
        return f"(415) 555-{2000 + self.number % 1000}"

    def open(
        self, path: str, size: ViewportSize, *, who: Someone | None = None, address: str | None = None, **more: Any
    ) -> Page:
        """Open a page on a device of its own, signed in as `who`; `more` goes to Playwright's new_context."""
        context = self.browser.new_context(base_url=address or self.address, viewport=size, **more)
        if who is not None:
            self.sign_in(context, who, address=address)
        page = context.new_page()
        page.on("console", lambda message: self._hear(page, message))
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        if more.get("java_script_enabled", True):
            page.add_init_script(_WATCH_THE_POLICY)
        page.goto(path)
        return page

    def sign_in(self, context: BrowserContext, who: Someone, *, address: str | None = None, **more: Any) -> None:
        """Give a device the cookie of somebody who is signed in without the form and its password hash."""
        value = session_cookie(self.cast.app, who, **more)
        context.add_cookies([{"name": "checkin", "value": value, "url": address or self.address}])

    def _hear(self, page: Page, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        if _ANSWERED.search(message.text) or _NO_LINE.search(message.text):
            return
        self.complaints.append(f"{page.url}: {message.text}")

    def texts(self) -> list[str]:
        """Return the texts that reached Carla's phone."""
        number = "+1" + re.sub(r"\D", "", self.phone)
        return [text.body for text in self.twilio.delivered if text.to == number]

    def emails(self) -> list[EmailMessage]:
        """Return the emails that reached Carla."""
        return [mail.parsed for mail in self.smtp.received if self.email in mail.recipients]

    def wait_for_email(self, subject: str) -> str:
        """Return the plain text of Carla's email about `subject` as soon as it is there."""

        def found() -> list[EmailMessage]:
            return [mail for mail in self.emails() if subject in str(mail["Subject"])]

        until(lambda: bool(found()), seconds=30)
        body = found()[0].get_body(("plain",))
        assert body is not None
        return str(body.get_content())


# A violation of the policy is an error on the console too; this one says which directive, and of what.
_WATCH_THE_POLICY = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""


def sign_in_by_form(page: Page, who: Someone) -> None:
    """Fill in the sign-in page."""
    page.get_by_label("Email").fill(who.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def fill_in(page: Page, venue: Venue, **changes: str) -> None:
    """Fill in the kiosk's form for Carla, who needs help with Stats iQ."""
    given = {
        "First name": "Carla", "Last name": "Jones", "Email": venue.email, "Phone": venue.phone,
        "Notes": "The regression looks wrong. Leaves at 15:00.",
    } | changes  # fmt: skip
    for label, words in given.items():
        page.get_by_label(label).fill(words)
    choose(page, "Stats iQ")


def choose(page: Page, product: str) -> None:
    """Tap a product."""
    page.locator(".tile", has_text=product).first.click()


def check_in_button(page: Page) -> Locator:
    """Return the kiosk's one button."""
    return page.locator("#checkin-submit")


def tab_to(page: Page, selector: str, *, most: int = 60) -> None:
    """Press Tab until the focus is on what `selector` names."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab does not reach {selector}")


def settled(page: Page) -> None:
    """Wait until the page is there and no transition runs: colours half-way are not what anybody is to read.

    What a script animates is not waited for: that is a clock which runs down.
    """
    page.wait_for_load_state("load")
    page.locator("main").first.wait_for()
    page.evaluate(_NO_TRANSITION_RUNS)


_NO_TRANSITION_RUNS = """
() => Promise.all(document.getAnimations()
  .filter((one) => one instanceof CSSTransition || one instanceof CSSAnimation)
  .map((one) => one.finished.catch(() => {})))
"""
