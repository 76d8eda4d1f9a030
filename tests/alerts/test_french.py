"""What alerts say to those who read French: texts that stay short, emails that say in which language they are."""

import re
from datetime import UTC, datetime
from itertools import product

import pytest
from sqlalchemy import select

from checkin.alerts.defaults import MAILS, TEXTS
from checkin.alerts.drafting import draft
from checkin.alerts.segments import count_segments, is_gsm
from checkin.alerts.templates import desk_name, letter, text_of
from checkin.config import Settings
from checkin.models import Alert, AlertKind
from checkin.people.resetting import request_reset
from tests.alerts.test_templates import VALUES
from tests.cast import Cast

NINE = datetime(2026, 3, 4, 9, tzinfo=UTC)
IN_FRENCH = VALUES | {"desk": "Table 7", "first_name": "Zoé", "expert": "Émile Bergé", "message": ""}


@pytest.mark.parametrize("kind", TEXTS)
def test_a_text_in_french_says_all_and_stays_in_two_segments(kind: AlertKind) -> None:
    body = text_of(kind, IN_FRENCH, language="fr")
    assert is_gsm(body)
    assert count_segments(body) <= 2
    assert body.startswith("Zoé, ")
    assert body != text_of(kind, IN_FRENCH, language="en")
    assert "{" not in body


def test_the_ready_text_in_french_fits_one_segment() -> None:
    body = text_of(AlertKind.READY, IN_FRENCH, language="fr")
    assert body == "Zoé, Émile Bergé vous attend (Table 7). Votre ticket est le STQ-42, Stats iQ."
    assert count_segments(body) == 1


def test_a_desk_is_called_a_table() -> None:
    assert [desk_name(desk, language="fr") for desk in ("7", "près du bar", "")] == ["Table 7", "près du bar", ""]


@pytest.mark.parametrize(("kind", "missing"), list(product(MAILS, ("", "desk", "expert"))))
def test_an_email_in_french_is_french_to_its_last_line_and_says_so(kind: AlertKind, missing: str) -> None:
    values = IN_FRENCH | ({missing: ""} if missing else {})
    french, english = (letter(kind, values, language=language) for language in ("fr", "en"))
    assert '<html lang="fr" dir="ltr"' in french.html
    assert french.subject != english.subject
    lines = {line for line in english.text.splitlines() if re.search(r"[a-z]{2,} [a-z]{2,}", line)}
    assert lines & set(french.text.splitlines()) == {VALUES["event"]}


def test_a_new_password_comes_in_the_language_it_was_asked_for_in(rules: Cast, settings: Settings) -> None:
    from checkin.alerts.drafting import Sender

    sender = Sender.of(settings, secret_key="a key for tests")
    with rules.writing() as session:
        for language in ("fr", "en"):
            request_reset(session, email=rules.emil.email, address="203.0.113.9", moment=NINE, language=language)
    with rules.writing() as session:
        alerts = session.scalars(select(Alert).where(Alert.kind == AlertKind.RESET).order_by(Alert.id)).all()
        subjects = [draft(session, alert, sender=sender, moment=NINE).subject for alert in alerts]
    assert [subject.split(" ", 1)[0] for subject in subjects] == ["Choisissez", "Choose"]
