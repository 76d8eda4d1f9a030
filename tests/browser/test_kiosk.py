"""Vera at the kiosk with a line in front of her (docs/specification.md, section 2)."""

import re

import pytest
from playwright.sync_api import Page, ViewportSize, expect
from sqlalchemy import select

from checkin.models import Product, QueueState, Ticket
from tests.browser.venue import KIOSK, PHONE, Venue, check_in_button, choose, fill_in, settled, sign_in_by_form
from tests.cast import Someone, checked_in, queue_of, taken

pytestmark = pytest.mark.browser
with_and_without_scripts = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])

BIG = ViewportSize(width=1180, height=820)
TWO_QUESTIONS = {
    "ask_question_1": "required", "question_1": "Company", "ask_question_2": "optional", "question_2": "Licence",
    "question_2_choices": "Basic,Advanced,Enterprise",
}  # fmt: skip


def open_kiosk(venue: Venue, size: ViewportSize = KIOSK, *, who: Someone | None = None, scripts: bool = True) -> Page:
    """Return the clean form."""
    return venue.open(
        f"/{venue.cast.slug}/checkin", size, who=who or venue.cast.vera, java_script_enabled=scripts
    )  # fmt: skip


def keys(venue: Venue) -> list[str]:
    """Return the keys of all tickets."""
    tickets = select(Ticket).where(Ticket.event_id == venue.cast.event_id).order_by(Ticket.id)
    return [ticket.key for ticket in venue.cast.all(tickets)]


def is_clean(page: Page) -> None:
    """Expect the form without anything of anybody."""
    expect(page.get_by_label("First name")).to_have_value("")
    for label in ("Last name", "Email", "Phone", "Notes"):
        expect(page.get_by_label(label)).to_have_value("")
    expect(page.locator(".tile input:checked")).to_have_count(0)


@pytest.mark.parametrize("size", [KIOSK, BIG], ids=["1024", "1180"])
@pytest.mark.parametrize("settings", [{}, TWO_QUESTIONS | {"allow_urgent": True}], ids=["default", "two questions"])
def test_nothing_scrolls_and_everything_is_large_enough_to_tap(
    venue: Venue, size: ViewportSize, settings: dict[str, str]
) -> None:
    venue.cast.set(**settings)
    page = open_kiosk(venue, size)
    settled(page)
    assert page.evaluate("() => document.documentElement.scrollHeight <= innerHeight")
    small = page.evaluate("""() => [...document.querySelectorAll("label:has(input[type=radio]), .input, .button")]
      .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 48)
      .map((one) => one.outerHTML.slice(0, 80))""")
    assert small == []


def test_of_many_products_no_name_is_cut_and_the_button_stays_in_reach(venue: Venue) -> None:
    cast = venue.cast
    with cast.writing() as session:
        for number in range(16):
            name = f"Product number {number} with a name"
            session.add(Product(event_id=cast.event_id, team_id=cast.teams["API"], name=name, position=number))
    page = open_kiosk(venue)
    expect(page.locator(".tile")).to_have_count(19)
    settled(page)
    cut = page.evaluate("""() => [...document.querySelectorAll(".tile__name")]
      .filter((name) => name.scrollHeight > name.clientHeight).map((name) => name.textContent)""")
    assert cut == []
    assert (
        page.evaluate("""() => {
      const box = document.getElementById("checkin-submit").getBoundingClientRect();
      return document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)?.id;
    }""")
        == "checkin-submit"
    )


def test_with_every_field_there_is_room_for_what_is_wrong_and_what_is_asked(venue: Venue) -> None:
    third = {"ask_question_3": "optional", "question_3": "Seen us before", "question_3_choices": "yes,no"}
    venue.cast.set(**TWO_QUESTIONS, **third, allow_urgent=True, ask_username="optional")
    page = open_kiosk(venue)
    page.get_by_label("Email").fill("nonsense")
    page.get_by_label("Phone").fill("12")
    check_in_button(page).click()
    expect(page.locator("#phone-problem")).to_be_visible()
    settled(page)
    assert page.evaluate("() => document.documentElement.scrollHeight <= innerHeight"), "with five errors"
    fill_in(page, venue, Email="carla@gmial.com", Phone="(800) 555-1234", Company="Acme")
    check_in_button(page).click()
    expect(page.locator(".question")).to_have_count(2)
    settled(page)
    assert page.evaluate("() => document.documentElement.scrollHeight <= innerHeight"), "with two questions"


def test_a_phone_shows_the_form_as_wide_as_it_is(venue: Venue) -> None:
    venue.cast.set(**TWO_QUESTIONS)
    page = open_kiosk(venue, PHONE)
    settled(page)
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


@with_and_without_scripts
def test_the_events_questions_are_answered_with_the_keyboard(venue: Venue, *, scripts: bool) -> None:
    venue.cast.set(**TWO_QUESTIONS)
    page = open_kiosk(venue, scripts=scripts)
    expect(page.get_by_label("First name")).to_be_focused()
    for words in ("Carla", "Jones", venue.email, venue.phone, "Acme", "Adv", "The regression looks wrong."):
        page.keyboard.type(words)
        page.keyboard.press("Tab")
    expect(page.get_by_role("radio", name="English")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.get_by_role("radio", name="Stats iQ")).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="STQ-1")).to_be_visible()
    ticket = venue.cast.ticket("STQ-1")
    assert ticket.answers == {"question_1": "Acme", "question_2": "Advanced"}
    assert ticket.language == "fr"


def test_urgent_opens_with_a_tap_and_asks_why(venue: Venue) -> None:
    venue.cast.set(allow_urgent=True)
    queue_of(venue.cast, 1)
    page = open_kiosk(venue)
    fill_in(page, venue)
    reason = page.get_by_label("Urgent: why it cannot wait")
    expect(reason).not_to_be_visible()
    page.get_by_text("Urgent", exact=True).click()
    expect(reason).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Please say why it cannot wait, or that it is not urgent.")).to_be_visible()
    expect(reason).to_be_focused()
    page.keyboard.type("On stage in ten minutes")
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_contain_text("You are next for Stats iQ.")


def test_urgent_that_was_closed_again_is_not_urgent_whatever_was_typed(venue: Venue) -> None:
    venue.cast.set(allow_urgent=True)
    page = open_kiosk(venue)
    fill_in(page, venue)
    page.get_by_text("Urgent", exact=True).click()
    page.get_by_label("Urgent: why it cannot wait").fill("On stage in ten minutes")
    page.get_by_text("Not urgent").click()
    page.get_by_role("button", name="Check in").click()
    expect(page.get_by_role("main")).to_contain_text("You are next for Stats iQ.")
    assert venue.cast.ticket("STQ-1").urgent_reason == ""


def test_without_scripts_nothing_says_that_closing_urgent_takes_it_back(venue: Venue) -> None:
    venue.cast.set(allow_urgent=True)
    page = open_kiosk(venue, scripts=False)
    page.get_by_text("Urgent", exact=True).click()
    expect(page.get_by_label("Urgent: why it cannot wait")).to_be_visible()
    expect(page.get_by_text("Not urgent")).not_to_be_visible()


@with_and_without_scripts
@pytest.mark.parametrize(
    ("button", "sentence", "left"),
    [
        ("Keep STQ-1", "You are next for Stats iQ.", ["STQ-1"]),
        ("Move it to API", "You are next for API.", ["STQ-1"]),
        ("Check in again", "You are next for API.", ["STQ-1", "API-2"]),
    ],
    ids=["keep", "move", "again"],
)
def test_carla_who_is_in_the_queue_already(
    venue: Venue, button: str, sentence: str, left: list[str], *, scripts: bool
) -> None:
    checked_in(venue.cast, email=venue.email)
    page = open_kiosk(venue, scripts=scripts)
    fill_in(page, venue)
    choose(page, "API")
    check_in_button(page).click()
    expect(page.get_by_role("heading", name="They are here already")).to_be_visible()
    expect(page.get_by_role("button", name="Keep STQ-1")).to_be_focused()
    assert page.evaluate("() => document.documentElement.scrollHeight <= innerHeight")
    page.get_by_role("button", name=button).click()
    expect(page.locator(".done__place")).to_have_text(sentence)
    assert keys(venue) == left


def test_enter_keeps_the_ticket_and_the_next_customer_finds_a_clean_form(venue: Venue) -> None:
    checked_in(venue.cast, email=venue.email)
    page = open_kiosk(venue)
    fill_in(page, venue)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Keep STQ-1")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="your number is still")).to_be_visible()
    page.locator("#next-customer").click()
    is_clean(page)


def test_enter_begins_the_next_check_in_but_not_the_second_one_of_a_double_press(venue: Venue) -> None:
    page = venue.open("/sign-in", KIOSK, who=venue.cast.vera)
    page.clock.install()
    page.goto(f"/{venue.cast.slug}/checkin")
    fill_in(page, venue)
    clean_forms: list[str] = []
    page.on("request", lambda one: clean_forms.append(one.url) if one.method == "GET" else None)
    page.evaluate("""() => {
      const enter = () => new KeyboardEvent("keydown", { key: "Enter", bubbles: true });
      const press = () => document.activeElement.dispatchEvent(enter());
      document.addEventListener("htmx:after:swap", press, { once: true });
    }""")
    page.keyboard.press("Enter")
    expect(page.locator("#done-heading")).to_be_focused()
    page.clock.fast_forward(1000)
    page.keyboard.press("Enter")
    is_clean(page)
    expect(page.get_by_label("First name")).to_be_focused()
    assert len(clean_forms) == 1


def test_back_to_the_form_keeps_what_was_typed(venue: Venue) -> None:
    checked_in(venue.cast, email=venue.email, last_name="x" * 100)
    page = open_kiosk(venue)
    fill_in(page, venue)
    check_in_button(page).click()
    expect(page.locator(".here__ticket")).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Back to the form").click()
    expect(page.get_by_label("Notes")).to_have_value(re.compile("regression"))
    expect(page.get_by_role("radio", name="Stats iQ")).to_be_checked()


def test_a_ticket_that_an_expert_has_cannot_be_moved_and_the_page_names_them(venue: Venue) -> None:
    checked_in(venue.cast, email=venue.email)
    taken(venue.cast)
    page = open_kiosk(venue)
    fill_in(page, venue)
    choose(page, "API")
    check_in_button(page).click()
    expect(page.locator(".here")).to_contain_text("With Emil at Desk 7.")
    expect(page.get_by_role("button", name="Move")).to_have_count(0)


def test_the_tiles_follow_their_queues_while_the_form_is_filled(venue: Venue) -> None:
    page = venue.open("/sign-in", KIOSK, who=venue.cast.vera)
    page.clock.install()
    page.goto(f"/{venue.cast.slug}/checkin")
    page.keyboard.type("Carla")
    choose(page, "Stats iQ")
    page.get_by_label("Notes").focus()
    queue_of(venue.cast, 2)
    venue.cast.set_queue("API", QueueState.CLOSED)
    page.clock.run_for(21_000)
    expect(page.locator(".tile", has_text="Stats iQ")).to_contain_text("2 waiting")
    expect(page.get_by_role("radio", name="API")).to_be_disabled()
    expect(page.get_by_role("radio", name="Stats iQ")).to_be_checked()
    expect(page.get_by_label("First name")).to_have_value("Carla")
    expect(page.get_by_label("Notes")).to_be_focused()


def kept(page: Page) -> int:
    """Return how much this tab keeps."""
    length: int = page.evaluate("() => sessionStorage.length")
    return length


def signed_out_in_the_middle(venue: Venue) -> Page:
    """Return the sign-in page to which a kiosk came whose session had ended when Carla's form was sent."""
    page = open_kiosk(venue)
    fill_in(page, venue)
    page.context.clear_cookies()
    check_in_button(page).click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    return page


def test_what_was_typed_is_there_when_the_same_person_has_signed_in_again(venue: Venue) -> None:
    page = signed_out_in_the_middle(venue)
    sign_in_by_form(page, venue.cast.vera)
    expect(page.get_by_role("status").filter(has_text="still here")).to_be_visible()
    expect(page.get_by_label("Email")).to_have_value(venue.email)
    expect(page.get_by_role("radio", name="Stats iQ")).to_be_checked()
    assert kept(page) == 0
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="STQ-1")).to_be_visible()
    assert keys(venue) == ["STQ-1"]


def test_nothing_that_was_typed_is_there_when_somebody_else_signs_in(venue: Venue) -> None:
    page = signed_out_in_the_middle(venue)
    sign_in_by_form(page, venue.cast.olga)
    page.goto(f"/{venue.cast.slug}/checkin")
    expect(page.locator("#checkin")).to_be_visible()
    is_clean(page)
    assert kept(page) == 0


def test_what_was_typed_is_forgotten_on_any_other_page(venue: Venue) -> None:
    page = signed_out_in_the_middle(venue)
    assert kept(page) == 1
    page.goto(f"/{venue.cast.slug}/board")
    page.wait_for_function("() => sessionStorage.length === 0")


def test_what_was_typed_is_forgotten_after_ten_minutes(venue: Venue) -> None:
    page = venue.open("/sign-in", KIOSK, who=venue.cast.vera)
    page.clock.install()
    page.goto(f"/{venue.cast.slug}/checkin")
    fill_in(page, venue)
    page.context.clear_cookies()
    check_in_button(page).click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert kept(page) == 1
    page.clock.run_for(11 * 60_000)
    page.wait_for_function("() => sessionStorage.length === 0")


@with_and_without_scripts
def test_the_back_button_brings_back_nothing_of_somebody_who_was_here_already(venue: Venue, *, scripts: bool) -> None:
    checked_in(venue.cast, email=venue.email)
    page = open_kiosk(venue, scripts=scripts)
    fill_in(page, venue)
    check_in_button(page).click()
    page.get_by_role("button", name="Keep STQ-1").click()
    expect(page.get_by_role("heading", name="STQ-1")).to_be_visible()
    page.locator("#next-customer").click()
    is_clean(page)
    if scripts:
        page.goto(f"/{venue.cast.slug}/board")
        page.go_back()
        is_clean(page)
