"""How long a practised volunteer needs to check somebody in, in real Chromium with the demo's nine products.

The volunteer's hands are simulated at a stated speed, the software is real: the server as `make run` serves it (SQLite,
commits on disk) and the page. From the first key to the key on the screen, with a short note:

- keyboard: one key press every 200 ms (60 words a minute); Tab from field to field, arrows to the product, Enter;
- touch: one letter every 280 ms on the on-screen keyboard, 700 ms to find and tap anything else, on a tablet.

`software` is the share of the time from the last press until the number stands on the screen (server and page). Prints
one line of JSON: medians over a few customers, in seconds.
"""

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import select

from checkin import clock
from checkin.db import db, transaction
from checkin.models import Account, Person
from checkin.setup.demo import PEOPLE, create_demo
from tests.cast import Someone, session_cookie
from tests.support.browser import launch_arguments
from tests.support.databases import make_tables
from tests.support.house import House, open_house

CUSTOMERS, KEY, LETTER, TAP, AT_MOST = 3, 0.2, 0.28, 0.7, 20.0
PRODUCT = "Stats iQ"
_numbers = iter(range(10, 99, 10))
# Resolves when the number stands on the screen; asked for before the last press, so that nothing of it is missed.
SHOWN = """() => {
  window.shown = new Promise((done) => {
    const seen = () => document.querySelector(".done__key") && requestAnimationFrame(() => done(performance.now()));
    new MutationObserver(seen).observe(document.body, {subtree: true, childList: true});
  });
  addEventListener("submit", () => { window.pressed = performance.now(); }, {capture: true, once: true});
}"""


@dataclass(frozen=True)
class CheckIn:
    """One check-in: how long it took, how much of it the software, and how many presses."""

    seconds: float
    software: float
    presses: int


def main() -> None:
    """Measure and print."""
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'checkin.sqlite3'}"
        make_tables(url, Path(folder))
        with open_house(url, Path(folder) / "house") as house, sync_playwright() as playwright:
            vera = _demo(house)
            browser = playwright.chromium.launch(**launch_arguments(playwright))
            figures = {
                "bench": "volunteer",
                "at_most_s": AT_MOST,
                "keyboard": _median(browser, house, vera, by_keyboard),
                "touch": _median(browser, house, vera, by_touch),
            }
            browser.close()
    print(json.dumps(figures))


def _demo(house: House) -> Someone:
    """Make the demo and return Vera."""
    with house.app.app_context():
        with transaction() as session:
            create_demo(session, password_hashes={one.email: "nobody" for one in PEOPLE}, moment=clock.now())
        row = db.session.execute(
            select(Person.id, Account.id, Person.name, Account.email)
            .join(Account, Account.id == Person.account_id)
            .where(Account.email == "vera@example.org")
        ).one()
    return Someone(*row)


def _median(
    browser: Browser, house: House, vera: Someone, check_in: Callable[[Page, int], CheckIn]
) -> dict[str, float]:
    context = browser.new_context(base_url=house.address, viewport={"width": 1024, "height": 768}, has_touch=True)
    context.add_cookies([{"name": "checkin", "value": session_cookie(house.app, vera), "url": house.address}])
    page = context.new_page()
    page.goto("/demo/checkin")
    first = next(_numbers)
    made = [_checked(page, number, check_in) for number in range(first, first + CUSTOMERS + 1)][1:]
    context.close()
    seconds = statistics.median(one.seconds for one in made)
    software = statistics.median(one.software for one in made)
    return {
        "seconds": round(seconds, 1), "presses": made[0].presses, "software_s": round(software, 3),
        "software_share": round(software / seconds, 3),
    }  # fmt: skip


def _checked(page: Page, number: int, check_in: Callable[[Page, int], CheckIn]) -> CheckIn:
    page.locator("#first_name").wait_for()
    page.evaluate(SHOWN)
    made = check_in(page, number)
    page.locator("#next-customer").click()
    return made


def _words(number: int) -> tuple[str, ...]:
    """Return what is typed: names, email, phone, a note; each customer is somebody else."""
    return ("Carla", "Jones", f"carla{number}@example.org", f"41555526{number:02}", "leaves 3 pm")


class Hands:
    """Somebody's hands: each press comes when it is due, however long the browser's remote control took meanwhile."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.begin = self.due = time.monotonic()
        self.presses = 0

    def press(self, key: str, *, after: float) -> None:
        """Press a key, or a letter on the screen."""
        self._wait(after)
        self.page.keyboard.press("Space" if key == " " else key)

    def tap(self, what: str) -> None:
        """Find something on the screen and tap it."""
        self._wait(TAP)
        self.page.locator(what).first.tap()

    def ended(self) -> CheckIn:
        """Wait until the number stands on the screen, and return how long it all took."""
        software = self.page.evaluate("() => window.shown.then((at) => (at - window.pressed) / 1000)")
        return CheckIn(time.monotonic() - self.begin, software, self.presses)

    def _wait(self, seconds: float) -> None:
        self.due += seconds
        time.sleep(max(0.0, self.due - time.monotonic()))
        self.presses += 1


def by_keyboard(page: Page, number: int) -> CheckIn:
    """Check in with the keyboard alone; the first field has the focus."""
    hands = Hands(page)
    for words in _words(number):
        for letter in words:
            hands.press(letter, after=KEY)
        hands.press("Tab", after=KEY)
    hands.press("Tab", after=KEY)
    while not page.evaluate("(name) => document.activeElement.closest('.tile')?.textContent.includes(name)", PRODUCT):
        hands.press("ArrowDown", after=KEY)
    hands.press("Enter", after=KEY)
    return hands.ended()


def by_touch(page: Page, number: int) -> CheckIn:
    """Check in with fingers: the first field has the focus, each other one is tapped."""
    hands = Hands(page)
    fields = ("#first_name", "#last_name", "#email", "#phone", "#notes")
    for field, words in zip(fields, _words(number), strict=True):
        if field != "#first_name":
            hands.tap(field)
        for letter in words:
            hands.press(letter, after=LETTER)
    hands.tap(f".tile:has-text('{PRODUCT}')")
    hands.tap("#checkin-submit")
    return hands.ended()


if __name__ == "__main__":
    main()
