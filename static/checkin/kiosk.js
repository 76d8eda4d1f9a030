// The kiosk belongs to the next customer: the form is clean again after a while, a tap, or the back button.
import "./kept.js";

const REFRESH = 20000;
const TOO_SOON = 800; // the second tap of a double tap is no wish to go on
let ticking = 0;
let shownAt = 0; // since when somebody's number stands there; 0 while it does not

function leave() {
  clearInterval(ticking);
  document.getElementById("next-customer")?.click();
}

function countDown(main) {
  clearInterval(ticking);
  shownAt = Date.now();
  const words = main.querySelector("[data-countdown]");
  const seconds = Number(main.dataset.cleanAfter);
  const tick = () => {
    const left = seconds - Math.floor((Date.now() - shownAt) / 1000);
    if (words) words.textContent = words.dataset.countdown.replace("{n}", Math.max(left, 0));
    if (left <= 0) leave();
  };
  tick();
  ticking = setInterval(tick, 250);
  main.addEventListener("click", (event) => {
    if (Date.now() - shownAt > TOO_SOON && !event.target.closest("a, button")) leave();
  });
}

// Enter goes on as a tap does, wherever the focus stands; not the second one of a double press, nor one that is held.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.repeat || !shownAt || event.target.closest("a, button")) return;
  if (Date.now() - shownAt > TOO_SOON) leave();
});

function begin() {
  const main = document.querySelector("main[data-clean-after]");
  if (main) {
    countDown(main);
    return;
  }
  clearInterval(ticking);
  shownAt = 0;
}

function showLine(on) {
  const line = document.getElementById("line");
  if (!line) return;
  line.textContent = on ? line.dataset.online : line.dataset.offline;
  line.classList.toggle("is-off", !on);
}

// Who waits where, and which queue takes anybody, changes while a form stands empty or is filled; what is typed and
// chosen stays.
async function refreshTiles() {
  const clean = document.querySelector("main[data-person]")?.dataset.clean;
  if (!clean || document.hidden || !document.querySelector(".tiles")) return;
  const headers = { "HX-Request": "true", "HX-Request-Type": "partial", Accept: "text/html" };
  const answer = await fetch(clean, { headers, cache: "no-store" }).catch(() => null);
  const text = answer?.ok ? await answer.text() : "";
  const page = new DOMParser().parseFromString(text, "text/html");
  for (const fresh of page.querySelectorAll(".tile__waiting")) {
    const words = document.getElementById(fresh.id);
    if (words && words.innerHTML !== fresh.innerHTML) words.innerHTML = fresh.innerHTML;
    const choice = words?.parentElement.querySelector("input");
    const shut = fresh.parentElement.querySelector("input").disabled;
    // What is chosen, or has the focus, is not taken away: the answer says that its queue has closed.
    if (choice && !choice.checked && choice !== document.activeElement) choice.disabled = shut;
  }
}

// Urgent is opened to say why; what was closed again is not sent. A page that comes with it open keeps its own focus.
document.addEventListener(
  "toggle",
  ({ target }) => {
    if (!target.matches(".urgent")) return;
    for (const input of target.querySelectorAll("input")) input.disabled = !target.open;
    const pressed = target.contains(document.activeElement);
    if (target.open && pressed) target.querySelector("input:not([type=hidden])").focus();
  },
  true,
);

begin();
setInterval(refreshTiles, REFRESH);
document.addEventListener("visibilitychange", refreshTiles);
window.addEventListener("online", refreshTiles);
document.addEventListener("htmx:after:swap", begin);

// Without a line there is no clean form to fetch; the last customer's details go all the same, and it is tried again.
document.addEventListener("htmx:error", ({ detail: { ctx } }) => {
  if (ctx?.sourceElement?.id !== "next-customer") return;
  document.querySelector(".done")?.setAttribute("hidden", "");
  setTimeout(leave, 3000);
});

// Coming back to a page that the browser had put aside must not show what the last customer typed.
window.addEventListener("pageshow", (event) => {
  const clean = document.querySelector("main[data-clean]");
  if (event.persisted && clean) location.replace(clean.dataset.clean);
});

showLine(navigator.onLine);
window.addEventListener("online", () => showLine(true));
window.addEventListener("offline", () => showLine(false));
document.addEventListener("htmx:error", ({ detail: { ctx } }) => ctx && !ctx.response && showLine(false));
document.addEventListener("htmx:after:request", () => showLine(true));
