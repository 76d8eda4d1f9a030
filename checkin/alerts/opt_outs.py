"""What a customer's text asks for: no more texts, texts again, or nothing of the kind (docs/alerts.md, STOP and START).

Twilio itself honours only single words. Whoever says the same in a sentence of their own means it no less; a "stop"
about something else ("I stop by at ten") must not take the call away from them.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from typing import Final


class Wish(StrEnum):
    """What a text asks for, as it is kept."""

    STOP = "STOP"
    START = "START"
    NOTHING = ""


# The single words that Twilio knows by default. The French ones are ours.
_STOP: Final = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})
_START: Final = frozenset({"start", "yes", "unstop"})
_ARRET: Final = frozenset({"arret", "arreter", "arretez", "arrete", "desabonner", "desinscrire", "desinscription"})

# Words that end texts wherever they stand with nothing but the following around them: courtesy, and what is to end.
_ENDS: Final = frozenset({"stop", "stopall", "unsubscribe", "optout", "revoke"}) | _ARRET
_AROUND: Final = frozenset(
    re.findall(
        r"\w+",
        """
        please pls plz thanks thank you kindly now immediately ok okay hi hello all any it this these them i we want
        would like to can could just me my us number phone from send sending sent texting text texts sms txt txts
        message messages messaging msg msgs contacting getting get receiving receive
        s il vous te plait svp stp merci maintenant de d des les ces vos me m moi mon numero envoyer envoi envois
        envoyez recevoir texto textos bonjour je veux voudrais souhaite tous toutes ce cela ca par
        """,
    )
)
_A_TEXT: Final = r"(?:texts?|sms|textos?|messages?|msgs?)"
_SENTENCES: Final = re.compile(
    r"\b(?:do not|dont|never|stop) (?:ever )?(?:text|texting|message|messaging|sms|contact|contacting) (?:me|us)\b"
    rf"|\b(?:do not|dont|never|stop) (?:send|sending) (?:me |us )?(?:any |more |these |this )*{_A_TEXT}\b"
    rf"|^(?:please |thanks |merci )*(?:no more|plus de|plus aucun) {_A_TEXT}\b"
    r"|\bopt(?:ing|ed)? (?:me )?out\b"
    r"|\b(?:remove|take|delete) (?:me|us|my number|this number)(?: off)? from (?:your|the) (?:list|texts?)\b"
    r"|\bunsubscribe\b"
    r"|\bne (?:m|me|nous) (?:envoyez|envoie|ecrivez|ecris|contactez|contacte) plus\b"
    r"|\b(?:desabonne|desinscri)\w*\b"
)


def wish_of(body: str, *, opt_out_type: str = "") -> Wish:
    """Return what a text asks for. `opt_out_type` is Twilio's own verdict where it gives one (STOP, START, HELP)."""
    if opt_out_type in {Wish.STOP, Wish.START}:
        return Wish(opt_out_type)
    words = _plain(body).split()
    if len(words) == 1 and words[0] in _START:
        return Wish.START
    if len(words) == 1 and words[0] in _STOP | _ARRET:
        return Wish.STOP
    rest = [word for word in words if word not in _AROUND]
    says_only_that = bool(rest) and all(word in _ENDS for word in rest)
    return Wish.STOP if says_only_that or _SENTENCES.search(" ".join(words)) else Wish.NOTHING


def _plain(body: str) -> str:
    """Return the words in small letters, without accents, signs and marks."""
    plain = "".join(one for one in unicodedata.normalize("NFKD", body) if not unicodedata.combining(one)).casefold()
    plain = re.sub(r"\bdon\s?[^\w\s]\s?t\b", "dont", plain)
    return re.sub(r"[^a-z0-9]+", " ", plain).strip()
