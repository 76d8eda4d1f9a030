"""What every template can use: times in words, the sprite's icons."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Flask, g, url_for
from flask_babel import format_datetime, get_locale, ngettext
from flask_babel import gettext as _
from markupsafe import Markup, escape

from checkin import clock
from checkin.alerts.taking_home import lines_of
from checkin.routes.words import status


def init_app(app: Flask) -> None:
    """Give the templates their filters."""
    app.jinja_env.filters.update(
        ago=ago, clock_time=clock_time, due=due, duration=duration, ordinal=ordinal, status_word=status,
        with_links=with_links,
    )  # fmt: skip
    app.jinja_env.globals.update(icon=icon)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.context_processor(lambda: {"now": clock.now()})


def event_zone() -> ZoneInfo:
    """Return the time zone of the page's event, UTC without one."""
    event = g.get("event")
    return ZoneInfo(event.time_zone if event else "UTC")


def in_words(seconds: float) -> str:
    """Return how long ago something was, as people say it."""
    minutes = int(max(seconds, 0) // 60)
    if minutes < 1:
        return _("just now")
    if minutes < 60:
        return _("%(minutes)s min ago", minutes=minutes)
    if minutes < 24 * 60:
        return _("%(hours)s h ago", hours=minutes // 60)
    return ngettext("%(num)s day ago", "%(num)s days ago", minutes // (24 * 60))


def ago(moment: datetime) -> Markup:
    """Return the moment as a `<time>` that the page keeps ticking without requests."""
    words = in_words((clock.now() - moment).total_seconds())
    return Markup('<time datetime="{}" data-ago title="{}">{}</time>').format(
        moment.isoformat(timespec="seconds"), clock_time(moment), words
    )


def due(moment: datetime) -> Markup:
    """Return in how long something is due, or for how long it has been: rounded, as a promise of two days needs it."""
    seconds = (moment - clock.now()).total_seconds()
    left = int(abs(seconds) // 60)
    hours = round(left / 60)
    if seconds < 0:
        words = _("overdue by %(minutes)s min", minutes=left) if left < 60 else _("overdue by %(hours)s h", hours=hours)
    else:
        words = _("due in %(minutes)s min", minutes=left) if left < 60 else _("due in %(hours)s h", hours=hours)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        moment.isoformat(timespec="seconds"), clock_time(moment), words
    )


def with_links(advice: str) -> Markup:
    """Return what was typed for somebody to take home, line by line, with its addresses as links."""
    link = Markup('<a href="{0}" rel="noreferrer">{0}</a>')
    lines = (
        Markup().join(link.format(piece.words) if piece.is_link else escape(piece.words) for piece in line)
        for line in lines_of(advice)
    )
    return Markup("<br>").join(lines)


def clock_time(moment: datetime) -> str:
    """Return hour and minute in the event's time zone, with the day when it is another one."""
    zone = event_zone()
    here = moment.astimezone(zone)
    same_day = here.date() == clock.now().astimezone(zone).date()
    pattern = "HH:mm" if same_day else "d MMM HH:mm"
    return format_datetime(here.replace(tzinfo=None), pattern, rebase=False)


def duration(length: timedelta) -> str:
    """Return a length of time as people say it."""
    minutes = int(length.total_seconds() // 60)
    if minutes < 1:
        return _("less than a minute")
    if minutes < 60:
        return _("%(minutes)s min", minutes=minutes)
    return _("%(hours)s h %(minutes)s min", hours=minutes // 60, minutes=minutes % 60)


def ordinal(place: int) -> str:
    """Return a place in the queue as it is called out: 1st, 2nd, 3rd; 1er, 2e. Which ending it is, Unicode knows."""
    locale = get_locale()
    form = locale.ordinal_form(place) if locale is not None else "other"
    endings = {"one": _("%(n)sst", n=place), "two": _("%(n)snd", n=place), "few": _("%(n)srd", n=place)}
    return endings.get(form, _("%(n)sth", n=place))


def icon(name: str) -> Markup:
    """Return an icon of the vendored sprite; it says nothing that the words beside it do not say."""
    address = url_for("static", filename="vendor/icons.svg")
    return Markup('<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>').format(
        address, escape(name)
    )
