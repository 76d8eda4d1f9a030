"""A small real HTTP server that stands in for Twilio's Messages API.

It knows one account, creates, lists and fetches messages, keeps the truth of what reached a handset (`delivered`), and
can be told how to misbehave. Use it as a context manager, with `api_base_url` as TWILIO_API_BASE_URL.
"""

from __future__ import annotations

import base64
import json
import socket
import struct
import threading
import uuid
from collections import deque
from dataclasses import dataclass, field
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from checkin.clock import now

ACCOUNT_SID = "AC" + "1" * 32
AUTH_TOKEN = "secret-of-the-account"


@dataclass(frozen=True)
class Answer:
    """Refuse the message with this status, Twilio's code and headers. `body` replaces Twilio's JSON when given."""

    status: int
    code: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None


@dataclass(frozen=True)
class AcceptThen:
    """Accept the message (it reaches the handset) and then answer with something else than the usual 201."""

    answer: Answer


@dataclass(frozen=True)
class Reset:
    """Read the request, accept it or not, then reset the connection without an answer."""

    accepts: bool


@dataclass(frozen=True)
class Hang:
    """Read the request, accept it or not, then say nothing until the fake closes."""

    accepts: bool


Fault = Answer | AcceptThen | Reset | Hang


@dataclass(frozen=True)
class Text:
    """One accepted message, as Twilio keeps it."""

    sid: str
    to: str
    body: str
    sender: str
    status_callback: str | None
    validity_period: int | None
    date_sent: str
    status: str = "queued"

    def as_json(self) -> dict[str, Any]:
        return {
            "sid": self.sid,
            "account_sid": ACCOUNT_SID,
            "to": self.to,
            "body": self.body,
            "from": self.sender,
            "status": self.status,
            "error_code": None,
            "date_created": self.date_sent,
            "date_sent": self.date_sent,
            "uri": f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/{self.sid}.json",
        }


class FakeTwilio:
    """The server, what it was told to do, and what it saw."""

    def __init__(self) -> None:
        self.delivered: list[Text] = []
        """What reached a handset, in order. More than one for an alert is a duplicate."""
        self.requests: list[dict[str, str]] = []
        """The form of every request to create a message, whatever became of it."""
        self.always: Fault | None = None
        """A fault for every message that no scripted one is left for."""
        self._script: deque[Fault | None] = deque()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server: _Server | None = None
        self._port = 0

    @property
    def api_base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def script(self, *faults: Fault | None) -> None:
        """Meet the next messages with these faults, one each, in order; None means accepted as usual."""
        with self._lock:
            self._script.extend(faults)

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

    def wait_until_closing(self) -> None:
        self._closing.wait(60)

    def accept(self, form: dict[str, str]) -> Text:
        """Take a message: from here on it reaches the handset."""
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
        with self._lock:
            self.delivered.append(text)
        return text


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    fake: FakeTwilio


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
                self._json(201, fake.accept(form).as_json())
            case Answer() as answer:
                self._refuse(answer)
            case AcceptThen(answer):
                fake.accept(form)
                self._refuse(answer)
            case Reset(accepts):
                if accepts:
                    fake.accept(form)
                self._reset()
            case Hang(accepts):
                if accepts:
                    fake.accept(form)
                fake.wait_until_closing()
                self.close_connection = True

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        delivered = self.server.fake.delivered
        if parts.path.endswith("/Messages.json"):
            if self._allowed(parts.path, "/Messages.json"):
                asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
                found = [text for text in delivered if asked.get("To") in (None, text.to)]
                self._json(200, {"messages": [text.as_json() for text in reversed(found)], "next_page_uri": None})
            return
        sid = parts.path.rpartition("/")[2].removesuffix(".json")
        if self._allowed(parts.path, f"/Messages/{sid}.json"):
            one = next((text for text in delivered if text.sid == sid), None)
            if one is None:
                self._refuse(Answer(404, 20404))
            else:
                self._json(200, one.as_json())

    def _allowed(self, path: str, ending: str) -> bool:
        """Answer 401 or 404 as Twilio does when the account or its secret is wrong."""
        secret = base64.b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {secret}":
            self._refuse(Answer(401, 20003))
            return False
        if path != f"/2010-04-01/Accounts/{ACCOUNT_SID}{ending}":
            self._refuse(Answer(404, 20404))
            return False
        return True

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
        self.end_headers()
        self.wfile.write(body.encode())

    def _reset(self) -> None:
        # Lingering for 0 seconds makes close() send RST instead of FIN.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's own name
        """Stay quiet."""
