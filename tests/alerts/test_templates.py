"""What alerts say, and that nobody's name can make them say something else."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkin.alerts.defaults import MAILS, TEXTS
from checkin.alerts.links import make_reset_token, read_reset_token
from checkin.alerts.segments import count_segments
from checkin.alerts.templates import MOST_SEGMENTS, desk_name, letter, text_of
from checkin.alerts.wording import fill, shown
from checkin.models import AlertKind
from checkin.models.settings import LANGUAGES

VALUES = {
    "first_name": "Carla",
    "last_name": "Jones",
    "expert": "Emil Berg",
    "product": "Stats iQ",
    "key": "STQ-42",
    "desk": "Desk 7",
    "event": "Ask the Experts",
    "customer_link": "https://desk.example.org/t/abc",
    "feedback_link": "https://desk.example.org/feedback/def",
    "reset_link": "https://desk.example.org/reset/ghi",
    "desk_link": "https://desk.example.org/demo/desk",
    "message": "Come back tomorrow at nine.",
    "place": "2",
    "question_1": "",
    "question_2": "",
    "question_3": "",
}
RIGHT_TO_LEFT_OVERRIDE = "\u202e"


class TagReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)


def text(**changes: str) -> str:
    return text_of(AlertKind.READY, VALUES | changes, language="en")


def test_the_ready_text_says_who_where_and_what() -> None:
    assert text() == "Carla, Emil Berg is ready for you at Desk 7. Your ticket is STQ-42, Stats iQ."


def test_without_a_desk_the_ready_text_names_the_event() -> None:
    assert text(desk="") == "Carla, Emil Berg is ready for you at Ask the Experts. Your ticket is STQ-42, Stats iQ."


def test_the_ready_text_is_one_segment_and_carries_no_link() -> None:
    assert count_segments(text()) == 1
    assert "://" not in text()


@pytest.mark.parametrize(
    ("desk", "name"), [("7", "Desk 7"), ("Desk 7", "Desk 7"), ("by the window", "by the window"), ("", "")]
)
def test_a_desk_is_called_as_people_call_it(desk: str, name: str) -> None:
    assert desk_name(desk, language="en") == name


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (
            AlertKind.MISSED,
            (
                "Carla, we could not find you. While the queue is open you keep your place: "
                "https://desk.example.org/t/abc"
            ),
        ),
        (
            AlertKind.PLEASE_WAIT,
            (
                "Carla, please wait a moment more. You keep your place, and we call you again. "
                "Your ticket is STQ-42, Stats iQ."
            ),
        ),
        (
            AlertKind.CANCELLED,
            "Carla, the desk has cancelled your ticket STQ-42, Stats iQ. Come back tomorrow at nine.",
        ),
        (
            AlertKind.CHECKED_IN,
            ("Carla, you are checked in. Your ticket is STQ-42, see your place: https://desk.example.org/t/abc"),
        ),
        (
            AlertKind.NEARLY_THERE,
            ("Carla, it is nearly your turn. Please come back to Ask the Experts. Your ticket is STQ-42, Stats iQ."),
        ),
    ],
)
def test_what_the_other_texts_say(kind: AlertKind, words: str) -> None:
    assert text_of(kind, VALUES, language="en") == words
    assert count_segments(words) == 1


@pytest.mark.parametrize("kind", list(TEXTS))
@given(
    st.fixed_dictionaries(
        {
            "first_name": st.text(max_size=100),
            "expert": st.text(max_size=100),
            "product": st.text(max_size=100),
            "event": st.text(max_size=120),
            "message": st.text(max_size=500),
            "desk": st.sampled_from(["Desk 7", ""]),
        }
    )
)
def test_no_name_makes_a_text_longer_than_two_segments_or_takes_the_key_or_the_link_out(
    kind: AlertKind, changes: dict[str, str]
) -> None:
    _require_short(kind, changes)


@pytest.mark.parametrize("kind", list(TEXTS))
@pytest.mark.parametrize("letter_of_names", ["W", "Ж", "😀", "~"])
def test_the_longest_names_of_all_leave_two_segments(kind: AlertKind, letter_of_names: str) -> None:
    long = dict.fromkeys(("first_name", "expert", "product", "event", "message"), letter_of_names * 500)
    for desk in ("Desk 7", ""):
        _require_short(kind, long | {"desk": desk})


def _require_short(kind: AlertKind, changes: dict[str, str]) -> None:
    link = "https://desk.example.org/t/" + "a" * 22
    for language in LANGUAGES:
        body = text_of(kind, VALUES | changes | {"customer_link": link}, language=language)
        assert count_segments(body) <= MOST_SEGMENTS, body
        for kept, value in (("{key}", "STQ-42"), ("{customer_link}", link)):
            assert kept not in TEXTS[kind] or value in body


def test_a_message_is_cut_before_names_are_cut_to_the_bone() -> None:
    body = text_of(AlertKind.CANCELLED, VALUES | {"message": "Ж" * 300}, language="en")
    assert "Carla" in body
    assert "Stats iQ" in body
    assert body.endswith("Ж" * 20)


def test_a_link_is_never_cut_even_where_nothing_else_is_left_to_cut() -> None:
    link = "https://desk.example.org/" + "t" * 400
    body = text_of(AlertKind.MISSED, VALUES | {"customer_link": link}, language="en")
    assert link in body
    assert count_segments(body) > MOST_SEGMENTS


def test_a_message_cannot_act_as_a_template_or_add_lines() -> None:
    body = text_of(AlertKind.CANCELLED, VALUES | {"message": "{expert}\r\n{customer_link}"}, language="en")
    assert body.endswith("Stats iQ. {expert} {customer_link}")


def test_the_cancelled_email_tells_the_message() -> None:
    mail = letter(AlertKind.CANCELLED, VALUES, language="en")
    assert "has cancelled your ticket STQ-42, about Stats iQ.\n\nCome back tomorrow at nine.\n" in mail.text


def test_the_customers_name_is_cut_before_the_experts() -> None:
    body = text(first_name="Ж" * 100)
    assert body.startswith("Ж" * 12)
    assert "Emil Berg is ready for you at Desk 7" in body
    assert "Stats iQ" in body


@pytest.mark.parametrize("name", ["{expert}", "{0}", "{first_name.__class__}", "%s %(expert)s", "{{ 7 * 7 }}"])
def test_a_name_cannot_act_as_a_template(name: str) -> None:
    assert text(first_name=name).startswith(f"{name}, Emil Berg is ready")
    mail = letter(AlertKind.READY, VALUES | {"first_name": name}, language="en")
    assert f"Hello {name} Jones," in mail.text


def test_a_name_cannot_act_as_html() -> None:
    evil = "<img src=x onerror=alert(1)>\"'&"
    values = VALUES | {"first_name": evil, "expert": evil, "event": evil, "message": evil}
    for kind in (AlertKind.READY, AlertKind.CANCELLED):
        mail = letter(kind, values, language="en")
        reader = TagReader()
        reader.feed(mail.html)
        assert "a" in reader.tags
        assert "img" not in reader.tags
        assert "alert(1)" in mail.text


def test_a_name_cannot_add_lines_or_turn_the_text_around() -> None:
    assert shown(f"Car\r\nla{RIGHT_TO_LEFT_OVERRIDE}\0 \ud800 \u2028x\u200b") == "Car la x"
    assert "\n" not in text(first_name="Carla\nPress here:")


def test_what_scripts_and_emoji_need_stays() -> None:
    for name in ("محمد", "山田", "Zoë", "👩\u200d💻", "می\u200cشود"):
        assert shown(name) == name


def test_an_empty_name_leaves_no_hole() -> None:
    assert fill("Hello {first_name} {last_name},", {"first_name": "Carla", "last_name": ""}) == "Hello Carla,"


def test_an_unknown_placeholder_is_refused() -> None:
    with pytest.raises(KeyError):
        fill("Hello {nobody}", {})


@pytest.mark.parametrize("kind", list(MAILS))
def test_every_email_has_one_button_and_its_address_in_plain_sight(kind: AlertKind) -> None:
    mail = letter(kind, VALUES, language="en")
    link = VALUES[MAILS[kind].link]
    assert mail.html.count('class="button"') == 1
    assert mail.html.count(f'href="{link}"') == 2
    assert f">{link}</a>" in mail.html.replace("\n", "")
    assert link in mail.text
    assert "prefers-color-scheme: dark" in mail.html
    assert mail.html.startswith("<!DOCTYPE html>")
    assert "src=" not in mail.html


def test_a_name_from_right_to_left_leaves_an_email_s_sentence_in_order() -> None:
    mail = letter(AlertKind.READY, VALUES | {"first_name": "محمد", "expert": "דנה"}, language="en")
    assert "Hello \u2068محمد\u2069 Jones," in mail.text
    assert mail.subject == "STQ-42: \u2068דנה\u2069 is ready for you"
    assert "\u2068דנה\u2069 is ready for you at Desk 7" in mail.html
    assert "\u2068" not in text(first_name="محمد")
    both = letter(AlertKind.READY, VALUES | {"first_name": "محمد", "last_name": "محمد"}, language="en")
    assert "Hello \u2068محمد محمد\u2069," in both.text


def test_the_line_of_a_list_of_emails_shows_what_to_do_and_nothing_else() -> None:
    mail = letter(AlertKind.READY, VALUES, language="en")
    hidden = mail.html.split('<div style="display: none')[1].split("</div>")[0].partition(">")[2].split()
    words = "Please come back to Ask the Experts: Emil Berg is waiting for you."
    assert " ".join(hidden[:13]) == words
    assert set(hidden[13:]) == {"\u034f"}


def test_the_ready_email_names_the_desk_when_it_is_known() -> None:
    assert "Emil Berg is ready for you at Desk 7" in letter(AlertKind.READY, VALUES, language="en").text
    without = letter(AlertKind.READY, VALUES | {"desk": ""}, language="en").text
    assert without.startswith("Emil Berg is ready for you\n")


@pytest.mark.parametrize("kind", list(MAILS))
def test_no_subject_holds_what_a_customer_typed(kind: AlertKind) -> None:
    mail = letter(kind, VALUES | {"first_name": "Buy", "last_name": "pills", "message": "Buy pills"}, language="en")
    assert "Buy" not in mail.subject
    assert "pills" not in mail.subject


def test_a_language_without_a_catalogue_speaks_english() -> None:
    assert text_of(AlertKind.READY, VALUES, language="xx") == text()


def test_a_reset_link_is_good_for_one_account_one_key_and_one_hour() -> None:
    import time_machine

    with time_machine.travel("2027-06-05T12:00:00Z", tick=False) as clock:
        token = make_reset_token("key", account_id=7, session_number=3)
        assert read_reset_token("key", token) == (7, 3)
        assert read_reset_token("another key", token) is None
        assert read_reset_token("key", token + "x") is None
        clock.shift(3601)
        assert read_reset_token("key", token) is None
