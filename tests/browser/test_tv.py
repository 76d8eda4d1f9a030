"""A TV at the end of the hall: pages, highlight, sound, and days in which nobody touches it (specification 6.4).

Its clock stands still and is moved by hand; what comes through the stream comes all the same.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import update

from checkin import clock
from checkin.db import announce
from checkin.models import BoardNames, Product, Ticket
from checkin.models.settings import Scheme
from tests.browser.venue import TV, Venue
from tests.cast import Cast, checked_in, moved, queue_of, returned, taken
from tests.support.line import Line, line_to
from tests.support.waiting import until

pytestmark = pytest.mark.browser

TURN = 10_000
READABLE = TV["height"] / 28
CONNECTED = (
    "document.addEventListener('htmx:sse:after:connection', () => { document.documentElement.id = 'live-now'; })"
)
HEARD = """
window.played = [];
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (at) { played.push(this.frequency.value); return start.call(this, at); };
"""
SPOKEN = """
window.spoken = [];
Object.defineProperty(window, "speechSynthesis", { value: {
  speak(speech) { spoken.push(speech.text); window.speech = speech; }, cancel() {},
} });
"""
# Chromium takes what Playwright does for a touch, and would let every page sound.
BLOCKED = """
window.AudioContext = class extends AudioContext {
  get state() { return this.isAllowed ? super.state : "suspended"; }
  resume() { this.isAllowed = true; return super.resume(); }
};
"""
LOCKS = """
window.locks = [];
Object.defineProperty(navigator, "wakeLock", { value: { async request(what) { locks.push(what); } } });
"""


@pytest.fixture
def line(venue: Venue) -> Iterator[Line]:
    """Yield a line to the venue's server that can break."""
    with line_to(venue.address) as line:
        yield line


def hang(venue: Venue, *scripts: str, query: str = "", **more: Any) -> Page:
    """Hang up a TV whose clock stands still, with scripts that run before its own; it has its stream."""
    tv = venue.open("/healthz", TV, **more)
    for script in (CONNECTED, *scripts):
        tv.add_init_script(f"{{{script}}}")
    tv.clock.install()
    tv.clock.pause_at(clock.now() + timedelta(seconds=5))
    tv.goto(f"/{venue.cast.slug}/board?tv=1{query}")
    is_connected(tv)
    return tv


def is_connected(tv: Page) -> None:
    expect(tv.locator("html")).to_have_id("live-now")


def shown(tv: Page) -> Locator:
    """Return the rows of the page that is shown."""
    return tv.locator("tbody tr:visible")


def where(tv: Page) -> Locator:
    """Return the line that says which page it is."""
    return tv.locator("#board-page")


# Pages


def test_it_shows_by_turns_what_does_not_fit(venue: Venue) -> None:
    keys = queue_of(venue.cast, 23)
    tv = hang(venue)
    seen: list[str] = []
    for number in (1, 2, 3):
        expect(where(tv)).to_have_text(f"Page {number} of 3")
        seen += keys_on(tv)
        assert cut_rows(tv) == 0
        tv.clock.run_for(TURN)
        # So long a silence would end the stream; somebody's news keeps it.
        key = checked_in(venue.cast, first_name=f"Late {number}", email=f"late{number}@example.org", phone=None)
        moved(venue.cast, key, "cancelled", by=venue.cast.olga)
        expect(tv.locator(f"#row-{key}")).to_have_count(0)
    assert sorted(seen) == sorted(keys)
    expect(where(tv)).to_have_text("Page 1 of 3")


def test_few_rows_need_no_pages(venue: Venue) -> None:
    queue_of(venue.cast, 10)
    tv = hang(venue)
    expect(shown(tv)).to_have_count(10)
    assert cut_rows(tv) == 0
    tv.clock.run_for(TURN)
    expect(shown(tv)).to_have_count(10)
    expect(where(tv)).to_be_empty()


def test_who_was_called_last_stays_on_every_page(venue: Venue) -> None:
    first, *_others = queue_of(venue.cast, 15)
    taken(venue.cast)
    more = queue_of(venue.cast, 10)
    tv = hang(venue)
    # Ten came after the call: in the order of updates it would be on the second page.
    assert keys_on(tv) == [*reversed(more[1:]), first]
    tv.clock.run_for(TURN)
    expect(where(tv)).to_have_text("Page 2 of 3")
    assert first in keys_on(tv)
    assert len(keys_on(tv)) == 10


def test_a_new_call_brings_back_the_first_page_at_once_and_a_check_in_does_not(venue: Venue) -> None:
    first, *_others = queue_of(venue.cast, 15)
    tv = hang(venue)
    tv.clock.run_for(TURN)
    expect(where(tv)).to_have_text("Page 2 of 2")
    key = checked_in(venue.cast)
    expect(tv.locator(f"#row-{key}")).to_have_count(1)
    expect(where(tv)).to_have_text("Page 2 of 2")
    taken(venue.cast)
    expect(where(tv)).to_have_text("Page 1 of 2")
    assert keys_on(tv)[0] == first
    tv.clock.run_for(TURN - 1)
    expect(where(tv)).to_have_text("Page 1 of 2")
    tv.clock.run_for(1)
    expect(where(tv)).to_have_text("Page 2 of 2")


def test_rows_of_other_pages_do_not_flash_up_when_something_changes(venue: Venue) -> None:
    queue_of(venue.cast, 15)
    # Where paints are counted the clock has to go: it drives the frames, too.
    tv = venue.open(f"/{venue.cast.slug}/board?tv=1", TV)
    expect(shown(tv)).to_have_count(10)
    tv.evaluate("""() => {
      window.most = 0;
      const isSeen = (row) => row.offsetHeight > 0;
      (function frame() {
        window.most = Math.max(window.most, [...document.querySelectorAll("tbody tr")].filter(isSeen).length);
        requestAnimationFrame(frame);
      })();
    }""")
    key = taken(venue.cast)
    expect(tv.locator("tbody tr").first).to_have_id(f"row-{key}")
    tv.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert tv.evaluate("window.most") == 10


def keys_on(tv: Page) -> list[str]:
    return shown(tv).locator(".key").all_inner_texts()


def cut_rows(tv: Page) -> int:
    """Return how many rows are not wholly on the screen."""
    count: int = tv.evaluate("""() => {
      const board = document.getElementById("board").getBoundingClientRect();
      const rows = [...document.querySelectorAll("tbody tr")].map((row) => row.getBoundingClientRect());
      return rows.filter((row) => row.height > 0 && (row.bottom > board.bottom + 1 || row.top < board.top)).length;
    }""")
    return count


# To be read from eight metres


def test_what_stands_in_a_row_can_be_read_from_eight_metres(venue: Venue) -> None:
    queue_of(venue.cast, 2)
    taken(venue.cast, desk="12")
    tv = hang(venue)
    for cell in tv.locator("tbody :is(.key, bdi, .state, .board__desk, time)").all():
        assert cell.evaluate("cell => parseFloat(getComputedStyle(cell).fontSize)") >= READABLE - 0.5


@pytest.mark.parametrize("name", ["Website and app feedback", "Integrations, and what nobody has a name for yet"])
def test_long_words_become_smaller_instead_of_ending_in_dots(venue: Venue, name: str) -> None:
    with venue.cast.writing() as session:
        session.execute(update(Product).where(Product.id == venue.cast.products["Stats iQ"]).values(name=name))
    venue.cast.set(board_names="full", board_check_in_time=True)
    checked_in(venue.cast, first_name="Bartholomew-Maximilian", last_name="Featherstonehaugh-Cholmondeley")
    checked_in(venue.cast, "API", first_name="شيماء", last_name="الخطيب", email="s@example.org", phone=None)
    checked_in(venue.cast, "API", first_name="Zoë 🦊", last_name="Martin", email="z@example.org", phone=None)
    taken(venue.cast, desk="Blue corner 12")
    tv = hang(venue)
    expect(shown(tv)).to_have_count(3)
    assert (
        tv.evaluate("""() => [...document.querySelectorAll(".board__fit")].filter((words) =>
      words.scrollWidth > words.clientWidth + 1 || words.scrollHeight > words.clientHeight + 12
    ).map((words) => words.textContent)""")
        == []
    )
    assert cut_rows(tv) == 0


def test_colours_follow_the_event_unless_the_address_says_which(venue: Venue) -> None:
    checked_in(venue.cast)
    follows = hang(venue)
    keeps = hang(venue, query="&scheme=dark")
    for tv in (follows, keeps):
        expect(tv.locator("html")).to_have_attribute("data-scheme", "dark")
    venue.cast.set(tv_scheme=Scheme.LIGHT)
    expect(follows.locator("html")).to_have_attribute("data-scheme", "light")
    key = taken(venue.cast)
    expect(keeps.locator(f"#row-{key}")).to_contain_text("Emil")
    expect(keeps.locator("html")).to_have_attribute("data-scheme", "dark")


def test_it_speaks_the_events_new_language_without_being_touched(venue: Venue) -> None:
    checked_in(venue.cast)
    tv = hang(venue)
    venue.cast.set(languages=("fr", "en"))
    expect(tv.locator("html")).to_have_attribute("lang", "fr")
    expect(tv.locator(".board__ago").last).to_contain_text("instant")


@pytest.mark.parametrize("names", [BoardNames.FULL, BoardNames.KEY_ONLY], ids=str)
def test_with_the_time_of_check_in_there_is_still_room_for_where_to_go(venue: Venue, names: BoardNames) -> None:
    venue.cast.set(
        board_check_in_time=True, board_names=names, board_product=names is BoardNames.FULL, languages=("fr", "en")
    )
    first, _second = queue_of(venue.cast, 2)
    taken(venue.cast, desk="12")
    tv = hang(venue)
    expect(tv.locator(f"#row-{first}")).to_contain_text("Table 12")
    tv.wait_for_function("""() => {
      const words = [...document.querySelectorAll("tbody :is(.state, .board__desk, .key)")];
      const room = (one) => one.closest("td, th").getBoundingClientRect().right;
      return words.every((one) => one.getBoundingClientRect().right <= room(one));
    }""")


# Who is called


def test_the_highlight_stays_while_somebody_is_called_and_goes_when_they_are_here(venue: Venue) -> None:
    first, second = queue_of(venue.cast, 2)
    tv = hang(venue)
    taken(venue.cast)
    row = tv.locator(f"#row-{first}")
    expect(row).to_have_class("is-called is-newest just-called")
    tv.clock.run_for(1_300)
    expect(row).to_have_class("is-called is-newest")
    taken(venue.cast, by=venue.cast.lena)
    expect(tv.locator(f"#row-{second}")).to_have_class("is-called is-newest just-called")
    expect(row).to_have_class("is-called")
    arrives(venue.cast, first)
    expect(row).to_have_class("is-helped")


def test_a_glow_goes_on_while_other_things_happen(venue: Venue) -> None:
    first, _second = queue_of(venue.cast, 2)
    tv = hang(venue)
    taken(venue.cast)
    expect(tv.locator(f"#row-{first}")).to_have_class("is-called is-newest just-called")
    tv.clock.run_for(600)
    key = checked_in(venue.cast)
    expect(tv.locator(f"#row-{key}")).to_have_count(1)
    expect(tv.locator(f"#row-{first}")).to_have_class("is-called is-newest just-called")
    tv.clock.run_for(600)
    expect(tv.locator(f"#row-{first}")).to_have_class("is-called is-newest")


@pytest.mark.parametrize("key", ["STQ-204", "WEB-888", "XMD-888"])
def test_a_number_with_three_digits_stays_whole_and_as_large_as_the_others(venue: Venue, key: str) -> None:
    first, second = queue_of(venue.cast, 2)
    with venue.cast.writing() as session:
        session.execute(
            update(Ticket).where(Ticket.event_id == venue.cast.event_id, Ticket.key == second).values(key=key)
        )
    tv = hang(venue)
    sizes = [tv.locator(f"#row-{one} .key").evaluate("key => getComputedStyle(key).fontSize") for one in (first, key)]
    assert sizes[0] == sizes[1]
    expect(tv.locator(f"#row-{key} .board__fit").first).to_have_class("board__fit")


def arrives(cast: Cast, key: str) -> None:
    write(cast, key, arrived_at=clock.now())


def write(cast: Cast, key: str, **values: Any) -> None:
    """Change a ticket past the rules."""
    with cast.writing() as session:
        session.execute(update(Ticket).where(Ticket.event_id == cast.event_id, Ticket.key == key).values(**values))
        announce(session, cast.event_id)


# Sound


def test_it_chimes_for_a_new_call_and_for_nothing_else(venue: Venue) -> None:
    venue.cast.set(tv_chime=True)
    queue_of(venue.cast, 15)
    earlier = taken(venue.cast)
    tv = hang(venue, HEARD)
    may_sound(tv)
    assert chimes(tv) == 0
    tv.clock.run_for(TURN)
    key = checked_in(venue.cast)
    expect(tv.locator(f"#row-{key}")).to_have_count(1)
    returned(venue.cast, earlier)
    expect(tv.locator(f"#row-{earlier}")).to_contain_class("is-waiting")
    assert taken(venue.cast) == earlier
    until(lambda: chimes(tv) == 1)
    arrives(venue.cast, earlier)
    expect(tv.locator(f"#row-{earlier}")).to_contain_class("is-helped")
    venue.cast.set(tv_chime=False)
    expect(tv.locator("#board-rows[data-chime]")).to_have_count(0)
    quiet = taken(venue.cast, by=venue.cast.lena)
    expect(tv.locator(f"#row-{quiet}")).to_contain_text("Lena")
    assert chimes(tv) == 1


def test_after_a_reload_it_chimes_only_for_what_comes_then(venue: Venue) -> None:
    venue.cast.set(tv_chime=True)
    queue_of(venue.cast, 2)
    taken(venue.cast)
    tv = hang(venue, HEARD)
    tv.reload()
    is_connected(tv)
    may_sound(tv)
    key = taken(venue.cast, by=venue.cast.lena)
    expect(tv.locator(f"#row-{key}")).to_contain_text("Lena")
    until(lambda: chimes(tv) == 1)


def test_it_says_that_the_browser_keeps_it_quiet_until_somebody_taps(venue: Venue) -> None:
    tv = hang(venue, BLOCKED, HEARD)
    sound = tv.locator("#board-sound")
    expect(sound).to_be_empty()
    venue.cast.set(tv_chime=True)
    expect(sound).to_contain_text("Tap the screen once for sound.")
    may_sound(tv)
    checked_in(venue.cast)
    taken(venue.cast)
    until(lambda: chimes(tv) == 1)


def may_sound(tv: Page) -> None:
    """Tap, and wait until the browser lets it sound."""
    tv.mouse.click(900, 500)
    expect(tv.locator("#board-sound")).to_be_empty()


def chimes(tv: Page) -> int:
    """Return how often it chimed: two notes each time."""
    notes: int = tv.evaluate("played.length")
    return notes // 2


def test_calls_are_spoken_one_at_a_time_each_once(venue: Venue) -> None:
    venue.cast.set(tv_spoken_call=True, tickets_in_hand=0)
    first, second, third = queue_of(venue.cast, 3)
    tv = hang(venue, SPOKEN)
    may_sound(tv)
    taken(venue.cast, desk="7")
    until(after(tv, lambda: spoken(tv) == [f"{first}, {name_of(venue, first)}, Desk 7"]))
    taken(venue.cast, by=venue.cast.lena, desk="9")
    write(venue.cast, third, first_name="Ada", last_name="Lovelace")
    taken(venue.cast, by=venue.cast.emil, desk="12")
    expect(tv.locator(f"#row-{third}")).to_contain_text("Emil")
    tv.clock.run_for(2_000)
    assert len(spoken(tv)) == 1
    finish(tv)
    until(after(tv, lambda: len(spoken(tv)) == 2))
    finish(tv)
    until(after(tv, lambda: len(spoken(tv)) == 3))
    assert spoken(tv)[1:] == [f"{second}, {name_of(venue, second)}, Desk 9", f"{third}, Ada L., Desk 12"]
    finish(tv)
    assert tv.evaluate("speech.lang") == "en"


def test_who_was_put_back_before_their_turn_is_not_called_out(venue: Venue) -> None:
    venue.cast.set(tv_spoken_call=True, tickets_in_hand=0)
    first, second, third = queue_of(venue.cast, 3)
    tv = hang(venue, SPOKEN)
    taken(venue.cast)
    until(after(tv, lambda: len(spoken(tv)) == 1))
    taken(venue.cast, by=venue.cast.lena)
    expect(tv.locator(f"#row-{second}")).to_contain_text("Lena")
    returned(venue.cast, second, by=venue.cast.lena)
    expect(tv.locator(f"#row-{second}")).to_contain_class("is-waiting")
    finish(tv)
    write(venue.cast, second, not_before=clock.now() + timedelta(minutes=5))
    assert taken(venue.cast, by=venue.cast.lena, desk="9") == third
    until(after(tv, lambda: len(spoken(tv)) == 2))
    assert [words.partition(",")[0] for words in spoken(tv)] == [first, third]


def test_a_line_that_was_cut_repeats_no_call_and_calls_nobody_from_long_ago(venue: Venue, line: Line) -> None:
    venue.cast.set(tv_spoken_call=True, tickets_in_hand=0)
    _first, second, third = queue_of(venue.cast, 3)
    tv = hang(venue, SPOKEN, address=line.address)
    taken(venue.cast)
    until(after(tv, lambda: len(spoken(tv)) == 1))
    finish(tv)
    line.cut()
    assert taken(venue.cast, by=venue.cast.lena) == second
    write(venue.cast, second, taken_at=clock.now() - timedelta(minutes=2))
    line.mend()
    until(after(tv, lambda: "Lena" in tv.locator(f"#row-{second}").inner_text(), step=1_000), seconds=60)
    assert len(spoken(tv)) == 1
    # By now its clock is minutes ahead of the server's, as no device's is.
    tv.clock.set_system_time(clock.now())
    assert taken(venue.cast) == third
    until(after(tv, lambda: len(spoken(tv)) == 2))
    assert spoken(tv)[1].startswith(third)


def spoken(tv: Page) -> list[str]:
    """Return what it has begun to say."""
    calls: list[str] = tv.evaluate("spoken")
    return calls


def finish(tv: Page) -> None:
    """Let it have finished what it says."""
    tv.evaluate("speech.dispatchEvent(new Event('end'))")


def after(tv: Page, condition: Callable[[], bool], *, step: int = 50) -> Callable[[], bool]:
    """Return the condition with a little of the TV's time before it each time."""

    def passed() -> bool:
        tv.clock.run_for(step)
        return condition()

    return passed


def name_of(venue: Venue, key: str) -> str:
    return venue.cast.ticket(key).first_name + " J."


# Days without anybody


@pytest.mark.parametrize("way", ["stream", "poll"])
def test_its_page_does_not_grow_with_what_happens(venue: Venue, way: str) -> None:
    checked_in(venue.cast)
    tv = venue.open(f"/{venue.cast.slug}/board?tv=1", TV)
    if way == "poll":
        tv.route("**/board/events", lambda route: route.fulfill(status=503, body=""))
        tv.clock.install()
        tv.reload()

    def reads(words: str) -> None:
        row = tv.locator(f"#row-{key}")
        if way == "stream":
            expect(row).to_contain_text(words)
        else:
            # From one question to the next the time is made to pass.
            until(after(tv, lambda: words in row.inner_text(), step=250), seconds=60)

    nodes = []
    for _ in range(3):
        key = taken(venue.cast)
        reads("Emil")
        returned(venue.cast, key)
        reads("Waiting")
        nodes.append(tv.evaluate("() => document.getElementById('board').childNodes.length"))
    assert nodes[0] == nodes[-1]


def test_it_asks_the_device_to_stay_awake_and_again_when_it_is_seen_again(venue: Venue) -> None:
    tv = hang(venue, LOCKS)
    assert tv.evaluate("locks") == ["screen"]
    tv.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    until(lambda: tv.evaluate("locks.length") == 2)


def test_a_device_that_refuses_to_stay_awake_is_no_trouble(venue: Venue) -> None:
    refusing = LOCKS.replace("locks.push(what);", "throw new DOMException('no', 'NotAllowedError');")
    tv = hang(venue, refusing)
    key = checked_in(venue.cast)
    expect(tv.locator(f"#row-{key}")).to_be_visible()


def test_it_says_since_when_it_is_not_up_to_date_and_catches_up(venue: Venue, line: Line) -> None:
    first, _second = queue_of(venue.cast, 2)
    tv = hang(venue, address=line.address)
    state = tv.locator("#live-state")
    expect(state).to_have_attribute("data-state", "live")
    line.cut()
    until(after(tv, lambda: state.get_attribute("data-state") == "updating", step=1_000), seconds=60)
    until(after(tv, lambda: state.get_attribute("data-state") == "stale", step=1_000), seconds=60)
    expect(state).to_contain_text("Not up to date: no connection since")
    taken(venue.cast)
    line.mend()
    until(after(tv, lambda: "Emil" in tv.locator(f"#row-{first}").inner_text(), step=1_000), seconds=60)
    expect(state).to_have_attribute("data-state", "live")
