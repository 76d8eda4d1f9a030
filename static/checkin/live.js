// Keeps a page live, and says so when it is not. hx-sse holds the stream and swaps in what it carries; here is the rest:
// asking again where there is no stream, noticing a line that is silent, catching up after sleep, the line at the foot.
import { serverNow, setServerTime, timeOfDay } from "./time.js";

const UPDATING = 25000;
const STALE = 60000;
const CONNECT_AGAIN = 20000;
const WARNING_STAYS = 10000;
const ANSWER_WITHIN = 8000;

const box = document.getElementById("live");
const line = document.getElementById("live-state");
const poll = Number(box.dataset.poll) * 1000;
const loaded = location.href;
const sending = new Set();
const versions = new Map();

let contact = Date.now(); // when the server was last heard
let connection = null; // the stream, while it is up
let connecting = false;
let messages = 0; // how many the stream has brought
// When to ask for the page next. htmx may have opened the stream, or failed to, before this module was there to hear it.
let askAt = Date.now() + 3000;
let connectAt = Date.now() + CONNECT_AGAIN;
let asking = false;
let unanswered = false; // the stream is down and the last question came to nothing: no longer "live"
let warnedAt = 0;
let wrongAt = 0;

function jittered(milliseconds) {
  return milliseconds * (0.75 + Math.random() / 2);
}

function soon(milliseconds = 0) {
  const at = Date.now() + milliseconds;
  askAt = askAt ? Math.min(askAt, at) : at;
}

function heard() {
  contact = Date.now();
  unanswered = false;
  show();
}

function lost() {
  connection = null;
  soon(jittered(1000));
}

// What is on the page now: the board's rows, or the page's main part, whichever it has become.
function target() {
  return document.querySelector(box.dataset.target || "main");
}

// Where the page is read anew. A refused press has left the browser at an address that only takes presses.
function pageAddress() {
  return location.href === loaded ? box.dataset.page : location.href;
}

// Somebody's own answer is on its way, or they are reading what was wrong: not the moment to change the page.
function isHeld(main) {
  // The end of a request is not heard here when its form went away with the answer.
  for (const ctx of sending) if (!ctx.sourceElement?.isConnected) sending.delete(ctx);
  if (sending.size > 0) return true;
  if (main.querySelector("[aria-invalid=true]")) {
    wrongAt = wrongAt || Date.now();
    // Where somebody may be called meanwhile a mistake does not hold the page for ever.
    const most = Number(main.dataset.holdSeconds || Infinity) * 1000;
    if (Date.now() - wrongAt < most) return true;
  } else wrongAt = 0;
  return main.querySelector("#refusal") !== null && Date.now() - warnedAt < WARNING_STAYS;
}

async function ask() {
  const main = target();
  if (asking || !main) return;
  if (!box.dataset.target && isHeld(main)) {
    soon(500);
    return;
  }
  const address = pageAddress();
  const before = messages;
  const headers = { "HX-Request": "true", "HX-Request-Type": "partial", Accept: "text/html" };
  if (versions.has(address)) headers["If-None-Match"] = versions.get(address);
  asking = true;
  askAt = 0;
  try {
    const answer = await fetch(address, { headers, cache: "no-store", signal: AbortSignal.timeout(ANSWER_WITHIN) });
    await arrived(answer, main, address, before);
  } catch {
    unanswered = true;
    soon(jittered(poll));
    show();
  } finally {
    asking = false;
  }
  if (!connection && !askAt) soon(jittered(poll));
}

// The ticket was deleted, or a role taken away: the page itself says so. Only we answer htmx with words; a venue's network
// has its own reasons to refuse.
function isGone(answer) {
  return (answer.status === 404 || answer.status === 403) && answer.headers.has("HX-Trigger");
}

async function arrived(answer, main, address, before) {
  if (answer.headers.has("HX-Redirect")) {
    location.assign(answer.headers.get("HX-Redirect"));
    return;
  }
  if (answer.status === 304) {
    heard();
    return;
  }
  if (!box.dataset.target && isGone(answer)) {
    location.replace(address);
    return;
  }
  const text = answer.ok ? await answer.text() : "";
  // The sign-in page of a venue's network answers 200 too; only this page's own part is taken.
  if (!text.includes(`id="${main.id}"`)) return;
  heard();
  if (address !== pageAddress() || main !== target()) return;
  // What the stream has brought meanwhile is newer than this answer.
  if (box.dataset.target && before !== messages) return;
  if (!box.dataset.target && isHeld(main)) {
    soon(500);
    return;
  }
  const version = answer.headers.get("ETag");
  if (version) versions.set(address, version);
  // Blanks around it would stay beside what is swapped, more of them each time.
  await htmx.swap({ text: text.trim(), target: main, swap: "outerMorph", sourceElement: box });
}

function connect() {
  connectAt = Date.now() + jittered(CONNECT_AGAIN);
  if (!connection && !connecting && !document.hidden) htmx.trigger(box, "live-connect");
}

function show() {
  if (!line) return;
  const age = document.hidden ? 0 : Date.now() - contact;
  const state = age > STALE ? "stale" : age > UPDATING || unanswered ? "updating" : "live";
  const time = timeOfDay(contact + serverNow() - Date.now(), box.dataset.zone);
  const sentence = box.dataset[state].replace("{time}", time);
  if (line.textContent !== sentence) line.textContent = sentence;
  if (line.dataset.state !== state) {
    line.dataset.state = state;
    line.setAttribute("role", state === "stale" ? "alert" : "status");
  }
}

function look() {
  const now = Date.now();
  if (document.hidden) return;
  if (connection && now - contact > UPDATING) {
    // The line looks open and is silent: hx-sse opens another once this one ends.
    connection.reader?.cancel();
    lost();
  }
  if (!connection && now > connectAt) connect();
  if (askAt && now >= askAt) ask();
  show();
}

function awake() {
  if (document.hidden) return;
  // Until the answer is there nobody is told that the page was asleep.
  contact = Math.max(contact, Date.now() - UPDATING);
  ask();
  connect();
}

function up({ detail }) {
  connection = detail.connection;
  if (box.dataset.target) askAt = 0; // the stream brings the board itself
  heard();
}

box.addEventListener("htmx:sse:after:connection", up);
box.addEventListener("htmx:sse:before:message", (event) => {
  messages += 1;
  up(event);
});
box.addEventListener("htmx:sse:error", lost);
box.addEventListener("htmx:sse:close", lost);
box.addEventListener("beat", ({ detail }) => setServerTime(detail.data));
box.addEventListener("bye", lost);
box.addEventListener("changed", () => soon());
box.addEventListener("changed", look);

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (ctx.sourceElement === box) connecting = true;
  else sending.add(ctx);
});
document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  sending.delete(ctx);
  if (ctx.sourceElement !== box) return;
  connecting = false;
  // No seat, or no line: ask now and then, and try for a stream again later.
  if (!connection) lost();
});
document.addEventListener("htmx:after:swap", () => {
  if (target()?.querySelector("#refusal")) warnedAt = warnedAt || Date.now();
  else warnedAt = 0;
});
document.addEventListener("visibilitychange", awake);
window.addEventListener("pageshow", ({ persisted }) => persisted && awake());
window.addEventListener("online", awake);
window.addEventListener("offline", lost);
setInterval(look, 500);
show();
