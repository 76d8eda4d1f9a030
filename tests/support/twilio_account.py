"""What the fake Twilio's account has: numbers and messaging services, as its API shows them to who sets them up."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from tests.support.twilio_posts import ACCOUNT_SID


@dataclass
class FakeAccount:
    """Changed by a test before it asks. `numbers` and `services` hold Twilio's own fields, by number and by sid."""

    status: str = "active"
    type: str = "Full"
    numbers: dict[str, dict[str, Any]] = field(default_factory=dict)
    services: dict[str, dict[str, Any]] = field(default_factory=dict)
    members: dict[str, list[str]] = field(default_factory=dict)
    """The numbers of each service."""
    refusal: Any = None
    """An `Answer` to every question instead of these."""

    def has_number(self, number: str, *, sms_url: str = "", texts: bool = True) -> None:
        """Buy a number."""
        self.numbers[number] = {
            "sid": "PN" + "2" * 32, "phone_number": number, "sms_url": sms_url,
            "capabilities": {"sms": texts, "mms": False, "voice": True},
        }  # fmt: skip

    def has_service(self, sid: str, *members: str, inbound_url: str = "", by_number: bool = False) -> None:
        """Make a messaging service with these numbers."""
        self.services[sid] = {
            "sid": sid, "friendly_name": "Ask the Experts", "inbound_request_url": inbound_url,
            "use_inbound_webhook_on_number": by_number,
        }  # fmt: skip
        self.members[sid] = list(members)

    def answer(self, path: str, query: str) -> dict[str, Any] | None:
        """Return what the API says at this path, None when it has nothing there."""
        if path == f"/2010-04-01/Accounts/{ACCOUNT_SID}.json":
            return {"sid": ACCOUNT_SID, "friendly_name": "Desk", "status": self.status, "type": self.type}
        if path == f"/2010-04-01/Accounts/{ACCOUNT_SID}/IncomingPhoneNumbers.json":
            asked = parse_qs(query)["PhoneNumber"][0]
            return {"incoming_phone_numbers": [self.numbers[asked]] if asked in self.numbers else []}
        if not path.startswith("/v1/Services/"):
            return None
        sid, _, part = path.removeprefix("/v1/Services/").partition("/")
        if sid not in self.services or part not in {"", "PhoneNumbers", "ShortCodes", "AlphaSenders"}:
            return None
        members = [{"phone_number": number} for number in self.members[sid]] if part == "PhoneNumbers" else []
        return {"senders": members, "meta": {"key": "senders"}} if part else self.services[sid]
