"""From whom emails come and where answers go: the event's own addresses, as far as the operator allows them (5.2)."""

import logging
from typing import Any

import pytest
from sqlalchemy import update

from checkin.alerts import origin
from checkin.alerts.drafting import Sender
from checkin.alerts.origin import is_address, is_among
from checkin.config import Settings
from checkin.models import Event
from tests.alerts.post import SENDER, Post
from tests.cast import Cast, checked_in, taken

DOMAINS = ("example.org", "bücher.example")


def event_with(**settings: Any) -> Event:
    from checkin.models.settings import changed_settings

    return Event(slug="demo", name="Ask the\r\nExperts", settings_json=changed_settings("{}", **settings))


def from_address(own: str, domains: tuple[str, ...] = DOMAINS) -> str:
    return origin.from_address(event_with(mail_from=own), usual="desk@example.org", domains=domains)


@pytest.mark.parametrize("own", ["ask@example.org", "ANY.local+part@Example.ORG", "hallo@bücher.example"])
def test_an_event_may_have_any_address_of_an_allowed_domain(own: str) -> None:
    assert from_address(own) == own


@pytest.mark.parametrize(
    "own",
    ["", "ask@example.com", "ask@sub.example.org", "ask@notexample.org", "example.org", "a b@example.org",
     "ask@example.org\r\nBcc: all@example.org", "ask@example.org@example.com", "größe@example.org"],
)  # fmt: skip
def test_any_other_one_gives_way_to_the_usual_one(own: str) -> None:
    assert from_address(own) == "desk@example.org"


def test_a_domain_that_is_not_allowed_any_more_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert from_address("once@example.org", domains=("example.net",)) == "desk@example.org"
    assert [record.message for record in caplog.records if "once@example.org" in record.message] == [
        ("emails of demo come from desk@example.org: MAIL_FROM_DOMAINS does not allow its own address once@example.org")
    ]


def test_the_domain_of_mail_from_is_allowed_where_none_is_named(settings: Settings) -> None:
    def of(**changes: Any) -> tuple[str, ...]:
        return Sender.of(settings.model_copy(update=changes), secret_key="k").mail_from_domains

    assert of(mail_from="desk@Example.org") == ("example.org",)
    assert of(mail_from="desk@example.org", mail_from_domains=("a.example", "b.example")) == ("a.example", "b.example")
    assert of() == ()


def test_a_name_is_one_line_and_by_default_the_events() -> None:
    assert origin.from_name(event_with()) == "Ask the Experts"
    assert origin.from_name(event_with(mail_from_name="Acme desk")) == "Acme desk"


@pytest.mark.parametrize(
    ("own", "answers_go"),
    [
        ("", "no-reply@example.org"),
        ("help@acme.example", "help@acme.example"),
        ("x\r\ny@z.example", "no-reply@example.org"),
    ],
)
def test_answers_go_where_the_event_says(own: str, answers_go: str) -> None:
    assert origin.reply_to(event_with(mail_reply_to=own), usual="no-reply@example.org") == answers_go


def test_what_an_address_and_a_domain_are() -> None:
    assert is_address("no-reply@acme.example.org")
    assert not is_address("no-reply")
    assert is_among("a@EXAMPLE.org", ("example.org",))
    assert not is_among("a@example.org", ())


def test_an_email_carries_the_events_own_addresses_in_its_headers(post: Post) -> None:
    sent_by(post, mail_from="ask@example.org", mail_from_name="Ask \u202eAcme", mail_reply_to="help@acme.example")
    [mail] = post.mail_server.received
    assert mail.parsed["From"] == "Ask Acme <ask@example.org>"
    assert mail.parsed["Reply-To"] == "help@acme.example"
    assert mail.sender == "ask@example.org"


def test_an_address_that_was_broken_past_the_checks_breaks_no_email(post: Post) -> None:
    with post.cast.writing() as session:
        session.execute(
            update(Event).values(
                settings_json='{"ready_text":false,"mail_from":"a@example.org\\r\\nBcc: b@example.org"}'
            )
        )
    sent_by(post)
    [mail] = post.mail_server.received
    assert mail.parsed["From"] == f"Ask the Experts <{SENDER.mail_from}>"
    assert "Bcc" not in mail.parsed


def sent_by(post: Post, **settings: Any) -> None:
    cast: Cast = post.cast
    if settings:
        cast.set(ready_text=False, **settings)
    checked_in(cast)
    taken(cast)
    post.deliver()
