"""Check-in at the kiosk: one short page, its submission, its success (docs/specification.md, section 2)."""

import time

from flask import Blueprint, Response, abort, current_app, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, ngettext
from flask_babel import gettext as _

from checkin import clock, htmx
from checkin.db import DatabaseBusy, db, transaction
from checkin.forms.checking_in import CheckInForm
from checkin.forms.fields import PAGE_TOO_OLD, page_too_old
from checkin.live import live
from checkin.models import Role, UsernameAsked
from checkin.queueing.checking_in import CheckedIn, CheckInDetails, check_in
from checkin.queueing.duplicates import Duplicate
from checkin.queueing.errors import AlreadyHere, ProductNotOffered, QueueClosed, QueueingError, SubmittedTwice
from checkin.queueing.quotes import Told
from checkin.queueing.waits import Pace, WaitRange
from checkin.reports.kiosk import Arrival, arrival, kiosk_tiles, team_paces
from checkin.routes.access import EventView, staff_required, viewer
from checkin.routes.failures import RETRY_AFTER_SECONDS
from checkin.routes.language import spoken
from checkin.routes.links import customer_address, qr_code
from checkin.routes.refusals import refusal

bp = Blueprint("checking_in", __name__)
_KIOSK_LENGTH = 60
_PACE_SECONDS = 15


@bp.get("/<slug:event_slug>/checkin")
@staff_required(Role.VOLUNTEER, Role.ORGANISER)
def show(event: EventView) -> ResponseReturnValue:
    """Show the clean form; after a submission without JavaScript, its success."""
    if "kiosk" in request.args:
        session["kiosk"] = _printable(request.args["kiosk"]).strip()[:_KIOSK_LENGTH]
    if "done" in request.args:
        key = _printable(request.args["done"])
        return _success(event, CheckedIn(key, differs="differs" in request.args, kept="kept" in request.args))
    return _form(event, CheckInForm(event.settings, formdata=None))


@bp.post("/<slug:event_slug>/checkin")
@staff_required(Role.VOLUNTEER, Role.ORGANISER)
def submit(event: EventView) -> ResponseReturnValue:
    """Check the customer in: 303 to the success (htmx: its fragment), or the form as it was typed.

    That is 422 for what is wrong in it, 409 where the desk refuses or somebody has to choose what becomes of an open
    ticket, 503 while the database is busy.
    """
    form = CheckInForm(event.settings)
    apply_choice(form)
    if request.form.get("duplicate") == "back":
        return _form(event, form)
    if not form.validate_on_submit():
        notice = str(PAGE_TOO_OLD) if page_too_old(form) else None
        return _form(event, form, status=422, notice=notice)
    try:
        checked_in = _check_in(event, form)
    except AlreadyHere as error:
        return _form(event, form, status=409, there=_where_they_stand(event, error.details["key"]))
    except (ProductNotOffered, QueueClosed) as error:
        form.product.errors = [refusal(error).sentence]
        return _form(event, form, status=422 if isinstance(error, ProductNotOffered) else 409)
    except QueueingError as error:
        return _form(event, form, status=409, notice=refusal(error).sentence)
    except DatabaseBusy:
        sentence = _("The desk is busy for a moment. Nothing you typed is lost; please press the button again.")
        response = _form(event, form, status=503, notice=sentence)
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return response
    if htmx.wants_fragment():
        return _success(event, checked_in)
    differs, kept = (1 if said else None for said in (checked_in.differs, checked_in.kept))
    return htmx.go_to(url_for(".show", event_slug=event.slug, done=checked_in.key, differs=differs, kept=kept))


def apply_choice(form: CheckInForm) -> None:
    """Carry out the one-tap correction of the email's domain; a button answers its own question and no other.

    The form's main button leaves everything as it was typed.
    """
    if request.form.get("email_choice") == "use" and "email" in form:
        offered = request.form.get("email_offer", "")
        form.email.data = offered.strip() or form.email.data
    if "phone_choice" in request.form and "email_offer" in request.form:
        form.email_checked.data = ""
    if "email_choice" in request.form and "phone_asked" in request.form:
        form.phone_checked.data = ""


def _check_in(event: EventView, form: CheckInForm) -> CheckedIn:
    details = details_of(event, form)
    person_id, where = viewer().person_id, _where()
    for attempt in (1, 2):
        try:
            with transaction() as writing:
                return check_in(writing, details, event_id=event.id, by=person_id, where=where, duplicate=_duplicate())
        except SubmittedTwice:
            if attempt == 2:
                raise
    raise AssertionError


def _duplicate() -> Duplicate | None:
    """Return what was chosen for somebody who has an open ticket already; it belongs to the button, not to the form."""
    chosen = request.form.get("duplicate", "")
    return Duplicate(chosen) if chosen in set(Duplicate) else None


def details_of(event: EventView, form: CheckInForm) -> CheckInDetails:
    """Return what a valid form says, as the rules take it."""
    same = event.settings.ask_username is UsernameAsked.SAME_AS_EMAIL
    return CheckInDetails(
        submission_id=form.submission_id.data or "",
        first_name=form.value("first_name"),
        last_name=form.value("last_name"),
        email=form.normalised_email,
        phone=form.normalised_phone,
        username=(form.normalised_email or "") if same else form.value("username"),
        product_id=form.product_id or 0,
        notes=form.value("notes"),
        language=form.value("language") or event.settings.languages[0],
        urgent_reason=form.value("urgent_reason"),
        answers=form.answers,
    )


def _printable(typed: str) -> str:
    """Return what came with an address without control characters, which names and keys never hold."""
    return "".join(character for character in typed if character.isprintable())


def _where() -> str:
    kiosk = session.get("kiosk", "")
    return kiosk if isinstance(kiosk, str) else ""


def _form(
    event: EventView, form: CheckInForm, *, status: int = 200, notice: str | None = None, there: Arrival | None = None
) -> Response:
    """Show the form; with `there`, the open ticket that the customer has already, and what can become of it."""
    tiles = kiosk_tiles(db.session(), event_id=event.id, moment=clock.now(), paces=_paces(event))
    asked = next((tile for tile in tiles if tile.id == form.product_id), None)
    return htmx.page_or_block(
        "checkin/form.html", "form", status=status, form=form, tiles=tiles, notice=notice, there=there, asked=asked,
        where=_where(), wait_in_words=wait_in_words,
    )  # fmt: skip


def _paces(event: EventView) -> dict[str, Pace]:
    """Return how quickly the teams work, read anew a few times a minute: all kiosks ask, and it changes slowly."""
    held: dict[int, tuple[float, dict[str, Pace]]] = current_app.extensions.setdefault("kiosk_paces", {})
    since, paces = held.get(event.id, (0.0, {}))
    if not paces or time.monotonic() - since > _PACE_SECONDS:
        paces = team_paces(db.session(), event_id=event.id, moment=clock.now())
        held[event.id] = (time.monotonic(), paces)
    return paces


def _where_they_stand(event: EventView, key: str) -> Arrival | None:
    return arrival(db.session(), key, event_id=event.id, moment=clock.now(), paces=_paces(event))


def _success(event: EventView, checked_in: CheckedIn) -> ResponseReturnValue:
    there = _where_they_stand(event, checked_in.key)
    if there is None:
        abort(404)
    if there.place is not None:
        live().quotes.tell(Told(event.id, there.ticket_id, there.at, there.place, there.wait))
    address = customer_address(there.token)
    # The customer reads this page with the volunteer: what is said to each is said in their own language.
    to_volunteer = {
        "language": spoken(),
        "differs": _("%(key)s was already checked in with other details; the first stands.", key=there.key),
        "next": _("Next customer"),
        "countdown": _("The form is clean again in {n} s"),
        "soon": _("The form is clean again in a moment"),
    }
    with force_locale(there.language):
        return htmx.page_or_block(
            "checkin/done.html",
            "done",
            there=there,
            estimate=wait_in_words(there.wait) if there.place else "",
            qr_svg=qr_code(address),
            customer_url=address,
            differs=checked_in.differs,
            kept=checked_in.kept,
            alerts_sentence=_alerts_sentence(event, there),
            to_volunteer=to_volunteer,
            where=_where(),
        )


def wait_in_words(wait: WaitRange | None) -> str:
    """Return the likely wait in words; that we do not know it is said as well."""
    if wait is None:
        return _("We don't know the wait yet.")
    if wait.most == 0:
        return _("It will be soon.")
    if wait.least >= 120:
        return _("It will be more than two hours.")
    if wait.least == 0:
        return ngettext("At most about %(num)s minute.", "At most about %(num)s minutes.", wait.most)
    return _("About %(least)s to %(most)s minutes.", least=wait.least, most=wait.most)


def _alerts_sentence(event: EventView, there: Arrival) -> str:
    if there.expert is not None or there.is_closed:
        return ""
    text = event.settings.ready_text and there.by_text
    email = event.settings.ready_email and there.by_email
    if text and email:
        return _("Stay near. A text and an email will come when an expert is ready.")
    if text:
        return _("Stay near. A text will come when an expert is ready.")
    if email:
        return _("Stay near. An email will come when an expert is ready.")
    return _("Stay near, and watch the board: the name is called there.")
