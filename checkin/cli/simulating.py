"""`simulate`: a day at the desk, sped up, beside the running server."""

import sys
import time
from collections.abc import Iterator
from random import Random
from statistics import median, quantiles
from typing import Final

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import select

from checkin.cli.refusing import in_words
from checkin.config import Settings
from checkin.db import db, transaction
from checkin.models import Event, QueueState, Team
from checkin.queueing.closing import set_queue_state
from checkin.setup.events import find_event
from checkin.simulation.acts import Acting, was_simulated
from checkin.simulation.cast import add_experts, add_volunteer_and_organiser, offers_of
from checkin.simulation.day import Day, DayPlan, Figures
from checkin.simulation.plan import plan_visits

_OPENS_AT: Final = 9 * 60
_SHARE_OF_THE_DAY: Final = 0.7
_LOOPBACK: Final = ("http://127.0.0.1", "http://localhost")


@click.command("simulate")
@click.option("--event", "slug", default="demo", show_default=True, help="The event whose desk is used.")
@click.option("--customers", default=400, show_default=True, type=click.IntRange(1, 5000))
@click.option("--experts", default=30, show_default=True, type=click.IntRange(1, 200), help="Added to the teams.")
@click.option("--hours", default=8.0, show_default=True, type=click.FloatRange(0.5, 24), help="How long the day is.")
@click.option(
    "--speed", default=60.0, show_default=True, type=click.FloatRange(0), help="Times faster; 0: without waiting."
)
@click.option("--seed", default=1, show_default=True, help="The same seed plans the same day.")
@with_appcontext
@in_words
def simulate(slug: str, customers: int, experts: int, hours: float, speed: float, seed: int) -> None:
    """Live through a day at the desk: people come in waves, wait, are helped, do not come, go elsewhere, leave.

    Uses the event's products and teams, opens its queues and adds experts to it; what it does goes through the same
    functions as the pages. Watch it on the board. Refuses while a provider could send to the made-up customers.
    """
    _require_nothing_leaves(current_app.extensions["checkin_settings"])
    event_id = find_event(db.session(), slug).id
    if was_simulated(event_id):
        click.echo(f"A day was simulated at {slug} before; its customers come again.")
    random = Random(seed)  # noqa: S311 - a day is planned, nothing is kept secret
    plan = _plan(event_id, random, customers=customers, experts=experts, minutes=hours * 60)
    acting = Acting(event_id, random)
    day = Day(plan, acting)
    begun = time.monotonic()
    with click.progressbar(length=int(plan.minutes), label="09:00") as bar:
        for minute in day.run():
            if speed:
                time.sleep(max(0.0, begun + minute * 60 / speed - time.monotonic()))
            if sys.stdout.isatty():
                bar.label = _time_of_day(minute)
            bar.update(int(minute) - bar.pos)
    for line in _summary(day.figures, acting, seconds=time.monotonic() - begun):
        click.echo(line)


def _require_nothing_leaves(settings: Settings) -> None:
    texts = settings.has_text_provider and not settings.twilio_api_base_url.startswith(_LOOPBACK)
    if texts or settings.has_mail_provider:
        raise click.ClickException(
            "A provider is set, and a simulated day must not write to anybody: unset TWILIO_ACCOUNT_SID and SMTP_URL "
            "here and for the server beside which it runs."
        )


def _plan(event_id: int, random: Random, *, customers: int, experts: int, minutes: float) -> DayPlan:
    """Add who works on the day, open the queues, and plan who comes."""
    with transaction() as session:
        event = session.get_one(Event, event_id)
        offers = offers_of(session, event_id)
        if not offers:
            raise click.ClickException("No product of this event has a team, so nobody can be checked in.")
        teams = list(dict.fromkeys(offer.team_code for offer in offers))
        staff = add_experts(session, event, random, experts=experts, teams=teams, minutes=minutes)
        volunteer_id, organiser_id = add_volunteer_and_organiser(session, event)
        for code in session.scalars(select(Team.code).where(Team.event_id == event_id).order_by(Team.id)).all():
            set_queue_state(
                session, event_id=event_id, team_code=code, to=QueueState.OPEN, by=organiser_id, expected=None
            )  # fmt: skip
    # Busy, but not without hope: the experts have as much to do as fills most of their day.
    busy = _SHARE_OF_THE_DAY * minutes * experts / customers
    visits = plan_visits(random, customers=customers, products=len(offers), minutes=minutes, busy=min(busy, 25.0))
    return DayPlan(offers, staff, visits, minutes, volunteer_id, organiser_id)


def _time_of_day(minute: float) -> str:
    return f"{(_OPENS_AT + int(minute)) // 60 % 24:02}:{int(minute) % 60:02}"


_LINES: Final = (
    ("checked_in", "checked in"),
    ("not_checked_in", "not checked in (see below what was refused)"),
    ("taken", "taken"),
    ("resolved", "resolved"),
    ("undone", "resolved too early and undone"),
    ("handed_over", "sent on to another team"),
    ("put_back", "put back"),
    ("follow_up", "followed up later"),
    ("escalate", "escalated"),
    ("no_show", "did not come when called"),
    ("brought_back", "came back after that"),
    ("walked_out", "left before being called"),
    ("still_waiting", "still waiting at the end, told that the desk has closed"),
    ("answered", "answered the survey"),
)


def _summary(figures: Figures, acting: Acting, *, seconds: float) -> Iterator[str]:
    yield f"\nThe day is over after {seconds:.0f} s."
    for name, words in _LINES:
        if figures.counts[name]:
            yield f"{figures.counts[name]:>6}  {words}"
    if len(figures.waits) > 1:
        tenths = quantiles(figures.waits, n=10, method="inclusive")
        yield f"  Minutes until taken: median {median(figures.waits):.0f}, nine in ten {tenths[8]:.0f}."
    for code, count in sorted(acting.refused.items()):
        yield f"{count:>6}  refused: {code}"


COMMANDS: Final = (simulate,)
