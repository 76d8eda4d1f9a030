// A TV at the end of the hall: as many rows as fit, the others by turns, every word as large as its place allows,
// and a screen that does not go to sleep. Who was called last stays on every page. Nobody has to touch anything.
const TURN = 10000;
const STEPS = ["fit-1", "fit-2", "fit-3", "fit-4"]; // tv.css has their sizes
const line = document.getElementById("board-page");
const box = document.getElementById("board");
const isTv = matchMedia("(min-width: 701px)"); // on a phone tv.css does not hold
let page = 0;
let timer = 0;

function pagesOf(rows, room) {
  if (rows.length <= room) return [rows];
  const newest = rows.find((row) => row.classList.contains("is-newest"));
  const others = rows.filter((row) => row !== newest);
  const step = Math.max(newest ? room - 1 : room, 1);
  const pages = [];
  for (let at = 0; at < others.length; at += step) pages.push(others.slice(at, at + step).concat(newest ?? []));
  return pages;
}

function roomFor(row) {
  const head = box.querySelector("thead").getBoundingClientRect().height;
  const height = row.getBoundingClientRect().height;
  return Math.max(Math.floor((box.clientHeight - head + 0.5) / height), 1);
}

function isTooLong(element) {
  const line = Number.parseFloat(getComputedStyle(element).fontSize);
  return element.scrollWidth > element.clientWidth || element.scrollHeight > element.clientHeight + 0.4 * line;
}

function fit(rows) {
  let long = rows.flatMap((row) => [...row.querySelectorAll(".board__fit")]);
  for (const element of long) element.classList.remove(...STEPS);
  // All are measured before any is changed, so that the page is laid out once a step and not once a word.
  for (const step of STEPS) {
    long = long.filter(isTooLong);
    for (const element of long) {
      element.classList.remove(...STEPS);
      element.classList.add(step);
    }
  }
}

function show() {
  const rows = [...document.querySelectorAll("#board-rows tbody tr")];
  const first = rows.find((row) => !row.classList.contains("is-off"));
  const pages = first && isTv.matches ? pagesOf(rows, roomFor(first)) : [rows];
  if (page >= pages.length) page = 0;
  const shown = new Set(pages[page]);
  for (const row of rows) row.classList.toggle("is-off", !shown.has(row));
  fit(pages[page]);
  const words = line.dataset.words.replace("{page}", page + 1).replace("{pages}", pages.length);
  line.textContent = pages.length > 1 ? words : "";
}

function turn() {
  page += 1;
  show();
  wait();
}

function wait() {
  clearTimeout(timer);
  timer = setTimeout(turn, TURN);
}

document.addEventListener("board:shown", ({ detail }) => {
  if (detail.fresh.length > 0) {
    page = 0;
    wait();
  }
  show();
});
new ResizeObserver(show).observe(box); // the first time at once
document.fonts.addEventListener("loadingdone", show);
wait();

// Where browsers have no wake lock, or refuse it, the TV's own settings have to do.
async function stayAwake() {
  if (document.hidden) return;
  try {
    await navigator.wakeLock?.request("screen");
  } catch {
    // Asked again when the page is seen again.
  }
}

document.addEventListener("visibilitychange", stayAwake);
stayAwake();
