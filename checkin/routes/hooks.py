"""What providers report to us: signed, without a session, answered at once (docs/alerts.md, What Twilio tells us).

A request counts when Twilio has signed it with the account's token (or, while that is being changed, the former one)
over our public address and every parameter, and it names our account. Nothing is ever answered to a customer here.
"""

from contextlib import suppress
from datetime import datetime
from typing import Final, NoReturn

from flask import Blueprint, Response, abort, current_app, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from structlog import get_logger
from twilio.request_validator import RequestValidator
from werkzeug.exceptions import HTTPException

from checkin import clock
from checkin.alerts.hook_calls import Hook, Ledger, note_call
from checkin.alerts.links import MESSAGE_PATH, STATUS_PATH, read_alert_token
from checkin.alerts.receipts import StatusReport, apply_report
from checkin.alerts.suppressing import take_text
from checkin.config import Settings
from checkin.db import DatabaseBusy, database_now, is_busy, transaction
from checkin.routes.failures import RETRY_AFTER_SECONDS

bp = Blueprint("hooks", __name__)

_NO_ANSWER: Final = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
_LEDGER: Final = "checkin_hook_calls"
_log = get_logger()


@bp.post(STATUS_PATH)
def status() -> ResponseReturnValue:
    """Take what Twilio says of a text of ours."""
    _require_twilio()
    named = read_alert_token(current_app.config["SECRET_KEY"], request.args.get("alert", ""))
    with transaction() as session:
        moment = database_now(session)
        _note(session, Hook.STATUS, moment)
        if named is not None:
            alert_id, attempt = named
            word = (_given("MessageStatus") or _given("SmsStatus")).lower()
            report = StatusReport(alert_id, attempt, _given("MessageSid"), word, _code())
            apply_report(session, report, moment=moment)
    return "", 204


@bp.post(MESSAGE_PATH)
def message() -> ResponseReturnValue:
    """Take a text that a customer wrote to us; Twilio itself answers STOP and START, so nobody else does."""
    _require_twilio()
    sid, sender = _given("MessageSid"), _given("From")
    if sid and sender:
        with transaction() as session:
            moment = database_now(session)
            _note(session, Hook.MESSAGE, moment)
            wish = take_text(
                session, sid=sid, address=sender, body=request.form.get("Body", ""),
                opt_out_type=_given("OptOutType"), moment=moment,
            )  # fmt: skip
        if wish:
            _log.info("a customer wrote", word=wish.value)
    return Response(_NO_ANSWER, mimetype="text/xml")


@bp.errorhandler(HTTPException)
def _refused(error: HTTPException) -> Response:
    return _bodyless(error.code or 500)


@bp.errorhandler(DatabaseBusy)
@bp.errorhandler(SQLAlchemyError)
def _failed(error: Exception) -> Response:
    """Let Twilio come back when the database is away; the signature of what comes is the same then."""
    if not isinstance(error, DatabaseBusy) and not is_busy(error):
        _log.error("hook", exc_info=error)
        return _bodyless(500)
    answer = _bodyless(503)
    answer.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return answer


def _require_twilio() -> None:
    """Let only Twilio in, and only for our account: 404 where no token is set, else 403."""
    settings: Settings = current_app.extensions["checkin_settings"]
    if not (settings.twilio_auth_token and settings.twilio_account_sid):
        abort(404)
    tokens = filter(None, (settings.twilio_auth_token, settings.twilio_former_auth_token))
    query = request.query_string.decode("latin-1")
    address = settings.effective_public_url + request.path + (f"?{query}" if query else "")
    signature = request.headers.get("X-Twilio-Signature", "")
    if not any(RequestValidator(token).validate(address, request.form, signature) for token in tokens):
        _turn_away("signature" if signature else "unsigned")
    if request.form.get("AccountSid") != settings.twilio_account_sid:
        _turn_away("account")


def _turn_away(why: str) -> NoReturn:
    _log.warning("hook refused", path=request.path, why=why)
    moment = clock.now()
    # Without any signature it was not Twilio: somebody looking around, or `doctor` asking whether we are here.
    if why != "unsigned" and _ledger().is_due(Hook.REFUSED, why, moment):
        with suppress(DatabaseBusy), transaction() as session:
            note_call(session, Hook.REFUSED, detail=why, moment=moment)
    abort(403)


def _note(session: Session, hook: Hook, moment: datetime) -> None:
    if _ledger().is_due(hook, "", moment):
        note_call(session, hook, moment=moment)


def _ledger() -> Ledger:
    ledger: Ledger = current_app.extensions.setdefault(_LEDGER, Ledger())
    return ledger


def _given(name: str) -> str:
    return request.form.get(name, "").strip()


def _code() -> int | None:
    """Return Twilio's error code, None when the callback names none."""
    code = _given("ErrorCode")
    return int(code) if code.isdecimal() and len(code) < 10 and int(code) else None


def _bodyless(code: int) -> Response:
    return Response(status=code, mimetype="text/plain")
