// The board, on a laptop and on a TV: whoever was called since the last look glows once, and the head follows the event.
// Other modules hear of it as `board:called`, with the rows, after everything was put into its place.
import { serverNow } from "./time.js";

const GLOW = 1200; // as long as --settle
const NEWS = 60000; // who was called longer ago is no news any more, whatever this page has missed meanwhile
const known = new Map(); // by row: the calls that this page has seen, from before it was loaded on
const spoken = document.getElementById("board-rows")?.dataset.language;
const glowing = new Map(); // by row: until when

function callOf(row) {
  return { id: row.id, number: row.dataset.call, at: Date.parse(row.dataset.calledAt), words: row.dataset.say ?? "" };
}

function calls() {
  return [...document.querySelectorAll("#board-rows [data-call]")].map(callOf);
}

function isNews(call) {
  return known.get(call.id)?.number !== call.number && serverNow() - call.at < NEWS;
}

// Also what has left the board is remembered until it is no news any more: it may come back by an undo.
function learn(seen) {
  for (const [id, call] of known) if (serverNow() - call.at > 2 * NEWS) known.delete(id);
  for (const call of seen) known.set(call.id, call);
}

// What is swapped in knows nothing of a glow; a row that still has time goes on with its own.
function glow() {
  for (const [id, until] of glowing) {
    const row = document.getElementById(id);
    const isOver = !row?.dataset.call || Date.now() >= until;
    if (isOver) glowing.delete(id);
    row?.classList.toggle("just-called", !isOver);
  }
}

function look() {
  const seen = calls();
  const fresh = seen.filter(isNews).sort((one, other) => one.at - other.at);
  learn(seen);
  for (const call of fresh) glowing.set(call.id, Date.now() + GLOW);
  if (fresh.length > 0) setTimeout(glow, GLOW);
  glow();
  follow();
  document.dispatchEvent(new CustomEvent("board:shown", { detail: { fresh } }));
}

// The head stands outside of what is swapped; it follows when the event's name, time zone or colours were changed.
function follow() {
  const rows = document.getElementById("board-rows");
  if (!rows) return;
  const { event, zone, scheme, language } = rows.dataset;
  // What stands outside, and the words of the scripts, speak as the page was loaded.
  if (language !== spoken) location.reload();
  const name = document.querySelector(".board-head bdi");
  if (name.textContent !== event) name.textContent = event;
  document.querySelector("[data-clock]").dataset.clock = zone;
  const page = document.documentElement;
  if (page.classList.contains("tv") && !("keepScheme" in page.dataset)) page.dataset.scheme = scheme;
}

learn(calls());
document.addEventListener("htmx:after:swap", look);
