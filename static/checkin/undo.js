// What was just done can be undone for some seconds: the bar counts them down and goes away with the last one. A page that
// follows the desk by itself finds the same bar again, and its time runs on.
import { serverNow } from "./time.js";

const EVERY = 250;
const still = matchMedia("(prefers-reduced-motion: reduce)");
let counting = null;

function show(bar) {
  const until = Date.parse(bar.dataset.undoUntil);
  const left = until - serverNow();
  if (left <= 0) {
    if (bar.contains(document.activeElement)) document.querySelector("main")?.focus();
    bar.remove();
    return;
  }
  const line = bar.querySelector(".undo__time");
  if (line && (counting?.line !== line || counting.until !== until)) {
    counting = { line, until };
    const begin = Math.min(left / (1000 * Number(bar.dataset.undoSeconds)), 1);
    if (!still.matches) line.animate([{ scale: `${begin} 1` }, { scale: "0 1" }], { duration: left, fill: "forwards" });
  }
}

function look() {
  const bar = document.getElementById("undo-bar");
  // Pressed, it waits for its answer: too late is for the desk to say.
  if (bar && !bar.querySelector("[aria-busy=true]")) show(bar);
}

setInterval(look, EVERY);
document.addEventListener("htmx:after:swap", look);
look();
