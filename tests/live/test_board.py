"""What the public board shows, to whom and in which order (docs/specification.md, 6.1 and 6.3)."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from checkin import clock
from checkin.db import announce
from checkin.live.names import initial, shown_name
from checkin.models import BoardNames, Product, QueueState, Status, StatusCode, Ticket
from checkin.queueing.notes import add_note
from tests.cast import CARLA_EMAIL, CARLA_PHONE, Cast, checked_in, moved, queue_of, returned, sign_in, taken

HTMX = {"HX-Request": "true"}


def fragment(client: FlaskClient, address: str = "/demo/board") -> str:
    answer = client.get(address, headers=HTMX)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def keys(client: FlaskClient, cast: Cast) -> list[str]:
    """Return the keys on the board from top to bottom."""
    text = fragment(client)
    found = [(text.find(f">{key}<"), key) for key in all_keys(cast)]
    return [key for at, key in sorted(found) if at >= 0]


def all_keys(cast: Cast) -> list[str]:
    from sqlalchemy import select

    return [ticket.key for ticket in cast.all(select(Ticket))]


def test_the_newest_update_stands_first(cast: Cast, client: FlaskClient) -> None:
    first, second, third = queue_of(cast, 3)
    assert keys(client, cast) == [third, second, first]

    taken(cast)
    assert keys(client, cast) == [first, third, second]


def test_a_ticket_that_is_taken_shows_expert_and_desk(cast: Cast, client: FlaskClient) -> None:
    checked_in(cast)
    assert "Emil" not in fragment(client)

    taken(cast, desk="7")
    text = fragment(client)
    assert "Emil" in text
    assert "Desk 7" in text


def test_waiting_tickets_show_their_place(cast: Cast, client: FlaskClient) -> None:
    queue_of(cast, 2)
    text = fragment(client)
    assert "next" in text
    assert "2nd" in text


@pytest.mark.parametrize("status", [StatusCode.RESOLVED, StatusCode.FOLLOW_UP, StatusCode.CANCELLED])
def test_who_is_helped_on_hold_or_gone_leaves_the_board(cast: Cast, client: FlaskClient, status: StatusCode) -> None:
    checked_in(cast)
    key = taken(cast)
    moved(cast, key, status)
    assert keys(client, cast) == []


def test_an_open_status_that_is_not_on_the_board_keeps_its_tickets_off_it(cast: Cast, client: FlaskClient) -> None:
    checked_in(cast)
    with cast.writing() as session:
        session.execute(update(Status).where(Status.code == StatusCode.OPEN).values(on_board=False))
    assert keys(client, cast) == []


def test_last_update_does_not_move_with_a_note(cast: Cast, client: FlaskClient) -> None:
    first, second = queue_of(cast, 2)
    with cast.writing() as session:
        add_note(session, first, event_id=cast.event_id, by=cast.vera.id, words="will be back at three")
    assert keys(client, cast) == [second, first]


def test_nothing_private_reaches_the_board(cast: Cast, client: FlaskClient) -> None:
    checked_in(cast, notes="lost the contract with Acme", username="carla77")
    taken(cast)
    page = client.get("/demo/board").get_data(as_text=True)
    for text in (fragment(client), page):
        assert "Carla" in text
        for private in (CARLA_EMAIL, CARLA_PHONE, CARLA_PHONE[-7:], "contract", "carla77", "Jones", "/t/"):
            assert private not in text


@pytest.mark.parametrize(
    "query",
    ["status=resolved", "all=1", "order=asc&sort=key", "event=1", "limit=9999", "q=Carla", "tv=1", "tv=1&scheme=light"],
)
def test_no_parameter_shows_other_tickets_or_another_order(cast: Cast, client: FlaskClient, query: str) -> None:
    queue_of(cast, 2)
    moved(cast, taken(cast), StatusCode.RESOLVED)
    assert fragment(client, f"/demo/board?{query}") == fragment(client)


def test_another_event_is_not_shown(cast: Cast, client: FlaskClient) -> None:
    key = checked_in(cast)
    assert key not in fragment(client, "/demo-elsewhere/board")


def test_an_unknown_event_has_no_board(cast: Cast, client: FlaskClient) -> None:
    assert client.get("/nowhere/board").status_code == 404
    assert client.get("/nowhere/board/events").status_code == 404


def test_an_event_may_ask_for_its_link(cast: Cast, client: FlaskClient) -> None:
    key = checked_in(cast)
    assert "/demo/board" in client.get("/demo/").text
    assert key in fragment(client)
    cast.set(board_link="hall-7-north")
    for address in ("/demo/board", "/demo/board?tv=1", "/demo/board?link=hall-7", "/demo/board?link=%C3%A9"):
        assert client.get(address).status_code == 403
        assert client.get(address, headers=HTMX).status_code == 403
        assert client.get(address.replace("board", "board/events")).status_code == 403
    assert "or have its link" in client.get("/demo/board").text
    assert "/demo/board" not in client.get("/demo/").text
    page = client.get("/demo/board?tv=1&link=hall-7-north")
    assert key in page.text
    assert "/demo/board/events?link=hall-7-north" in page.text
    assert key in fragment(client, "/demo/board?link=hall-7-north")
    assert client.head("/demo/board/events?link=hall-7-north").status_code == 200
    assert key in fragment(client, "/demo/board?link=hall-7-north")


def test_staff_need_no_link_and_find_the_one_to_pass_on(cast: Cast, client: FlaskClient) -> None:
    cast.set(board_link="hall-7-north")
    sign_in(client, cast.vera)
    assert client.get("/demo/board").status_code == 200
    assert "/demo/board?tv=1&amp;link=hall-7-north" in client.get("/demo/").text
    assert client.get("/demo-elsewhere/board").status_code == 200
    sign_in(client, cast.oskar)
    assert client.get("/demo/board").status_code == 403


def test_tv_mode_changes_only_the_layout(cast: Cast, client: FlaskClient) -> None:
    key = checked_in(cast)
    tv = client.get("/demo/board?tv=1").get_data(as_text=True)
    assert "face-board--tv" in tv
    assert key in tv


@pytest.mark.parametrize(
    ("names", "shown"),
    [(BoardNames.FULL, "Carla Jones"), (BoardNames.FIRST_INITIAL, "Carla J."), (BoardNames.KEY_ONLY, "")],
)
def test_organisers_choose_how_names_are_shown(cast: Cast, client: FlaskClient, names: BoardNames, shown: str) -> None:
    checked_in(cast)
    cast.set(board_names=names)
    text = fragment(client)
    assert shown in text
    assert ("Carla" in text) is ("Customer" in text) is (names is not BoardNames.KEY_ONLY)
    assert ("Jones" in text) is (names is BoardNames.FULL)


def test_organisers_may_leave_out_the_product(cast: Cast, client: FlaskClient) -> None:
    with cast.writing() as session:
        session.execute(update(Product).where(Product.id == cast.products["Stats iQ"]).values(name="Regression"))
    checked_in(cast)
    assert "Regression" in fragment(client)
    cast.set(board_product=False)
    assert "Regression" not in fragment(client)


def heads(client: FlaskClient) -> list[str]:
    """Return the names of the columns."""
    return re.findall(r'<th scope="col"[^>]*>([^<]+)</th>', fragment(client))


def test_columns_have_our_names_until_the_event_has_its_own(cast: Cast, client: FlaskClient) -> None:
    checked_in(cast)
    assert heads(client) == ["Number", "Customer", "Expert", "Product", "Last update"]
    cast.set(
        board_label_key="Ticket", board_label_customer="Guest", board_label_expert="Where to go",
        board_label_product="Topic", board_label_updated="Since",
    )  # fmt: skip
    assert heads(client) == ["Ticket", "Guest", "Where to go", "Topic", "Since"]
    cast.set(board_label_customer="", board_label_expert="<b>Desk</b>")
    assert heads(client)[1] == "Customer"
    assert "<b>Desk" not in fragment(client)


def test_organisers_may_add_when_somebody_checked_in(cast: Cast, client: FlaskClient) -> None:
    key = checked_in(cast)
    write(cast, key, queued_at=clock.now().replace(hour=9, minute=41))
    assert "09:41" not in fragment(client)
    cast.set(board_check_in_time=True)
    assert heads(client) == ["Number", "Customer", "Expert", "Product", "Checked in", "Last update"]
    assert "09:41" in fragment(client)
    cast.set(board_label_check_in="Came at")
    assert heads(client)[4] == "Came at"


def test_the_board_speaks_the_events_language_whatever_a_browser_wants(cast: Cast, client: FlaskClient) -> None:
    cast.set(languages=("fr", "en"))
    page = client.get("/demo/board?tv=1", headers={"Accept-Language": "en"}).get_data(as_text=True)
    assert '<html lang="fr"' in page
    assert fragment(client) == client.get("/demo/board", headers={**HTMX, "Accept-Language": "en"}).get_data(
        as_text=True
    )


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (QueueState.PAUSED, "Queue paused"), (QueueState.CLOSING, "Queue closing"), (QueueState.CLOSED, "Queue closed"),
    ],
)  # fmt: skip
def test_a_queue_that_rests_is_told_to_who_waits_in_it(
    cast: Cast, client: FlaskClient, state: QueueState, words: str
) -> None:
    mine, waiting = queue_of(cast, 2)
    taken(cast)
    elsewhere = checked_in(cast, "API")
    assert words not in fragment(client)
    cast.set_queue("STQ", state)
    assert words in row_of(client, waiting)
    assert words not in row_of(client, mine)
    assert words not in row_of(client, elsewhere)


def test_somebody_who_has_come_is_helped_and_not_called_any_more(cast: Cast, client: FlaskClient) -> None:
    first, second = queue_of(cast, 2)
    cast.set(tickets_in_hand=0)
    taken(cast)
    taken(cast, desk="9")
    assert "is-newest" in row_of(client, second)
    write(cast, second, arrived_at=clock.now())
    assert "Being helped:" in row_of(client, second)
    assert "data-call" not in row_of(client, second)
    assert "Desk 9" in row_of(client, second)
    assert "is-newest" in row_of(client, first)


def test_the_newest_is_who_was_called_last_and_not_who_was_changed_last(cast: Cast, client: FlaskClient) -> None:
    first, second = queue_of(cast, 2)
    cast.set(tickets_in_hand=0)
    taken(cast)
    taken(cast)
    write(cast, first, updated_at=clock.now() + timedelta(seconds=5))
    assert "is-newest" in row_of(client, second)
    assert "is-newest" not in row_of(client, first)
    write(cast, first, call_number=1, called_at=clock.now() + timedelta(seconds=9))
    assert "is-newest" in row_of(client, first)


def test_each_call_of_a_ticket_is_another_one(cast: Cast, client: FlaskClient) -> None:
    key = checked_in(cast)
    seen = []
    for _ in range(2):
        taken(cast)
        seen.append(call_of(client, key))
        write(cast, key, call_number=1, called_at=clock.now())
        seen.append(call_of(client, key))
        returned(cast, key)
    assert len(set(seen)) == 4
    assert "data-call" not in row_of(client, key)


@pytest.mark.parametrize(
    ("names", "desk", "words"),
    [
        (BoardNames.FIRST_INITIAL, "7", "STQ-1, Carla J., Desk 7"), (BoardNames.KEY_ONLY, "7", "STQ-1, Desk 7"),
        (BoardNames.FULL, "", "STQ-1, Carla Jones, Emil"), (BoardNames.KEY_ONLY, "", "STQ-1, Emil"),
    ],
)  # fmt: skip
def test_what_a_tv_says_is_no_more_than_what_it_shows(
    cast: Cast, client: FlaskClient, names: BoardNames, desk: str, words: str
) -> None:
    checked_in(cast)
    cast.set(board_names=names)
    taken(cast, desk=desk)
    assert "data-say" not in fragment(client)
    cast.set(tv_spoken_call=True)
    assert f'data-say="{words}"' in fragment(client)


def test_a_tv_is_dark_unless_the_event_or_its_address_says_light(cast: Cast, client: FlaskClient) -> None:
    def scheme(query: str) -> str:
        found = re.search(r'<html[^>]* data-scheme="(\w+)"', client.get(f"/demo/board{query}").get_data(as_text=True))
        return found[1] if found else ""

    assert (scheme("?tv=1"), scheme("?tv=1&scheme=light"), scheme("?tv=1&scheme=pink")) == ("dark", "light", "dark")
    cast.set(tv_scheme="light")
    assert (scheme("?tv=1"), scheme("?tv=1&scheme=dark"), scheme("")) == ("light", "dark", "")


def row_of(client: FlaskClient, key: str) -> str:
    """Return the ticket's row."""
    return fragment(client).split(f'id="row-{key}"', 1)[1].split("</tr>", 1)[0]


def call_of(client: FlaskClient, key: str) -> str:
    """Return the number of the call that the ticket's row shows."""
    found = re.search(r'data-call="([^"]+)"', row_of(client, key))
    assert found
    return found[1]


def write(cast: Cast, key: str, **values: Any) -> None:
    """Change a ticket past the rules."""
    with cast.writing() as session:
        session.execute(update(Ticket).where(Ticket.event_id == cast.event_id, Ticket.key == key).values(**values))
        announce(session, cast.event_id)


@pytest.mark.parametrize(
    ("last_name", "letter"),
    [
        ("Lovelace", "L"),
        ("L", "L"),
        ("", ""),
        ("   ", ""),
        ("van Dyke", "v"),
        ("'t Hooft", "t"),
        ("e\u0301cole", "e\u0301"),
        ("\u0639\u0644\u064a", "\u0639"),
        ("\u202eevil", "e"),
        ("\u05dc\u05d5\u05d9", "\u05dc"),
        ("\u0915\u094d\u0937", "\u0915\u094d"),
        ("王", "王"),
        ("\U0001f469\u200d\U0001f4bb", "\U0001f469\u200d\U0001f4bb"),
        ("\U0001f44d\U0001f3fd", "\U0001f44d\U0001f3fd"),
        ("\U0001f1eb\U0001f1f7\U0001f1ea\U0001f1f8", "\U0001f1eb\U0001f1f7"),
        ("\u2764\ufe0f Smith", "S"),
        ("\u2764\ufe0f", "\u2764\ufe0f"),
    ],
)
def test_the_first_letter_of_a_name_is_what_people_see_as_one(last_name: str, letter: str) -> None:
    assert initial(last_name) == letter


def test_somebody_without_a_last_name_has_no_stray_full_stop() -> None:
    assert shown_name("Ada", "", BoardNames.FIRST_INITIAL) == "Ada"
    assert shown_name("Ada", "", BoardNames.FULL) == "Ada"


def test_of_a_name_in_two_directions_the_full_stop_stays_with_its_letter() -> None:
    assert shown_name("محمد", "Moore", BoardNames.FIRST_INITIAL) == "محمد \u2068M.\u2069"
    assert shown_name("Ada", "לוי", BoardNames.FIRST_INITIAL) == "Ada \u2068ל.\u2069"
    assert shown_name("محمد", "علي", BoardNames.FIRST_INITIAL) == "محمد ع."
    assert shown_name("🦊", "Fox", BoardNames.FIRST_INITIAL) == "🦊 F."


def test_in_a_closed_queue_nobody_is_next(cast: Cast, client: FlaskClient) -> None:
    key = checked_in(cast)
    cast.set_queue("STQ", QueueState.CLOSED)
    row = fragment(client).split(key, 1)[1]
    assert "Queue closed" in row
    assert "next" not in row


def test_a_name_cannot_bring_markup(cast: Cast, client: FlaskClient) -> None:
    checked_in(cast, first_name="<script>alert(1)</script>")
    assert "<script>alert" not in fragment(client)


def test_a_ticket_held_back_has_no_place(cast: Cast, client: FlaskClient) -> None:
    key = checked_in(cast)
    with cast.writing() as session:
        later = clock.now() + timedelta(minutes=5)
        session.execute(update(Ticket).where(Ticket.key == key).values(not_before=later))
    assert "next" not in fragment(client).split(key, 1)[1]


def test_a_paused_queue_stays_on_the_board(cast: Cast, client: FlaskClient) -> None:
    key = checked_in(cast)
    cast.set_queue("STQ", QueueState.PAUSED)
    assert keys(client, cast) == [key]


def test_a_ticket_that_is_put_back_waits_again_in_its_place(cast: Cast, client: FlaskClient) -> None:
    first, _second = queue_of(cast, 2)
    returned(cast, taken(cast))
    text = fragment(client)
    assert "Emil" not in text
    assert "next" in text.split(first, 1)[1].split("<tr", 1)[0]
