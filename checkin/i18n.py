"""Marks sentences for translation in the layers that know no request, and reads what translators wrote.

The catalogues are read as they are (checkin/translations/*/LC_MESSAGES/messages.po), once per process: there is no
compiled form that could be missing or older.
"""

from functools import cache
from io import BytesIO

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from checkin.config import ROOT

CATALOGUES = ROOT / "checkin" / "translations"


def mark(sentence: str) -> str:
    """Return `sentence` unchanged; the extraction of messages finds it by this call.

    Translated where it is shown: `gettext(refusal.sentence)`.
    """
    return sentence


def translate(sentence: str, language: str) -> str:
    """Return a marked sentence in `language`, as it is where the language has none of its own (English)."""
    # Nothing is the name under which a catalogue keeps its own header.
    return catalogue(language).gettext(sentence) if sentence else ""


def direction(language: str) -> str:
    """Return how `language` is written, as HTML says it: "ltr" or "rtl"."""
    return Locale.parse(language).text_direction


@cache
def catalogue(language: str) -> NullTranslations:
    """Return the sentences of `language`; for English, in which they are written, an empty catalogue."""
    path = CATALOGUES / language / "LC_MESSAGES" / "messages.po"
    if not path.is_file():
        return NullTranslations()
    with path.open("rb") as written:
        sentences = read_po(written, locale=language, domain="messages")
    compiled = BytesIO()
    write_mo(compiled, sentences)
    compiled.seek(0)
    return Translations(compiled, domain="messages")
