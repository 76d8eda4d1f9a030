"""In which language a page speaks, and the switch at its foot (docs/specification.md, 12.2)."""

from typing import Final

from babel import Locale
from babel.support import NullTranslations
from flask import Blueprint, Flask, Response, abort, g, has_request_context, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import Babel, Domain, get_locale, refresh
from flask_wtf import FlaskForm
from flask_wtf.csrf import generate_csrf
from wtforms import HiddenField

from checkin import htmx, i18n
from checkin.models.settings import DEFAULT_LANGUAGE, LANGUAGES
from checkin.routes.addresses import is_ours, this_page

bp = Blueprint("language", __name__)

_KEPT: Final = "language"


class _Catalogues(Domain):
    """The catalogues of checkin.i18n in the place of compiled files."""

    def get_translations(self) -> NullTranslations:
        """Return the sentences of the page's language."""
        locale = get_locale()
        return i18n.catalogue(DEFAULT_LANGUAGE if locale is None else locale.language)


class LanguageForm(FlaskForm):
    """One button for each language; `next` is the page that the switch stands on."""

    language = HiddenField()
    next = HiddenField()


def init_app(app: Flask) -> None:
    """Let every page know its language, and say to caches what it depends on."""
    babel = Babel(app, locale_selector=chosen_language)
    babel.domain_instance = _Catalogues()
    app.jinja_env.globals.update(languages=LANGUAGES, csrf_token=generate_csrf, this_page=this_page)
    app.context_processor(lambda: {"language": spoken()})
    app.after_request(_vary)
    app.register_blueprint(bp)


def speak(language: str) -> None:
    """Let the rest of this request speak `language`, whatever the browser wants: a customer's, or the board's."""
    g.language = language
    refresh()


def spoken() -> str:
    """Return the code of the language that is spoken now."""
    locale = get_locale()
    return DEFAULT_LANGUAGE if locale is None else locale.language


def chosen_language() -> Locale:
    """Return the language of this page.

    In this order: the one that the view has set, the one that was chosen on this device, the one among the event's that
    the browser asks for, the event's first; among all there are and English where there is no event.
    """
    return _LOCALES[_chosen()]


_LOCALES: Final = {code: Locale.parse(code) for code in LANGUAGES}


def _chosen() -> str:
    if g.get("language") in LANGUAGES:
        return str(g.language)
    event = g.get("event")
    offered = event.settings.languages if event else tuple(LANGUAGES)
    if not has_request_context():
        return str(offered[0])
    if session.get(_KEPT) in LANGUAGES:
        return str(session[_KEPT])
    g.asked_the_browser = True
    # Werkzeug's best_match takes the "en" of "fr-FR, en;q=0.5", because it is written the same.
    wanted = (tag.partition("-")[0].lower() for tag, quality in request.accept_languages if quality > 0)
    return next((code for code in wanted if code in offered), str(offered[0]))


def _vary(response: Response) -> Response:
    if g.get("asked_the_browser"):
        # Not by headers.add: Flask writes its own "Cookie" into the first header of the name, and drops the others.
        response.vary.add("Accept-Language")
    return response


@bp.post("/language")
def choose() -> ResponseReturnValue:
    """Keep the language for this device, and go back to the page (303)."""
    form = LanguageForm()
    if not form.validate_on_submit() or form.language.data not in LANGUAGES:
        abort(400)
    session[_KEPT] = form.language.data
    wanted = form.next.data or ""
    return htmx.go_to(wanted if is_ours(wanted) else url_for("front.index"))
