"""Sign-in, sign-out, and a new password by email (docs/specification.md, 9.2)."""

from datetime import timedelta
from typing import Final

from flask import Blueprint, Response, current_app, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user, login_user, logout_user
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from checkin import clock, htmx
from checkin.db import DatabaseBusy, db, is_busy, transaction
from checkin.forms.fields import PAGE_TOO_OLD, page_too_old
from checkin.forms.signing_in import NewPasswordForm, ResetForm, SignInForm, SignOutForm
from checkin.models import AttemptKind, Event, Role
from checkin.people.emails import account_email
from checkin.people.passwords import (
    PasswordRefused,
    check_new_password,
    hash_password,
    is_outdated,
    is_password,
)
from checkin.people.resetting import LinkDead, read_link, request_reset, set_password
from checkin.people.signing_in import Credentials, find_credentials, welcome
from checkin.people.throttle import TooManyAtOnce, TooManyTries, begin_attempt, judged_in_turn
from checkin.reports.experts import in_hand_of
from checkin.routes import presence
from checkin.routes.access import SignedIn, load_signed_in
from checkin.routes.addresses import is_ours
from checkin.routes.failures import RETRY_AFTER_SECONDS
from checkin.routes.language import spoken

bp = Blueprint("signing_in", __name__)

# What belongs to the device and not to who signs in on it.
_OF_THE_DEVICE: Final = ("desk", "kiosk", "language", "_permanent")


@bp.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    """Show the form; sign in and go to where one works (303), or say what is not right (422, 429, 503)."""
    form = SignInForm()
    if request.method == "GET":
        form.next.data = request.args.get("next", "")
        if current_user.is_authenticated:
            return htmx.go_to(_way_on(current_user, wanted=form.next.data))
        return htmx.page("people/sign_in.html", form=form)
    if not form.validate_on_submit():
        if page_too_old(form):
            form.form_errors.append(PAGE_TOO_OLD)
        return _again(form, status=422)
    try:
        signed_in = _signed_in(form)
    except TooManyTries as refused:
        return _wait(form, refused.wait)
    except (DatabaseBusy, TooManyAtOnce, SQLAlchemyError) as error:
        return _busy(form, error)
    if signed_in is None:
        form.form_errors.append(_("Email or password is not right."))
        return _again(form, status=422)
    return _land(signed_in, wanted=form.next.data)


def _land(signed_in: SignedIn, wanted: str | None = "") -> Response:
    """Go to where this person works; an expert of that event is available from now on."""
    address = _way_on(signed_in, wanted=wanted)
    presence.arrive(signed_in, address)
    return htmx.go_to(address)


def _signed_in(form: SignInForm) -> SignedIn | None:
    email = account_email(form.email.data or "")
    with judged_in_turn(email):
        credentials = _judged(email, form.password.data or "")
    return None if credentials is None else _begin_session(credentials)


def _judged(email: str, password: str) -> Credentials | None:
    credentials = find_credentials(db.session(), email=email)
    with transaction() as writing:
        begin_attempt(
            writing, AttemptKind.SIGN_IN, email=email, address=request.remote_addr or "", moment=clock.now()
        )  # fmt: skip
    if not is_password(password, credentials.password_hash):
        return None
    new_hash = hash_password(password) if is_outdated(credentials.password_hash or "") else None
    with transaction() as writing:
        welcome(writing, credentials, email=email, new_hash=new_hash)
    return credentials


def _begin_session(credentials: Credentials) -> SignedIn | None:
    """Begin a session that has nothing of the one before but what belongs to the device."""
    signed_in = load_signed_in(f"{credentials.account_id}.{credentials.session_number}")
    if signed_in is not None:
        _end_session()
        login_user(signed_in)
    return signed_in


def _end_session() -> None:
    kept = {name: session[name] for name in _OF_THE_DEVICE if name in session}
    logout_user()
    session.clear()
    session.update(kept)


@bp.route("/sign-out", methods=["GET", "POST"])
def sign_out() -> ResponseReturnValue:
    """Ask (a link must not sign anybody out), then end this browser's session."""
    form = SignOutForm()
    if request.method == "POST" and form.validate_on_submit():
        if current_user.is_authenticated:
            presence.leave(current_user)
        _end_session()
        return htmx.go_to(url_for("front.index"))
    people = [one.person_id for one in current_user.people.values()] if current_user.is_authenticated else []
    return htmx.page(
        "people/sign_out.html",
        status=200 if request.method == "GET" else 422,
        form=form,
        in_hand=in_hand_of(db.session(), people) if people else [],
    )


@bp.route("/reset", methods=["GET", "POST"])
def reset() -> ResponseReturnValue:
    """Ask for the email, and say the same whether somebody has it or not."""
    form = ResetForm()
    if request.method == "GET":
        return htmx.page("people/reset.html", form=form)
    if not form.validate_on_submit():
        if page_too_old(form):
            form.email.errors = [PAGE_TOO_OLD]
        return htmx.page("people/reset.html", status=422, form=form)
    email = account_email(form.email.data or "")
    try:
        with transaction() as writing:
            request_reset(
                writing, email=email, address=request.remote_addr or "", moment=clock.now(), language=spoken()
            )
    except TooManyTries as refused:
        form.email.errors = [_wait_in_words(refused.wait)]
        return _retry(htmx.page("people/reset.html", status=429, form=form), refused.wait)
    return htmx.page("people/reset_sent.html")


@bp.route("/reset/<token>", methods=["GET", "POST"])
def new_password(token: str) -> ResponseReturnValue:
    """Let whoever has the link choose a new password (opening the link uses nothing up), and sign them in."""
    secret_key = current_app.config["SECRET_KEY"]
    form = NewPasswordForm()
    try:
        whose = read_link(db.session(), token, secret_key=secret_key)
        if request.method == "GET":
            return htmx.page("people/new_password.html", form=form)
        if not _is_acceptable(form, email=whose.email):
            return htmx.page("people/new_password.html", status=422, form=form)
        password_hash = hash_password(form.password.data or "")
        with transaction() as writing:
            whose = set_password(writing, token, secret_key=secret_key, password_hash=password_hash)
    except LinkDead:
        return htmx.page("people/reset_dead.html", status=410)
    except TooManyAtOnce:
        form.form_errors.append(_busy_in_words())
        return _retry(htmx.page("people/new_password.html", status=503, form=form))
    signed_in = _begin_session(Credentials(whose.account_id, password_hash, whose.session_number))
    return htmx.go_to(url_for(".sign_in")) if signed_in is None else _land(signed_in)


def _is_acceptable(form: NewPasswordForm, *, email: str) -> bool:
    if not form.validate_on_submit():
        if page_too_old(form):
            form.form_errors.append(PAGE_TOO_OLD)
        return False
    if form.password.data != form.again.data:
        form.again.errors = [_("The two are not the same.")]
        return False
    try:
        check_new_password(form.password.data or "", email=email)
    except PasswordRefused as refused:
        form.password.errors = [_(refused.sentence)]
        return False
    return True


def _way_on(signed_in: SignedIn, wanted: str | None = "") -> str:
    """Return the page that was wanted, else where this person works."""
    if wanted and is_ours(wanted):
        return wanted
    if len(signed_in.people) != 1:
        return url_for("front.index")
    (person,) = signed_in.people.values()
    slug = db.session.scalar(select(Event.slug).where(Event.id == person.event_id))
    if Role.ORGANISER in person.roles:
        return url_for("front.event", event_slug=slug)
    if Role.EXPERT in person.roles:
        return url_for("desk.show", event_slug=slug)
    if Role.VOLUNTEER in person.roles:
        return url_for("checking_in.show", event_slug=slug)
    return url_for("front.event", event_slug=slug)


def _again(form: SignInForm, *, status: int) -> Response:
    return htmx.page("people/sign_in.html", status=status, form=form)


def _wait(form: SignInForm, wait: timedelta) -> Response:
    form.form_errors.append(_wait_in_words(wait))
    return _retry(_again(form, status=429), wait)


def _busy(form: SignInForm, error: Exception) -> Response:
    if isinstance(error, SQLAlchemyError) and not is_busy(error):
        raise error
    db.session.rollback()
    form.form_errors.append(_busy_in_words())
    return _retry(_again(form, status=503))


def _retry(response: Response, wait: timedelta = timedelta(seconds=RETRY_AFTER_SECONDS)) -> Response:
    response.headers["Retry-After"] = str(max(1, round(wait.total_seconds())))
    return response


def _busy_in_words() -> str:
    return _("The desk is busy for a moment. Nothing is lost; please try again.")


def _wait_in_words(wait: timedelta) -> str:
    seconds = max(1, round(wait.total_seconds()))
    if seconds < 60:
        told = ngettext("%(num)s second", "%(num)s seconds", seconds)
    else:
        told = ngettext("%(num)s minute", "%(num)s minutes", -(-seconds // 60))
    return _("That was tried too often. Please wait %(time)s, then try again.", time=told)
