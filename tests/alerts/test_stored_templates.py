"""An event's own words: what they may hold, what becomes of them, and that they never cost an alert (5.2)."""

import logging
from typing import Any

import pytest
from sqlalchemy import select, update

from checkin import clock
from checkin.alerts.previewing import preview
from checkin.alerts.segments import Encoding, count_segments
from checkin.alerts.stored_templates import (
    TemplateRefused,
    checked_words,
    known_placeholders,
    reset_words,
    save_words,
    templates_there_are,
    words_of,
)
from checkin.alerts.templates import Words, default_words, letter, text_of
from checkin.db import db
from checkin.models import AlertKind, AlertTemplate, AuditEntry, Channel
from checkin.models.settings import LANGUAGES
from tests.alerts.post import Post
from tests.alerts.test_templates import VALUES
from tests.alerts.test_what_still_holds import only, texts
from tests.cast import Cast, checked_in, taken

READY_TEXT = "{expert} waits for {first_name} at {desk}: {key}"
READY_MAIL = Words("Dear {first_name},\n\ncome to {desk}.", "{key} now", "{expert} waits")


def save(
    cast: Cast, words: Words | str, *, kind: AlertKind = AlertKind.READY, language: str = "en", by: int | None = None
) -> Words:
    given = Words(words) if isinstance(words, str) else words
    channel = Channel.TEXT if isinstance(words, str) else Channel.EMAIL
    with cast.writing() as session:
        return save_words(
            session, given, event_id=cast.event_id, kind=kind, channel=channel, language=language, by=by,
            moment=clock.now(),
        )  # fmt: skip


def reset(cast: Cast, kind: AlertKind = AlertKind.READY, channel: Channel = Channel.TEXT) -> bool:
    with cast.writing() as session:
        return reset_words(
            session, event_id=cast.event_id, kind=kind, channel=channel, language="en", by=cast.olga.id,
            moment=clock.now(),
        )  # fmt: skip


def said(cast: Cast, kind: AlertKind = AlertKind.READY, channel: Channel = Channel.TEXT, language: str = "en") -> Words:
    with cast.app.app_context():
        return words_of(db.session(), event_id=cast.event_id, kind=kind, channel=channel, language=language)


def refuse(cast: Cast, words: Words | str, code: str, **more: Any) -> str:
    with pytest.raises(TemplateRefused) as refused:
        save(cast, words, **more)
    assert refused.value.code == code
    return " ".join(refused.value.details.values())


def audited(cast: Cast) -> list[tuple[int | None, str, dict[str, Any], dict[str, Any]]]:
    rows = cast.all(select(AuditEntry).where(AuditEntry.action == "template").order_by(AuditEntry.id))
    return [(row.person_id, row.subject, row.before, row.after) for row in rows]


def test_every_kind_about_a_ticket_has_words_for_the_channels_it_travels_on() -> None:
    there_are = set(templates_there_are())
    kinds = set(AlertKind) - {AlertKind.RESET, AlertKind.TEAM_NOTE}
    assert {kind for kind, _ in there_are} == kinds
    assert {kind for kind, channel in there_are if channel is Channel.TEXT} == kinds - {AlertKind.FEEDBACK}


@pytest.mark.parametrize(("kind", "channel"), templates_there_are())
@pytest.mark.parametrize("language", LANGUAGES)
def test_our_own_words_could_be_saved_as_they_are(kind: AlertKind, channel: Channel, language: str) -> None:
    ours = default_words(kind, language=language, is_text=channel is Channel.TEXT)
    assert checked_words(ours, kind=kind, channel=channel, language=language) == ours


def test_what_is_saved_is_said_in_its_language_only_and_audited(rules: Cast) -> None:
    save(rules, f" {READY_TEXT}\r\n", by=rules.olga.id)
    assert said(rules).body == READY_TEXT
    assert "est prêt" not in said(rules, language="fr").body
    assert said(rules, language="fr") == default_words(AlertKind.READY, language="fr", is_text=True)
    save(rules, "{expert}, {key}")
    save(rules, "{expert}, {key}")
    first = {"subject": "", "headline": "", "body": READY_TEXT}
    assert audited(rules) == [
        (rules.olga.id, "ready.text.en", {}, first),
        (None, "ready.text.en", first, {"subject": "", "headline": "", "body": "{expert}, {key}"}),
    ]


def test_deleted_it_says_ours_again(rules: Cast) -> None:
    save(rules, READY_TEXT)
    assert reset(rules)
    assert not reset(rules)
    assert said(rules) == default_words(AlertKind.READY, language="en", is_text=True)
    assert audited(rules)[-1][2:] == ({"subject": "", "headline": "", "body": READY_TEXT}, {})


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        ("Come, {first_name}", "missing", "body"),
        (Words("Come", "{expert}", "Come"), "missing", "body"),
        ("{expert} {expart}", "unknown", "body"),
        ("{expert} {first name}", "unknown", "body"),
        ("{expert} {}", "unknown", "body"),
        ("{expert} {feedback_link}", "unknown", "body"),
        ("{expert} {place}", "unknown", "body"),
        ("{expert} {message}", "unknown", "body"),
        ("{expert} {first_name.__class__}", "unknown", "body"),
        ("{expert} {0}", "unknown", "body"),
        ("{expert} } {", "brace", "body"),
        ("{expert} {{key}}", "brace", "body"),
        ("", "empty", "body"),
        (" \n ", "empty", "body"),
        (Words("{expert}", "", "Hello"), "empty", "subject"),
        (Words("{expert}", "Hello", " "), "empty", "headline"),
        (Words("", "Hello", "Hello"), "empty", "body"),
        ("{expert}\0", "control", "body"),
        ("{expert}\x1b[31m", "control", "body"),
        ("{expert}\u202e", "control", "body"),
        ("{expert}\u2028!", "control", "body"),
        ("{expert}\ud800", "control", "body"),
        (Words("{expert}", "Hello\r\nBcc: all@example.org", "Hello"), "control", "subject"),
        (Words("{expert}", "Hello", "Hel\nlo"), "control", "headline"),
        (Words("{expert}", "{first_name}", "Hello"), "typed_by_customers", "subject"),
        (Words("{expert}", "{question_1} {key}", "Hello"), "typed_by_customers", "subject"),
        (Words("{expert}", "{customer_link}", "Hello"), "typed_by_customers", "subject"),
        ("{expert}" + "a" * 593, "too_long", "body"),
        (Words("{expert}" + "a" * 5_000, "Hello", "Hello"), "too_long", "body"),
        (Words("{expert}", "a" * 201, "Hello"), "too_long", "subject"),
        (Words("{expert}", "Hello", "a" * 201), "too_long", "headline"),
    ],
)
def test_what_could_do_harm_or_says_nothing_is_refused(words: Words | str, code: str, part: str) -> None:
    channel = Channel.TEXT if isinstance(words, str) else Channel.EMAIL
    given = Words(words) if isinstance(words, str) else words
    with pytest.raises(TemplateRefused) as refused:
        checked_words(given, kind=AlertKind.READY, channel=channel, language="en")
    assert (refused.value.code, refused.value.part) == (code, part)


def test_the_refusal_names_what_is_known() -> None:
    known = known_placeholders(AlertKind.READY)
    assert {"first_name", "last_name", "expert", "product", "key", "desk", "event", "customer_link"} < known
    assert {"question_1", "question_2", "question_3"} < known
    assert "feedback_link" in known_placeholders(AlertKind.FEEDBACK)
    assert {"place"} < known_placeholders(AlertKind.NEARLY_THERE)


def test_what_is_refused_changes_nothing(rules: Cast) -> None:
    save(rules, READY_TEXT)
    refuse(rules, "Come, {first_name}", "missing")
    assert said(rules).body == READY_TEXT
    assert len(audited(rules)) == 1


def test_a_kind_without_words_and_a_language_nobody_speaks_are_refused(rules: Cast) -> None:
    refuse(rules, "Hello", "no_such_words", kind=AlertKind.FEEDBACK)
    refuse(rules, Words("a", "b", "c"), "no_such_words", kind=AlertKind.RESET)
    assert refuse(rules, READY_TEXT, "no_such_language", language="tlh") == "tlh"


def test_a_ready_email_may_name_the_expert_in_its_headline(rules: Cast) -> None:
    assert save(rules, READY_MAIL) == READY_MAIL


def test_a_text_and_an_email_leave_in_the_events_own_words(post: Post) -> None:
    cast = post.cast
    only(cast, "ready_text", "ready_email")
    cast.set(question_1="Company", ask_question_1="optional")
    save(cast, "{first_name} of {question_1}:\n{expert} at {desk}")
    save(cast, READY_MAIL)
    key = checked_in(cast, answers={"question_1": "Acme {expert}"})
    taken(cast)
    assert texts(post) == ["Carla of Acme {expert}:\nEmil at Desk 7"]
    [mail] = post.mail_server.received
    assert mail.parsed["Subject"] == f"{key} now"
    assert "Emil waits\n\nHello Carla Jones,\n\nDear Carla,\n\ncome to Desk 7.\n" in mail.part("plain").replace(
        "\r", ""
    )


def test_who_reads_french_gets_the_french_words(post: Post) -> None:
    only(post.cast, "ready_text")
    save(post.cast, "{expert} waits")
    save(post.cast, "{expert} attend", language="fr")
    checked_in(post.cast, language="fr")
    taken(post.cast)
    assert texts(post) == ["Emil attend"]


@pytest.mark.parametrize(
    "broken",
    [
        {"body": "{nobody}"}, {"body": "{expert} " + "{customer_link} " * 60}, {"body": ""},
        {"body": "{expert}", "subject": "x\r\nBcc: all@example.org", "headline": "x"},
        {"body": "{expert}", "subject": "{first_name}", "headline": "x"},
    ],
)  # fmt: skip
def test_words_that_were_broken_past_the_checks_cost_no_alert(
    post: Post, broken: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    cast = post.cast
    only(cast, "ready_text", "ready_email")
    save(cast, READY_TEXT)
    save(cast, READY_MAIL)
    with cast.writing() as session:
        session.execute(update(AlertTemplate).values(**broken))
    key = checked_in(cast)
    taken(cast)
    with caplog.at_level(logging.ERROR):
        [text] = texts(post)
    assert "own words cannot be used" in caplog.text
    [mail] = post.mail_server.received
    if "subject" in broken:
        assert mail.parsed["Subject"] == f"{key}: Emil is ready for you"
    else:
        assert text == f"Carla, Emil is ready for you at Desk 7. Your ticket is {key}, Stats iQ."


def own_text(template: str, **values: str) -> str:
    every = dict.fromkeys(("question_1", "question_2", "question_3", "place"), "")
    return text_of(AlertKind.READY, VALUES | every | values, language="en", own=Words(template))


def test_where_the_desk_or_the_expert_is_not_known_the_event_stands_in() -> None:
    assert own_text("{expert} is at {desk}", desk="") == "Emil Berg is at Ask the Experts"
    mail = letter(
        AlertKind.FEEDBACK,
        VALUES | {"expert": "", "place": ""},
        language="en",
        own=Words("By {expert}.", "{key}", "Hi"),
    )
    assert "By Ask the Experts." in mail.text


def test_without_a_place_the_words_that_need_it_give_way_to_ours() -> None:
    own = Words("{first_name}, you are number {place}")
    values = VALUES | {"place": "2"}
    assert text_of(AlertKind.NEARLY_THERE, values, language="en", own=own) == "Carla, you are number 2"
    ours = text_of(AlertKind.NEARLY_THERE, VALUES | {"place": ""}, language="en", own=own)
    assert ours.startswith("Carla, it is nearly your turn.")


def test_nobodys_name_makes_an_events_text_longer_than_it_is_by_itself() -> None:
    long = "W" * 100
    assert own_text("{first_name} {expert}", first_name=long, expert=long) == f"{long} {long}"
    template = "{first_name} {last_name}: {expert}. " + "a" * 265
    assert own_text(template, first_name=long, last_name=long, expert=long).startswith("W" * 12 + " ")
    assert count_segments(own_text("{expert}" + "a" * 590, expert=long)) == count_segments("a" * 602)


def test_an_alphabet_of_its_own_makes_no_stump_of_a_name() -> None:
    assert own_text("{expert} " + "a" * 200, expert="Ж" * 40).startswith("Ж" * 12 + " a")


def shown_to(cast: Cast, words: Words | str | None, **more: Any) -> Any:
    channel = Channel.TEXT if words is None or isinstance(words, str) else Channel.EMAIL
    given = Words(words) if isinstance(words, str) else words
    asked = {"kind": AlertKind.READY, "language": "en"} | more
    with cast.app.app_context():
        return preview(
            db.session(), given, event_id=cast.event_id, channel=asked.pop("channel", channel),
            public_url="https://desk.example.org", moment=clock.now(), **asked,
        )  # fmt: skip


def test_a_preview_shows_a_made_up_customer_and_how_long_the_text_is(rules: Cast) -> None:
    rules.set(question_1="Company", ask_question_1="optional", question_1_choices="Acme,Initech")
    seen = shown_to(rules, "{first_name} {question_1}{question_2}: {expert}, {desk}, {key}")
    assert seen.text == "Ada Acme: Emil Berg, Desk 7, STQ-42"
    assert (seen.segments, seen.encoding, seen.beyond, seen.segments_at_most) == (1, Encoding.GSM_7, "", 1)
    long = shown_to(rules, "{expert} “{first_name}”" + "ê" * 70)
    assert (long.segments, long.encoding, long.beyond) == (2, Encoding.UCS_2, "“”ê")


def test_a_preview_of_our_words_needs_none(rules: Cast) -> None:
    seen = shown_to(rules, None)
    assert seen.text == "Ada, Emil Berg is ready for you at Desk 7. Your ticket is STQ-42, Stats iQ."
    assert seen.segments_at_most == 2
    mail = shown_to(rules, None, kind=AlertKind.FEEDBACK, channel=Channel.EMAIL, language="fr")
    assert "https://desk.example.org/feedback/" in mail.text
    assert '<html lang="fr"' in mail.html


def test_a_preview_with_a_ticket_takes_its_values_and_makes_up_what_it_has_not(rules: Cast) -> None:
    key = checked_in(rules, "API")
    seen = shown_to(rules, "{first_name} {last_name}, {key}, {product}, {expert}, {desk}", ticket_key=key)
    assert seen.text == f"Carla Jones, {key}, API, Emil Berg, Desk 7"
    near = shown_to(rules, "{place}", kind=AlertKind.NEARLY_THERE, ticket_key=key)
    assert near.text == "1"


def test_a_preview_refuses_what_could_not_be_saved_and_a_ticket_of_nobody(rules: Cast) -> None:
    for words, more, code in (("{first_name}", {}, "missing"), (READY_TEXT, {"ticket_key": "STQ-9"}, "no_such_ticket")):
        with pytest.raises(TemplateRefused) as refused:
            shown_to(rules, words, **more)
        assert refused.value.code == code


def test_an_event_without_products_has_a_preview_too(rules: Cast) -> None:
    from checkin.models import Product

    with rules.writing() as session:
        session.execute(update(Product).values(team_id=None))
    assert "ABC-42, Ask the Experts" in shown_to(rules, None).text


def test_the_default_ready_text_carries_no_link_for_a_survey_or_an_unsubscribe() -> None:
    for language in LANGUAGES:
        ours = default_words(AlertKind.READY, language=language, is_text=True).body
        assert "_link" not in ours
        body = text_of(AlertKind.READY, VALUES, language=language).lower()
        assert not any(word in body for word in ("://", "http", "stop", "unsubscribe", "désabonner"))


def test_words_that_links_make_longer_than_twilio_takes_give_way_to_ours(post: Post) -> None:
    save(post.cast, "{expert}" + " {customer_link}" * 36)
    checked_in(post.cast)
    taken(post.cast)
    post.deliver()
    [text] = post.twilio.delivered
    assert "Emil is ready for you" in text.body
