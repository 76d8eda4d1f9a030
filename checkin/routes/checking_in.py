"""Check-in at the kiosk: one short page, its submission, its success (docs/specification.md, section 2)."""

from flask import Blueprint, Response, abort, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from checkin import clock, htmx
from checkin.db import DatabaseBusy, database_now, db, transaction
from checkin.forms.checking_in import CheckInForm
from checkin.forms.fields import PAGE_TOO_OLD, page_too_old
from checkin.models import Product, Role, Ticket, UsernameAsked
from checkin.queueing.checking_in import CheckedIn, CheckInDetails, check_in
from checkin.queueing.errors import ProductNotOffered, QueueClosed, QueueingError, SubmittedTwice
from checkin.queueing.estimates import estimate_wait
from checkin.queueing.places import place_of
from checkin.reports.queues import ProductTile, product_tiles
from checkin.routes.access import EventView, staff_required, viewer
from checkin.routes.customer import customer_address, qr_code
from checkin.routes.failures import RETRY_AFTER_SECONDS
from checkin.routes.refusals import refusal

bp = Blueprint("checking_in", __name__)
_KIOSK_LENGTH = 60


@bp.get("/<slug:event_slug>/checkin")
@staff_required(Role.VOLUNTEER, Role.ORGANISER)
def show(event: EventView) -> ResponseReturnValue:
    """Show the clean form; after a submission without JavaScript, its success."""
    if "kiosk" in request.args:
        session["kiosk"] = _printable(request.args["kiosk"]).strip()[:_KIOSK_LENGTH]
    if "done" in request.args:
        return _success(event, CheckedIn(_printable(request.args["done"]), differs="differs" in request.args))
    tiles = product_tiles(db.session(), event_id=event.id, moment=clock.now())
    form = CheckInForm(event.settings, [(tile.id, tile.name) for tile in tiles], formdata=None)
    return _form(form, tiles=tiles)


@bp.post("/<slug:event_slug>/checkin")
@staff_required(Role.VOLUNTEER, Role.ORGANISER)
def submit(event: EventView) -> ResponseReturnValue:
    """Check the customer in: 303 to the success (htmx: its fragment), or 422 with the form as it was typed."""
    tiles = product_tiles(db.session(), event_id=event.id, moment=clock.now())
    form = CheckInForm(event.settings, [(tile.id, tile.name) for tile in tiles])
    _apply_choice(form)
    if not form.validate_on_submit():
        notice = str(PAGE_TOO_OLD) if page_too_old(form) else None
        return _form(form, tiles=tiles, status=422, notice=notice)
    try:
        checked_in = _check_in(event, form)
    except (ProductNotOffered, QueueClosed) as error:
        form.product.errors = [refusal(error).sentence]
        return _form(form, tiles=tiles, status=409)
    except QueueingError as error:
        return _form(form, tiles=tiles, status=409, notice=refusal(error).sentence)
    except DatabaseBusy:
        sentence = _("The desk is busy for a moment. Nothing you typed is lost; please press the button again.")
        response = _form(form, tiles=tiles, status=503, notice=sentence)
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return response
    if htmx.wants_fragment():
        return _success(event, checked_in)
    differs = 1 if checked_in.differs else None
    return htmx.go_to(url_for(".show", event_slug=event.slug, done=checked_in.key, differs=differs))


def _apply_choice(form: CheckInForm) -> None:
    """Carry out the one-tap correction of the email's domain when that button was pressed."""
    if request.form.get("email_choice") == "use" and "email" in form:
        offered = request.form.get("email_offer", "")
        form.email.data = offered.strip() or form.email.data


def _check_in(event: EventView, form: CheckInForm) -> CheckedIn:
    details = _details(event, form)
    person_id, where = viewer().person_id, _where()
    for attempt in (1, 2):
        try:
            with transaction() as writing:
                return check_in(writing, details, event_id=event.id, by=person_id, where=where)
        except SubmittedTwice:
            if attempt == 2:
                raise
    raise AssertionError


def _details(event: EventView, form: CheckInForm) -> CheckInDetails:
    same = event.settings.ask_username is UsernameAsked.SAME_AS_EMAIL
    return CheckInDetails(
        submission_id=form.submission_id.data or "",
        first_name=form.value("first_name"),
        last_name=form.value("last_name"),
        email=form.normalised_email,
        phone=form.normalised_phone,
        username=(form.normalised_email or "") if same else form.value("username"),
        product_id=int(form.product.data),
        notes=form.value("notes"),
        language=form.value("language") or event.settings.languages[0],
        urgent_reason=form.value("urgent_reason"),
    )


def _printable(typed: str) -> str:
    """Return what came with an address without control characters, which names and keys never hold."""
    return "".join(character for character in typed if character.isprintable())


def _where() -> str:
    kiosk = session.get("kiosk", "")
    return kiosk if isinstance(kiosk, str) else ""


def _form(form: CheckInForm, *, tiles: list[ProductTile], status: int = 200, notice: str | None = None) -> Response:
    return htmx.page_or_block(
        "checkin/form.html", "form", status=status, form=form, tiles=tiles, notice=notice, where=_where()
    )


def _success(event: EventView, checked_in: CheckedIn) -> ResponseReturnValue:
    reading = db.session()
    found = reading.execute(
        select(Ticket, Product.name)
        .join(Product, Product.id == Ticket.product_id)
        .where(Ticket.event_id == event.id, Ticket.key == checked_in.key)
    ).one_or_none()
    if found is None:
        abort(404)
    ticket, product = found
    moment = database_now(reading)
    place = place_of(reading, ticket, moment=moment)
    address = customer_address(ticket.token)
    return htmx.page_or_block(
        "checkin/done.html",
        "done",
        ticket_key=ticket.key,
        first_name=ticket.first_name,
        product=product,
        place=place,
        estimate=estimate_in_words(ticket, place),
        qr_svg=qr_code(address),
        customer_url=address,
        differs=checked_in.differs,
        alerts_sentence=_alerts_sentence(event, ticket),
        where=_where(),
    )


def estimate_in_words(ticket: Ticket, place: int | None) -> str:
    """Return the likely wait in words; that we do not know it is said as well."""
    if place is None:
        return ""
    reading = db.session()
    wait = estimate_wait(reading, team_id=ticket.team_id, place=place, moment=database_now(reading))
    if wait is None:
        return _("We don't know the wait yet.")
    if wait.most == 0:
        return _("It will be soon.")
    if wait.least == 0:
        return ngettext("At most about %(num)s minute.", "At most about %(num)s minutes.", wait.most)
    return _("About %(least)s to %(most)s minutes.", least=wait.least, most=wait.most)


def _alerts_sentence(event: EventView, ticket: Ticket) -> str:
    settings = event.settings
    text = settings.ready_text and ticket.phone is not None
    email = settings.ready_email and ticket.email is not None
    if text and email:
        return _("Stay near. A text and an email will come when an expert is ready.")
    if text:
        return _("Stay near. A text will come when an expert is ready.")
    if email:
        return _("Stay near. An email will come when an expert is ready.")
    return _("Stay near, and watch the board: the name is called there.")
