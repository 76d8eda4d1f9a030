"""Every page, with people, with errors and empty: axe, the console, the width of a phone, the height of a kiosk."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize, expect
from sqlalchemy import select

from checkin.config import ROOT
from checkin.db import database_now
from checkin.models import (
    Alert,
    AlertKind,
    AlertState,
    Channel,
    ChannelPause,
    Presence,
    Product,
    QueueState,
    Survey,
    Team,
    Ticket,
    TicketChange,
)
from checkin.queueing.answering import Answer, answer_survey
from checkin.queueing.presence import set_desk, set_presence
from tests.browser.venue import KIOSK, PHONE, TABLET, TV, Venue, check_in_button, choose, fill_in, settled
from tests.cast import checked_in, moved, queue_of, taken
from tests.support.waiting import until

pytestmark = pytest.mark.browser
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NINE = (
    "Survey projects", "Employee engagement", "XM Directory", "CX dashboards", "Extensions", "Website and app feedback",
)  # fmt: skip
LAYOUTS = {"base.html", "staff.html", "staff_live.html", "phone.html", "customer/page.html", "checkin/kiosk.html"}


@dataclass(frozen=True)
class Sight:
    """One page as somebody sees it: where, on what device, after `before` happened and `then` was done on it."""

    what: str
    template: str
    path: str
    size: ViewportSize
    who: str = ""
    then: Callable[[Page, Venue], None] | None = None
    before: Callable[[Venue], None] | None = None
    is_empty: bool = False


def press(name: str) -> Callable[[Page, Venue], None]:
    return lambda page, _venue: page.get_by_role("button", name=name).first.click()


def wrong_password(page: Page, venue: Venue) -> None:
    page.get_by_label("Email").fill(venue.cast.vera.email)
    page.get_by_label("Password").fill("not this one")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()


def empty_form(page: Page, _venue: Venue) -> None:
    check_in_button(page).click()
    expect(page.locator("#first_name-problem")).to_be_visible()


def both_questions(page: Page, venue: Venue) -> None:
    fill_in(page, venue, Email="carla@gmial.com", Phone="+49 30 123456")
    check_in_button(page).click()
    expect(page.get_by_text("Did they mean")).to_be_visible()


def somebody_is_here_already(page: Page, venue: Venue) -> None:
    checked_in(venue.cast, email=venue.email)
    fill_in(page, venue)
    choose(page, "API")
    check_in_button(page).click()
    expect(page.get_by_role("heading", name="They are here already")).to_be_visible()


def carla_checked_in(page: Page, venue: Venue) -> None:
    fill_in(page, venue, Email=f"new.{venue.email}", Phone="(415) 555-1777")
    check_in_button(page).click()
    expect(page.get_by_role("link", name="Next customer")).to_be_visible()


def take_an_empty_one(page: Page, _venue: Venue) -> None:
    page.locator("#take-T60").click()
    expect(page.get_by_role("alert")).to_be_visible()


def empty_note(page: Page, _venue: Venue) -> None:
    page.get_by_role("button", name="Add note").click()
    expect(page.get_by_role("alert").or_(page.locator("#note-problem"))).to_be_visible()


def more_opened(page: Page, venue: Venue) -> None:
    venue.cast.set(allow_urgent=True)
    page.reload()
    page.locator("#more > summary").click()
    expect(page.locator("#make-urgent")).to_be_visible()


def to_nobody(page: Page, _venue: Venue) -> None:
    page.locator("#more > summary").click()
    page.evaluate("() => document.getElementById('hand-over-to').removeAttribute('required')")
    page.locator("#hand-over").click()
    expect(page.locator("#hand-over-to-problem")).to_be_visible()


def resolved_by_hand(page: Page, venue: Venue) -> None:
    page.locator("#resolve").click()
    expect(page.locator(".hero")).to_contain_text("Resolved")
    # As long as this takes to look at.
    with venue.cast.writing() as session:
        change = session.get_one(TicketChange, venue.cast.changes("API-3")[-1].id)
        change.at += timedelta(minutes=5)
    page.emulate_media(reduced_motion="reduce")
    page.reload()
    expect(page.locator("#undo")).to_be_visible()


def nonsense(page: Page, _venue: Venue) -> None:
    page.get_by_label("Email").fill("nonsense")
    page.get_by_label("Phone").fill("12")
    page.get_by_role("button", name="Save").last.click()
    expect(page.locator("#email-problem")).to_be_visible()


def somebody_known(page: Page, _venue: Venue) -> None:
    page.locator(".ticket-line--person").first.click()
    expect(page.locator(".known")).to_be_visible()
    page.get_by_role("button", name="Make the ticket").last.click()
    expect(page.locator("#product-problem")).to_be_visible()


def answered(page: Page, _venue: Venue) -> None:
    page.get_by_label("Anything else?").fill("Quick and kind.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Thank you.")).to_be_visible()


def link_wanted(page: Page, venue: Venue) -> None:
    page.get_by_label("Email").fill(venue.email)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Look into your email")).to_be_visible()


def with_the_link_of_the_email(page: Page, venue: Venue) -> None:
    email = venue.cast.vera.email
    page.get_by_label("Email").fill(email)
    page.get_by_role("button", name="Send me the link").click()
    mails = venue.smtp.received
    until(lambda: any(email in mail.recipients for mail in mails), seconds=30)
    letter = next(mail for mail in mails if email in mail.recipients).part("plain")
    link = re.search(r"\S+/reset/\S+", letter)
    assert link
    page.goto(link[0])


def while_the_database_is_locked(page: Page, venue: Venue) -> None:
    page.get_by_label("Anything else?").fill("Quick and kind.")
    with venue.cast.writing() as session:
        session.connection()
        # Past htmx, which would send it again by itself.
        page.evaluate("() => HTMLFormElement.prototype.submit.call(document.querySelector('#feedback form'))")
        expect(page.get_by_role("heading", name="One moment, please")).to_be_visible()


def gone_meanwhile(page: Page, venue: Venue) -> None:
    expect(page.locator("#on-my-way")).to_be_visible()
    # Straight from the form as it stands, whatever the page learns meanwhile.
    press_it = "() => { window.pressed = document.querySelector('#on-my-way').form; }"
    page.evaluate(press_it)
    moved(venue.cast, "API-3", "no_show", by=venue.cast.tove)
    page.evaluate("() => HTMLFormElement.prototype.submit.call(document.body.appendChild(window.pressed))")
    expect(page.locator("#refusal")).to_be_visible()


def own_questions(page: Page, _venue: Venue) -> None:
    page.get_by_label("Email").fill("carla@gmial.com")
    page.get_by_label("Phone").fill("12")
    page.locator("#save-details").click()
    expect(page.get_by_text("Did you mean")).to_be_visible()


def every_field_is_asked(venue: Venue) -> None:
    venue.cast.set(
        ask_username="optional", username_label="Acme username", allow_urgent=True, ask_question_1="required",
        question_1="Company", ask_question_2="optional", question_2="Licence", question_2_choices="Basic,Advanced",
    )  # fmt: skip


def queues_rest(venue: Venue) -> None:
    venue.cast.set_queue("STQ", QueueState.PAUSED)
    venue.cast.set_queue("T60", QueueState.CLOSING)
    venue.cast.set_queue("API", QueueState.CLOSED)


def the_board_says_all(venue: Venue) -> None:
    queues_rest(venue)
    venue.cast.set(board_check_in_time=True, board_names="full", board_label_expert="Where to go", tv_chime=True)


def the_day_is_over(venue: Venue) -> None:
    with venue.cast.writing() as session:
        survey = session.get_one(Survey, venue.cast.survey("STQ-1").id)
        survey.satisfaction = 5
        survey.answered_at = venue.cast.ticket("STQ-1").queued_at.replace(year=2020)


def on_a_break(venue: Venue) -> None:
    with venue.cast.writing() as session:
        set_presence(session, event_id=venue.cast.event_id, person_id=venue.cast.emil.id, to=Presence.ON_BREAK)


def at_toves_desk(page: Page, venue: Venue) -> None:
    with venue.cast.writing() as session:
        set_desk(session, event_id=venue.cast.event_id, person_id=venue.cast.tove.id, desk="7")
    page.locator("#desk-number").fill("7")
    page.locator("#set-desk").click()
    expect(page.locator("#take-over")).to_be_visible()


def the_queue_closes(page: Page, _venue: Venue) -> None:
    page.locator("#closed-STQ").click()
    expect(page.locator("#words-STQ")).to_be_visible()


def the_days_end_is_past(venue: Venue) -> None:
    venue.cast.set(day_ends_at="00:00")
    on_a_break(venue)


def people_are_lost(venue: Venue) -> None:
    checked_in(venue.cast, first_name="Рената", email=None, phone=None)
    for status in ("no_show", ""):
        key = taken(venue.cast)
        if status:
            moved(venue.cast, key, status)


def messages_are_lost(venue: Venue) -> None:
    venue.cast.set(ready_text=False, ready_email=False)
    key = checked_in(venue.cast, "360", first_name="Noor", email=f"noor.{venue.email}")
    taken(venue.cast, "T60", by=venue.cast.emil)
    ticket = venue.cast.ticket(key)
    endings = {Channel.TEXT: AlertState.NEEDS_REVIEW, Channel.EMAIL: AlertState.FAILED}
    with venue.cast.writing() as session:
        moment = database_now(session)
        for channel, state in endings.items():
            session.add(
                Alert(
                    event_id=venue.cast.event_id, ticket_id=ticket.id, kind=AlertKind.READY, channel=channel,
                    occasion=str(ticket.take_number), state=state, created_at=moment, due_at=moment, attempts=1,
                    recipient="+14155552671", body="Noor 🦊, Emil 7.", reason_code="30005", unknown_at=moment,
                )
            )  # fmt: skip
        session.add(
            ChannelPause(
                event_id=venue.cast.event_id, channel=Channel.EMAIL, code="535", at=moment, detail="5.7.8",
                reason="The mail server does not accept the user and password of SMTP_URL.",
            )
        )  # fmt: skip


def asked_about(page: Page, _venue: Venue) -> None:
    page.locator(".paused__detail > summary").click()
    page.locator(".ask-first > summary").click()
    page.locator(".alert-row__line").last.click()
    expect(page.locator(".story").last).to_be_visible()


def too_much_to_take_home(page: Page, _venue: Venue) -> None:
    page.locator("#take-home > summary").click()
    page.locator("#advice").fill("https://help.example.org/" + "x" * 2000)
    page.locator("#resolve-with-advice").click()
    expect(page.locator("#advice-problem")).to_be_visible()


def followed_up(venue: Venue) -> None:
    """Let somebody be unhappy about STQ-1 although they went home with something; STQ-8 follows it up."""
    with venue.cast.writing() as session:
        ticket = session.get_one(Ticket, venue.cast.ticket("STQ-1").id)
        ticket.advice = f"Under Data > Weights:\nhttps://help.example.org/{'weights' * 20}"
        answer_survey(session, venue.cast.survey("STQ-1").token, Answer(recommend=0, comments="Шум!"))


def hands_full(venue: Venue) -> None:
    venue.cast.set(tickets_in_hand=1)


SIGHTS = (
    Sight("the events", "front/events.html", "/", PHONE),
    Sight("the event, for anybody", "front/event.html", "/{slug}/", PHONE),
    Sight("the event, for an organiser", "front/event.html", "/{slug}/", TABLET, "olga"),
    Sight("sign in", "people/sign_in.html", "/sign-in", TABLET),
    Sight("sign in, nothing typed", "people/sign_in.html", "/sign-in", TABLET, then=press("Sign in")),
    Sight("sign in, wrong", "people/sign_in.html", "/sign-in", PHONE, then=wrong_password),
    Sight("sign out", "people/sign_out.html", "/sign-out", TABLET, "vera"),
    Sight("reset", "people/reset.html", "/reset", TABLET),
    Sight("reset, nothing typed", "people/reset.html", "/reset", TABLET, then=press("Send me the link")),
    Sight("new password", "people/new_password.html", "/reset", TABLET, then=with_the_link_of_the_email),
    Sight("reset with a dead link", "people/reset_dead.html", "/reset/dead", TABLET),
    Sight("check-in", "checkin/form.html", "/{slug}/checkin", KIOSK, "vera"),
    Sight("check-in, empty event", "checkin/form.html", "/{slug}/checkin", KIOSK, "vera", is_empty=True),
    Sight("check-in, errors", "checkin/form.html", "/{slug}/checkin", KIOSK, "vera", then=empty_form),
    Sight("check-in, questions", "checkin/form.html", "/{slug}/checkin", KIOSK, "vera", then=both_questions),
    Sight("check-in, again", "checkin/form.html", "/{slug}/checkin", KIOSK, "vera", then=somebody_is_here_already),
    Sight("check-in, all fields", "checkin/form.html", "/{slug}/checkin", KIOSK, "vera", before=every_field_is_asked),
    Sight("check-in, queues rest", "checkin/form.html", "/{slug}/checkin", KIOSK, "vera", before=queues_rest),
    Sight("checked in", "checkin/done.html", "/{slug}/checkin", KIOSK, "vera", then=carla_checked_in),
    Sight("desk", "desk/show.html", "/{slug}/desk", TABLET, "emil"),
    Sight("desk, ticket in hand", "desk/show.html", "/{slug}/desk", TABLET, "tove", before=hands_full),
    Sight("desk, nobody there", "desk/show.html", "/{slug}/desk", TABLET, "emil", is_empty=True),
    Sight("desk, refused", "desk/show.html", "/{slug}/desk", TABLET, "emil", then=take_an_empty_one),
    Sight("desk, queues rest", "desk/show.html", "/{slug}/desk", TABLET, "emil", before=queues_rest),
    Sight("desk of an organiser", "desk/show.html", "/{slug}/desk", TABLET, "olga"),
    Sight("desk, on a break", "desk/show.html", "/{slug}/desk", TABLET, "emil", before=on_a_break),
    Sight("desk, number taken", "desk/show.html", "/{slug}/desk", TABLET, "emil", then=at_toves_desk),
    Sight("desk, the day over", "desk/show.html", "/{slug}/desk", TABLET, "lena", before=the_days_end_is_past),
    Sight("queues of a lead", "queues/show.html", "/{slug}/queues", TABLET, "lena", then=the_queue_closes),
    Sight("queues, the day over", "queues/show.html", "/{slug}/queues", TABLET, "olga", before=the_days_end_is_past),
    Sight("queues rest", "queues/show.html", "/{slug}/queues", TABLET, "olga", before=queues_rest),
    Sight("find", "find/show.html", "/{slug}/find", TABLET, "vera", before=people_are_lost),
    Sight("find, nobody lost", "find/show.html", "/{slug}/find", TABLET, "vera", is_empty=True),
    Sight("ticket, all moves", "tickets/show.html", "/{slug}/tickets/API-3", TABLET, "olga", then=more_opened),
    Sight("ticket, handed over to nobody", "tickets/show.html", "/{slug}/tickets/API-3", PHONE, "tove", then=to_nobody),
    Sight("ticket, to be undone", "tickets/show.html", "/{slug}/tickets/API-3", TABLET, "tove", then=resolved_by_hand),
    Sight("ticket, too much to take home", "tickets/show.html", "/{slug}/tickets/API-3", PHONE, "tove",
          then=too_much_to_take_home),
    Sight("ticket, followed up", "tickets/show.html", "/{slug}/tickets/STQ-1", TABLET, "emil", before=followed_up),
    Sight("ticket, a follow-up", "tickets/show.html", "/{slug}/tickets/STQ-8", TABLET, "lena", before=followed_up),
    Sight("own page, something to take home", "customer/show.html", "/t/{closed}", PHONE, before=followed_up),
    Sight("ticket, corrected", "tickets/correct.html", "/{slug}/tickets/API-3/correct", TABLET, "olga"),
    Sight("ticket, corrected to nonsense", "tickets/correct.html", "/{slug}/tickets/API-3/correct", PHONE, "olga",
          then=nonsense),
    Sight("ticket, deleted", "tickets/delete.html", "/{slug}/tickets/API-3/delete", TABLET, "olga"),
    Sight("ticket by hand", "tickets/by_hand.html", "/{slug}/tickets/new", TABLET, "emil"),
    Sight("ticket by hand, found", "tickets/by_hand.html", "/{slug}/tickets/new?q=carla", PHONE, "emil",
          then=somebody_known),
    Sight("ticket, waiting", "tickets/show.html", "/{slug}/tickets/STQ-4", TABLET, "emil"),
    Sight("ticket, called", "tickets/show.html", "/{slug}/tickets/API-3", TABLET, "tove"),
    Sight("ticket, on hold", "tickets/show.html", "/{slug}/tickets/STQ-2", TABLET, "emil"),
    Sight("ticket, closed", "tickets/show.html", "/{slug}/tickets/STQ-1", TABLET, "lena"),
    Sight("ticket, empty note", "tickets/show.html", "/{slug}/tickets/STQ-4", TABLET, "emil", then=empty_note),
    Sight("tickets", "tickets/index.html", "/{slug}/tickets", TABLET, "emil"),
    Sight("tickets, none found", "tickets/index.html", "/{slug}/tickets?q=nobody", TABLET, "emil"),
    Sight("tickets, none yet", "tickets/index.html", "/{slug}/tickets", TABLET, "emil", is_empty=True),
    Sight("board on a TV", "board/show.html", "/{slug}/board?tv=1", TV),
    Sight("board on a light TV", "board/show.html", "/{slug}/board?tv=1&scheme=light", TV, before=the_board_says_all),
    Sight("board on a tablet, all columns", "board/show.html", "/{slug}/board", TABLET, before=the_board_says_all),
    Sight("board on a phone", "board/show.html", "/{slug}/board", PHONE),
    Sight("board, nobody there", "board/show.html", "/{slug}/board?tv=1", TV, is_empty=True),
    Sight("customer, waiting", "customer/show.html", "/t/{waiting}", PHONE),
    Sight("customer, called", "customer/show.html", "/t/{called}", PHONE),
    Sight("customer, on hold", "customer/show.html", "/t/{on_hold}", PHONE),
    Sight("customer, helped", "customer/show.html", "/t/{closed}", PHONE),
    Sight("customer, nowhere to go", "customer/show.html", "/t/{called}", PHONE, then=gone_meanwhile),
    Sight("customer's details", "customer/details.html", "/t/{waiting}/details", PHONE),
    Sight("customer's details, questions", "customer/details.html", "/t/{waiting}/details", PHONE, then=own_questions),
    Sight("customer leaves", "customer/leave.html", "/t/{waiting}/leave", PHONE),
    Sight("customer leaves, called", "customer/leave.html", "/t/{called}/leave", PHONE),
    Sight("customer, queues rest", "customer/show.html", "/t/{waiting}", PHONE, before=queues_rest),
    Sight("survey", "feedback/form.html", "/feedback/{survey}", PHONE),
    Sight("survey, nothing chosen", "feedback/form.html", "/feedback/{survey}", PHONE, then=press("Send")),
    Sight("survey, answered", "feedback/thanks.html", "/feedback/{survey}", PHONE, then=answered),
    Sight("survey, over", "feedback/closed.html", "/feedback/{survey}", PHONE, before=the_day_is_over),
    Sight("outbox", "outbox/index.html", "/{slug}/outbox", TABLET, "olga"),
    Sight("outbox, messages lost", "outbox/index.html", "/{slug}/outbox", TABLET, "olga", before=messages_are_lost,
          then=asked_about),
    Sight("queues, messages lost", "queues/show.html", "/{slug}/queues", TABLET, "olga", before=messages_are_lost),
    Sight("desk, call lost", "desk/show.html", "/{slug}/desk", TABLET, "emil", before=messages_are_lost),
    Sight("outbox, nothing yet", "outbox/index.html", "/{slug}/outbox", TABLET, "olga", is_empty=True),
    Sight("reset, sent", "people/reset_sent.html", "/reset", TABLET, then=link_wanted),
    Sight("nothing here", "errors/error.html", "/{slug}/nothing-here", PHONE),
    Sight("not for you", "errors/error.html", "/{slug}/outbox", TABLET, "vera"),
    Sight("busy", "errors/busy.html", "/feedback/{survey}", PHONE, then=while_the_database_is_locked),
)  # fmt: skip


def test_no_page_is_missing_here() -> None:
    folder = ROOT / "templates"
    pages = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.html")
        if path.parent.name not in {"macros", "mail"} and not path.name.startswith("_")
    }
    assert pages - LAYOUTS == {sight.template for sight in SIGHTS}


@pytest.mark.parametrize("sight", SIGHTS, ids=lambda sight: sight.what)
def test_a_page_can_be_used_by_everybody(venue: Venue, sight: Sight) -> None:
    places = {"slug": venue.cast.slug} | ({} if sight.is_empty else peopled(venue))
    if sight.before is not None:
        sight.before(venue)
    who = getattr(venue.cast, sight.who) if sight.who else None
    page = venue.open(sight.path.format(**places), sight.size, who=who)
    if sight.then is not None:
        sight.then(page, venue)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        settled(page)
        assert what_axe_finds(page) == [], f"{sight.what} in {scheme}"
    page.set_viewport_size(PHONE)
    assert how_far_it_scrolls_sideways(page) == 0, f"{sight.what} is wider than a phone"


def test_the_kiosk_needs_no_scrolling_with_the_usual_fields_and_nine_products(venue: Venue) -> None:
    peopled(venue)
    page = venue.open(f"/{venue.cast.slug}/checkin", KIOSK, who=venue.cast.vera)
    assert len(page.locator(".tile").all()) == 9
    for tile in page.locator(".tile").all():
        expect(tile).to_be_in_viewport(ratio=1)
    expect(check_in_button(page)).to_be_in_viewport(ratio=1)
    assert page.evaluate("() => document.scrollingElement.scrollHeight - innerHeight") <= 0
    carla_checked_in(page, venue)
    expect(page.get_by_role("link", name="Next customer")).to_be_in_viewport(ratio=1)
    assert page.evaluate("() => document.scrollingElement.scrollHeight - innerHeight") <= 0


def peopled(venue: Venue) -> dict[str, str]:
    """Fill the event: all kinds of names, every way a ticket can stand; return what addresses are made of."""
    cast = venue.cast
    with cast.writing() as session:
        for position, name in enumerate(NINE):
            code = "".join(word[0] for word in name.split()).upper() + str(position)
            team = Team(event_id=cast.event_id, code=code, name=name, position=position)
            session.add(team)
            session.flush()
            session.add(Product(event_id=cast.event_id, team_id=team.id, name=name, position=position))
    helped = checked_in(cast, email=venue.email)
    taken(cast)
    moved(cast, helped, "resolved")
    on_hold = checked_in(cast, first_name="شيماء", last_name="الخطيب", email="s@example.org", phone=None)
    taken(cast)
    moved(cast, on_hold, "follow_up")
    called = checked_in(cast, "API", first_name="Zoë 🦊", last_name="Łukasiewicz-Wierzbowska", email=None, notes="Now!")
    taken(cast, "API", by=cast.tove, desk="3")
    waiting = checked_in(cast, first_name="Ада", last_name="Лавлейс", email="a@example.org", notes="x" * 300)
    queue_of(cast, 3)
    # Too long ago to be undone: what can be undone has a sight of its own.
    with cast.writing() as session:
        for change in session.scalars(select(TicketChange).join(Ticket).where(Ticket.event_id == cast.event_id)):
            change.at -= timedelta(minutes=1)
    return {
        "waiting": cast.ticket(waiting).token, "called": cast.ticket(called).token,
        "on_hold": cast.ticket(on_hold).token, "closed": cast.ticket(helped).token, "survey": cast.survey(helped).token,
    }  # fmt: skip


@cache
def axe() -> str:
    return (ROOT / "tests" / "vendor" / "axe.min.js").read_text(encoding="utf-8")


def what_axe_finds(page: Page) -> list[str]:
    """Return a line for each element that breaks a rule."""
    # Past the policy of the page, which lets no script in that is not its own.
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(axe())
    found: dict[str, Any] = page.evaluate("(rules) => axe.run(document, {runOnly: rules})", RULES)
    return [
        f"{rule['id']}: {node['html'][:160]} {node['failureSummary'][:300]}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def how_far_it_scrolls_sideways(page: Page) -> int:
    """Return by how many pixels the page is wider than the screen."""
    return int(page.evaluate("() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"))
