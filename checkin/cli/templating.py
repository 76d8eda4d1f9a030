"""`template`: what an event's alerts say, from the command line as well as later from its pages (specification 5.2)."""

import sys
from collections.abc import Callable
from typing import Any, Final

import click
from flask import current_app
from flask.cli import AppGroup

from checkin import clock
from checkin.alerts.previewing import Preview, preview
from checkin.alerts.stored_templates import (
    known_placeholders,
    reset_words,
    save_words,
    stored_words,
    templates_there_are,
    words_of,
)
from checkin.alerts.templates import MOST_SEGMENTS, Words
from checkin.cli.refusing import in_words
from checkin.config import Settings
from checkin.db import db, transaction
from checkin.models import AlertKind, Channel
from checkin.models.settings import LANGUAGES
from checkin.setup.events import find_event

_KINDS: Final = [kind.value for kind in dict.fromkeys(kind for kind, _channel in templates_there_are())]

template_group: Final = AppGroup("template", help="What the alerts of an event say.")


def _which(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command say whose words it is about: EVENT KIND CHANNEL LANGUAGE."""
    command = click.argument("language", type=click.Choice(list(LANGUAGES)))(command)
    command = click.argument("channel", type=click.Choice([channel.value for channel in Channel]))(command)
    command = click.argument("kind", type=click.Choice(_KINDS))(command)
    return click.argument("event_slug", metavar="EVENT")(command)


def _parts(command: Callable[..., Any]) -> Callable[..., Any]:
    of_a_body = "A text, or an email's paragraphs with an empty line between two; - reads it from the standard input."
    command = click.option("--body", help=of_a_body)(command)
    command = click.option("--headline", help="Of an email.")(command)
    return click.option("--subject", help="Of an email; nothing that a customer typed can stand in it.")(command)


@template_group.command("list")
@click.argument("event_slug", metavar="EVENT")
@in_words
def list_command(event_slug: str) -> None:
    """List the words that the event has chosen itself, and those that are ours."""
    session = db.session()
    event = find_event(session, event_slug)
    for kind, channel in templates_there_are():
        for language in event.settings.languages:
            own = stored_words(session, event_id=event.id, kind=kind, channel=channel, language=language)
            whose = "ours" if own is None else "own"
            click.echo(f"{kind} {channel} {language}: {whose}")


@template_group.command("show")
@_which
@in_words
def show(event_slug: str, kind: str, channel: str, language: str) -> None:
    """Show what an alert says, and which placeholders it may hold."""
    which = _asked(event_slug, kind, channel, language)
    words = words_of(db.session(), **which)
    if which["channel"] is Channel.EMAIL:
        click.echo(f"subject: {words.subject}\nheadline: {words.headline}\n")
    click.echo(words.body)
    placeholders = " ".join(f"{{{name}}}" for name in sorted(known_placeholders(which["kind"])))
    click.echo(f"\nKnown here: {placeholders}")


@template_group.command("set")
@_which
@_parts
@in_words
def set_(event_slug: str, kind: str, channel: str, language: str, **parts: str | None) -> None:
    """Let an alert say something else from now on; an email's parts that are not given stay."""
    which = _asked(event_slug, kind, channel, language)
    words = _changed(words_of(db.session(), **which), parts)
    with transaction() as session:
        kept = save_words(session, words, **which, by=None, moment=clock.now())
    _show_preview(which, kept, None)


@template_group.command("preview")
@_which
@_parts
@click.option("--ticket", "ticket_key", metavar="KEY", help="With its values; made-up ones when not given.")
@in_words
def preview_command(
    event_slug: str, kind: str, channel: str, language: str, ticket_key: str | None, **parts: str | None
) -> None:
    """Show what somebody would get, with the event's words or with others that are not kept."""
    which = _asked(event_slug, kind, channel, language)
    session = db.session()
    own = stored_words(session, **which)
    if any(part is not None for part in parts.values()):
        own = _changed(words_of(session, **which), parts)
    _show_preview(which, own, ticket_key)


@template_group.command("reset")
@_which
@in_words
def reset(event_slug: str, kind: str, channel: str, language: str) -> None:
    """Let an alert say our words again."""
    which = _asked(event_slug, kind, channel, language)
    with transaction() as session:
        had_own = reset_words(session, **which, by=None, moment=clock.now())
    click.echo("It says our words again." if had_own else "It said our words already.")


def _asked(event_slug: str, kind: str, channel: str, language: str) -> dict[str, Any]:
    event = find_event(db.session(), event_slug)
    return {"event_id": event.id, "kind": AlertKind(kind), "channel": Channel(channel), "language": language}


def _changed(words: Words, parts: dict[str, str | None]) -> Words:
    body = parts["body"]
    if body == "-":
        body = sys.stdin.read()
    subject, headline = parts["subject"], parts["headline"]
    return Words(
        words.body if body is None else body,
        words.subject if subject is None else subject,
        words.headline if headline is None else headline,
    )


def _show_preview(which: dict[str, Any], words: Words | None, ticket_key: str | None) -> None:
    settings: Settings = current_app.extensions["checkin_settings"]
    shown = preview(
        db.session(), words, **which, ticket_key=ticket_key, public_url=settings.effective_public_url,
        moment=clock.now(),
    )  # fmt: skip
    if which["channel"] is Channel.EMAIL:
        click.echo(f"Subject: {shown.subject}\n")
    click.echo(shown.text)
    if which["channel"] is Channel.TEXT:
        _say_how_long(shown)


def _say_how_long(shown: Preview) -> None:
    beyond = f", because of {' '.join(shown.beyond)}" if shown.beyond else ""
    click.echo(f"\n{shown.segments} segment(s), {shown.encoding}{beyond}.")
    click.echo(f"With a name that GSM-7 cannot carry: {shown.segments_at_most} segment(s), UCS-2.")
    if max(shown.segments, shown.segments_at_most) > MOST_SEGMENTS:
        click.echo(f"More than {MOST_SEGMENTS} segments cost more and come later: fewer words would do.", err=True)


COMMANDS: Final = (template_group,)
