"""What a channel takes, what it gives back, and the four ways in which a try can fail.

A channel is one small class with one verb, `send(message) -> Receipt`: it returns when the provider has accepted the
message, or raises `TransportError`. It records nothing and retries nothing; that is delivery's work. A channel without
a key against repeats has a second verb, `look_up`, that finds what may have left.
Sentences are marked for translation here and translated at the edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Outcome(StrEnum):
    """How a try failed, and so what may be done next (docs/alerts.md)."""

    NOT_SENT = "not_sent"
    """Surely not accepted: connection refused, 429, SMTP 4xx. May be tried again."""

    REFUSED = "refused"
    """Refused for good for this recipient. Never tried again, shown on the ticket."""

    MISCONFIGURED = "misconfigured"
    """Refused because of our own set-up, so every other message of the channel would be refused as well."""

    UNKNOWN = "unknown"
    """The provider may or may not have accepted it: a timeout or reset after writing, an answer 5xx."""


class TransportError(Exception):
    """A message that was not accepted, or of which nobody knows whether it was."""

    def __init__(
        self, outcome: Outcome, sentence: str, *, code: str = "", detail: str = "", retry_after: float | None = None
    ) -> None:
        """Say what happened.

        `sentence` is for people and marked for translation; `code` is the provider's own code ("21610", "550"), ""
        when there was no answer; `detail` is what the provider or the system said, for the organiser;
        `retry_after` is how many seconds the provider asks us to wait, with NOT_SENT only.
        """
        super().__init__(f"{outcome}: {sentence} [{code}] {detail}")
        self.outcome = outcome
        self.sentence = sentence
        self.code = code
        self.detail = detail
        self.retry_after = retry_after


@dataclass(frozen=True)
class Receipt:
    """The provider's word that it has accepted a message: its id, and what else it said."""

    provider_id: str
    detail: str


@dataclass(frozen=True)
class Found:
    """A text that the provider has: its id, the provider's word for how far it is, and its error code, if any."""

    provider_id: str
    status: str
    code: int | None


@dataclass(frozen=True)
class TextMessage:
    """One text to one phone.

    `to` is E.164. `status_callback` is the full address that the provider reports progress to, if any. After
    `validity_seconds` the provider itself drops a text that it could not pass on.
    """

    to: str
    body: str
    status_callback: str | None
    validity_seconds: int


@dataclass(frozen=True)
class MailMessage:
    """One email to one person, with the same content as text and as HTML.

    `message_id` (with its angle brackets) stays the same when the message is sent again, so that mail stores can
    recognise the copy. Names may be "", `reply_to` too.
    """

    to_name: str
    to_address: str
    from_name: str
    from_address: str
    reply_to: str
    subject: str
    text: str
    html: str
    message_id: str
    date: datetime
