// The kiosk belongs to the next customer: the form is clean again after a while, a tap, or the back button.
const TOO_SOON = 800; // the second tap of a double tap is no wish to go on
let ticking = 0;

function leave() {
  clearInterval(ticking);
  document.getElementById("next-customer")?.click();
}

function countDown(main) {
  clearInterval(ticking);
  const shownAt = Date.now();
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

function begin() {
  const main = document.querySelector("main[data-clean-after]");
  if (main) countDown(main);
  else clearInterval(ticking);
}

function showLine(on) {
  const line = document.getElementById("line");
  if (!line) return;
  line.textContent = on ? line.dataset.online : line.dataset.offline;
  line.classList.toggle("is-off", !on);
}

begin();
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
