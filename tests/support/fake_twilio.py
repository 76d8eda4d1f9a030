"""A small real HTTP server that stands in for Twilio: its Messages API, its network and the handsets behind it.

It knows one account, creates, lists and fetches messages, posts signed status callbacks and texts of customers, keeps
the truth of what reached a handset (`handsets`, `delivered`), and can be told how to misbehave. Use it as a context
manager, with `api_base_url` as TWILIO_API_BASE_URL:

    twilio.script(Answer(429), Reset(accepts=True))   # how the next requests to create a message are met
    twilio.let(REORDERED, undelivered(30003))         # what becomes of the next accepted texts, and what is told
    twilio.report(text, "delivered")                  # one callback by hand: late, once more, forged, ...
    twilio.text_from("+14155552671", "STOP")          # a customer writes
"""

from __future__ import annotations

import base64
import json
import socket
import struct
import sys
import threading
import time
import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlsplit

from checkin.clock import now
from tests.support.twilio_account import FakeAccount
from tests.support.twilio_posts import ACCOUNT_SID as ACCOUNT_SID  # noqa: PLC0414 - also asked for here
from tests.support.twilio_posts import AUTH_TOKEN as AUTH_TOKEN  # noqa: PLC0414 - also asked for here
from tests.support.twilio_posts import Post, inbound_text, status_callback

OPT_OUTS: Final = frozenset({"STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"})
OPT_INS: Final = frozenset({"START", "YES", "UNSTOP"})
EXPIRED_IN_QUEUE: Final = 30036


@dataclass(frozen=True)
class Answer:
    """Refuse the message with this status, Twilio's code and headers. `body` replaces Twilio's JSON when given."""

    status: int
    code: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None


@dataclass(frozen=True)
class AcceptThen:
    """Accept the message and then answer with something else than the usual 201."""

    answer: Answer


@dataclass(frozen=True)
class Reset:
    """Read the request, accept it or not, then reset the connection without an answer."""

    accepts: bool


@dataclass(frozen=True)
class Hang:
    """Read the request, accept it or not, then say nothing until the fake closes."""

    accepts: bool


@dataclass(frozen=True)
class Slow:
    """Accept the message at once and answer as usual, but only after so many seconds."""

    seconds: float


Fault = Answer | AcceptThen | Reset | Hang | Slow


@dataclass(frozen=True)
class Fate:
    """What becomes of a text that was accepted: whether the handset gets it, and which callbacks are posted, in order.

    They are posted after `seconds`, or before the request that creates the message is answered (`early`).
    """

    statuses: tuple[str, ...] = ()
    code: int | None = None
    reaches: bool = True
    seconds: float = 0.0
    early: bool = False
    token: str = AUTH_TOKEN
    extra: Mapping[str, str] = field(default_factory=dict)


SILENT: Final = Fate()
DELIVERED: Final = Fate(("sending", "sent", "delivered"))
NO_RECEIPT: Final = Fate(("sending", "sent"))
REORDERED: Final = Fate(("delivered", "sent", "sending"))
REPEATED: Final = Fate(("sent", "sent", "delivered", "delivered", "sent"))
EARLY: Final = Fate(("sent", "delivered"), early=True)
FORGED: Final = Fate(("sent", "delivered"), token="not-the-secret")
EXTENDED: Final = Fate(
    ("sent", "delivered"), extra={"NewOfTwilio": " kept as it is ", "RawDlrDoneDate": "2601011200", "Empty": ""}
)


def undelivered(code: int, *, seconds: float = 0.0) -> Fate:
    """Return the fate of a text that the network does not bring to its handset."""
    return Fate(("sent", "undelivered"), code=code, reaches=False, seconds=seconds)


def failed(code: int, *, seconds: float = 0.0) -> Fate:
    """Return the fate of a text that Twilio accepted and then did not send."""
    return Fate(("failed",), code=code, reaches=False, seconds=seconds)


@dataclass(eq=False)
class Text:
    """One accepted message, as Twilio keeps it; `status` is where it stands now."""

    sid: str
    to: str
    body: str
    sender: str
    status_callback: str | None
    validity_period: int | None
    date_sent: str
    status: str = "queued"
    error_code: int | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "sid": self.sid,
            "account_sid": ACCOUNT_SID,
            "to": self.to,
            "body": self.body,
            "from": self.sender,
            "status": self.status,
            "error_code": self.error_code,
            "date_created": self.date_sent,
            "date_sent": self.date_sent,
            "uri": f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/{self.sid}.json",
        }


@dataclass(frozen=True)
class Told:
    """One request that was posted to the desk, and the status of its answer (0: none)."""

    post: Post
    answer: int


class FakeTwilio:
    """The server, what it was told to do, and what it saw."""

    def __init__(self) -> None:
        self.accepted: list[Text] = []
        """What Twilio has taken, in order, whatever became of it; a look-up finds these."""
        self.delivered: list[Text] = []
        """What reached a handset, in order. More than one for an alert is a duplicate."""
        self.requests: list[dict[str, str]] = []
        """The form of every request to create a message, whatever became of it."""
        self.look_ups: list[dict[str, str]] = []
        """The query of every request for the list of messages."""
        self.told: list[Told] = []
        """What was posted to the desk, with its answers, in order."""
        self.always: Fault | None = None
        """A fault for every message that no scripted one is left for."""
        self.fate: Fate = SILENT
        """What becomes of every accepted text that no fate of its own is left for."""
        self.opted_out: set[str] = set()
        """The handsets that said STOP to Twilio: it refuses to send to them (21610)."""
        self.account = FakeAccount()
        """The numbers and messaging services of the account, for who asks how it is set up."""
        self.message_url = ""
        """Where texts of customers go, as set in Twilio's console."""
        self._script: deque[Fault | None] = deque()
        self._look_up_script: deque[Answer | None] = deque()
        self._fates: deque[Fate] = deque()
        self._holding = False
        self._held: list[tuple[Text, Fate]] = []
        self._posting: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server: _Server | None = None
        self._port = 0

    @property
    def api_base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def handsets(self) -> dict[str, list[Text]]:
        """What really reached each handset, by number."""
        reached: dict[str, list[Text]] = {}
        with self._lock:
            for text in self.delivered:
                reached.setdefault(text.to, []).append(text)
        return reached

    def script(self, *faults: Fault | None) -> None:
        """Meet the next messages with these faults, one each, in order; None means accepted as usual."""
        with self._lock:
            self._script.extend(faults)

    def script_look_ups(self, *answers: Answer | None) -> None:
        """Meet the next requests for the list of messages with these answers; None means as usual."""
        with self._lock:
            self._look_up_script.extend(answers)

    def let(self, *fates: Fate) -> None:
        """Give the next texts that are accepted these fates, one each, in order."""
        with self._lock:
            self._fates.extend(fates)

    def hold(self) -> None:
        """Keep what is accepted from now on in Twilio's own queue."""
        self._holding = True

    def release(self, *, waited: float) -> None:
        """Let the queue go on as if so many seconds had passed: what is valid for less is not passed on."""
        self._holding = False
        with self._lock:
            held, self._held = self._held, []
        for text, fate in held:
            late = text.validity_period is not None and waited > text.validity_period
            self._meet(text, failed(EXPIRED_IN_QUEUE) if late else fate)

    def report(
        self, text: Text, status: str, *, code: int | None = None, token: str = AUTH_TOKEN,
        extra: Mapping[str, str] | None = None,
    ) -> int:  # fmt: skip
        """Post one status callback over HTTP and return the status of the answer."""
        return self._tell(self.callback(text, status, code=code, token=token, extra=extra))

    def callback(
        self, text: Text, status: str, *, code: int | None = None, token: str = AUTH_TOKEN,
        extra: Mapping[str, str] | None = None,
    ) -> Post:  # fmt: skip
        """Return one status callback without posting it, for a test client."""
        assert text.status_callback, "no callback was asked for"
        return status_callback(
            text.status_callback, sid=text.sid, to=text.to, status=status, code=code, token=token, extra=extra
        )

    def text_from(self, number: str, body: str, *, sid: str | None = None, token: str = AUTH_TOKEN) -> int:
        """Let a customer write to us: Twilio honours its own words and hands the text over to `message_url`."""
        word = body.strip().upper()
        if word in OPT_OUTS:
            self.opted_out.add(number)
        elif word in OPT_INS:
            self.opted_out.discard(number)
        sid = sid or "SM" + uuid.uuid4().hex
        return self._tell(inbound_text(self.message_url, sid=sid, number=number, body=body, token=token))

    def settle(self, seconds: float = 20) -> None:
        """Wait until every callback that was due has been posted and answered."""
        deadline = time.monotonic() + seconds
        while self._posting:
            thread = self._posting[0]
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                raise TimeoutError("a callback was not answered in time")
            self._posting.remove(thread)

    def start(self) -> None:
        """Listen, on the same port as before if it has been up before."""
        self._closing.clear()
        self._server = _Server(("127.0.0.1", self._port), _Handler)
        self._server.fake = self
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections until started again; what was accepted stays known."""
        self._closing.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def next_fault(self) -> Fault | None:
        with self._lock:
            return self._script.popleft() if self._script else self.always

    def next_look_up(self) -> Answer | None:
        with self._lock:
            return self._look_up_script.popleft() if self._look_up_script else None

    def wait_until_closing(self, seconds: float = 60) -> None:
        self._closing.wait(seconds)

    def accept(self, form: dict[str, str]) -> Text:
        """Take a message and return it as the answer shows it; from here on it goes its way to the handset."""
        period = form.get("ValidityPeriod")
        text = Text(
            sid="SM" + uuid.uuid4().hex,
            to=form["To"],
            body=form["Body"],
            sender=form.get("MessagingServiceSid") or form["From"],
            status_callback=form.get("StatusCallback"),
            validity_period=int(period) if period else None,
            date_sent=format_datetime(now()),
            status="accepted" if "MessagingServiceSid" in form else "queued",
        )
        answered = replace(text)
        with self._lock:
            self.accepted.append(text)
            fate = self._fates.popleft() if self._fates else self.fate
            if self._holding:
                self._held.append((text, fate))
                return answered
        self._meet(text, fate)
        return answered

    def _meet(self, text: Text, fate: Fate) -> None:
        """Let the text meet its fate: the truth at once, the callbacks in a thread of their own."""
        final = (
            fate.statuses[-1] if fate.code is not None else ("delivered" if "delivered" in fate.statuses else "sent")
        )
        with self._lock:
            text.status, text.error_code = final, fate.code
            if fate.reaches:
                self.delivered.append(text)
        if not text.status_callback or not fate.statuses:
            return
        if fate.early:
            self._post_all(text, fate)
            return
        thread = threading.Thread(target=self._post_all, args=(text, fate), daemon=True)
        with self._lock:
            self._posting.append(thread)
        thread.start()

    def _post_all(self, text: Text, fate: Fate) -> None:
        if fate.seconds and self._closing.wait(fate.seconds):
            return
        for status in fate.statuses:
            code = fate.code if status in {"undelivered", "failed"} else None
            self.report(text, status, code=code, token=fate.token, extra=fate.extra)

    def _tell(self, post: Post) -> int:
        answer = post.over_http()
        with self._lock:
            self.told.append(Told(post, answer))
        return answer


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    fake: FakeTwilio

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a caller that did not wait for its answer."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if not self._allowed(urlsplit(self.path).path, "/Messages.json"):
            return
        form = {name: values[-1] for name, values in parse_qs(body, keep_blank_values=True).items()}
        fake = self.server.fake
        fake.requests.append(form)
        match fake.next_fault():
            case None:
                self._take(form)
            case Answer() as answer:
                self._refuse(answer)
            case AcceptThen(answer):
                fake.accept(form)
                self._refuse(answer)
            case Slow(seconds):
                accepted = fake.accept(form)
                fake.wait_until_closing(seconds)
                self._json(201, accepted.as_json())
            case Reset(accepts):
                if accepts:
                    fake.accept(form)
                self._reset()
            case Hang(accepts):
                if accepts:
                    fake.accept(form)
                fake.wait_until_closing()
                self.close_connection = True

    def _take(self, form: dict[str, str]) -> None:
        if form["To"] in self.server.fake.opted_out:
            self._refuse(Answer(400, 21610))
        else:
            self._json(201, self.server.fake.accept(form).as_json())

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        fake = self.server.fake
        told = fake.account.answer(parts.path, parts.query)
        if told is not None:
            if fake.account.refusal is not None:
                self._refuse(fake.account.refusal)
            elif self._is_signed_in():
                self._json(200, told)
            return
        if parts.path.endswith("/Messages.json"):
            if self._allowed(parts.path, "/Messages.json"):
                asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
                fake.look_ups.append(asked)
                refusal = fake.next_look_up()
                if refusal is not None:
                    self._refuse(refusal)
                    return
                found = [text for text in fake.accepted if _is_asked_for(text, asked)]
                self._json(200, {"messages": [text.as_json() for text in reversed(found)], "next_page_uri": None})
            return
        sid = parts.path.rpartition("/")[2].removesuffix(".json")
        if self._allowed(parts.path, f"/Messages/{sid}.json"):
            one = next((text for text in fake.accepted if text.sid == sid), None)
            if one is None:
                self._refuse(Answer(404, 20404))
            else:
                self._json(200, one.as_json())

    def _allowed(self, path: str, ending: str) -> bool:
        """Answer 401 or 404 as Twilio does when the account or its secret is wrong."""
        if not self._is_signed_in():
            return False
        if path != f"/2010-04-01/Accounts/{ACCOUNT_SID}{ending}":
            self._refuse(Answer(404, 20404))
            return False
        return True

    def _is_signed_in(self) -> bool:
        secret = base64.b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode()).decode()
        if self.headers.get("Authorization") == f"Basic {secret}":
            return True
        self._refuse(Answer(401, 20003))
        return False

    def _refuse(self, answer: Answer) -> None:
        phrase = HTTPStatus(answer.status).phrase
        told = {"code": answer.code, "message": phrase, "status": answer.status}
        self._send(answer.status, answer.body if answer.body is not None else json.dumps(told), answer.headers)

    def _json(self, status: int, payload: dict[str, Any]) -> None:
        self._send(status, json.dumps(payload), {})

    def _send(self, status: int, body: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body.encode())))
        if self.close_connection:  # as asked; unsaid, the client may ask on this line once more
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body.encode())

    def _reset(self) -> None:
        # Lingering for 0 seconds makes close() send RST instead of FIN.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's own name
        """Stay quiet."""


def _is_asked_for(text: Text, asked: dict[str, str]) -> bool:
    """Tell whether a text is in the list that a query (`To`, `DateSent>`, its day or moment) asks for."""
    since = asked.get("DateSent>", "")
    sent = parsedate_to_datetime(text.date_sent).strftime("%Y-%m-%dT%H:%M:%SZ")
    return asked.get("To") in {None, text.to} and sent[: len(since)] >= since
