"""What an event's alerts say, chosen from the command line."""

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask) -> Run:
    """Return what runs `flask --app app template COMMAND demo ...` and must end with this exit status."""
    runner = app.test_cli_runner()
    assert runner.invoke(args=["demo"]).exit_code == 0

    def command(name: str, *words: str, status: int = 0, **more: Any) -> Result:
        result = runner.invoke(args=["template", name, "demo", *words], **more)
        assert result.exit_code == status, result.output
        return result

    return command


def test_the_words_are_listed_shown_set_and_reset(run: Run) -> None:
    assert "ready text en: ours\nready text fr: ours\nready email en: ours\n" in run("list").output
    shown = run("show", "ready", "text", "en").output
    assert shown.startswith("{first_name}, {expert} is ready for you at {desk}.")
    assert "{question_1}" in shown
    kept = run("set", "ready", "text", "en", "--body", "{expert} waits, {first_name}").output
    assert kept == (
        "Emil Berg waits, Ada\n\n1 segment(s), GSM-7.\nWith a name that GSM-7 cannot carry: 1 segment(s), UCS-2.\n"
    )
    assert "ready text en: own\n" in run("list").output
    assert run("reset", "ready", "text", "en").output == "It says our words again.\n"
    assert run("reset", "ready", "text", "en").output == "It said our words already.\n"


def test_an_emails_parts_can_be_changed_one_by_one_and_its_body_read(run: Run) -> None:
    run("set", "checked_in", "email", "en", "--subject", "{key} is in")
    read = run("set", "checked_in", "email", "en", "--body", "-", input="Welcome to {event}.\n\nStay near.\n").output
    assert read.startswith("Subject: SUR-42 is in\n\nYou are checked in\n\nHello Ada Lovelace,\n\nWelcome to ")
    shown = run("show", "checked_in", "email", "en").output
    assert shown.startswith("subject: {key} is in\nheadline: You are checked in\n\nWelcome to {event}.\n\nStay near.\n")


def test_a_preview_keeps_nothing_and_says_why_a_text_is_long(run: Run) -> None:
    seen = run("preview", "ready", "text", "en", "--body", "{expert}" + "ê" * 140).output
    assert "3 segment(s), UCS-2, because of ê." in seen
    assert "More than 2 segments cost more" in seen
    assert "ready text en: ours\n" in run("list").output
    assert run("preview", "ready", "text", "en").output.startswith("Ada, Emil Berg is ready for you at Desk 7.")


def test_what_is_refused_is_said_in_words(run: Run) -> None:
    refused = run("set", "ready", "text", "en", "--body", "Come", status=1)
    assert refused.output == "Error: body: These words need {expert}.\n"
    assert "There is no ticket STQ-1." in run("preview", "ready", "text", "en", "--ticket", "STQ-1", status=1).output
    assert "no words of this kind" in run("show", "feedback", "text", "en", status=1).output
    run("show", "reset", "email", "en", status=2)
