// The board: whoever was called since the last look glows once, and a TV shows by turns what does not fit.
const GLOW = 1300;
const TURN = 6000; // the first page, with the newest, stays twice as long
let page = 0;

function called() {
  return new Set([...document.querySelectorAll("#board-rows .is-called")].map((row) => row.id));
}

let known = called();

function glow() {
  const now = called();
  const fresh = [...now].filter((id) => !known.has(id));
  known = now;
  for (const id of fresh) {
    const row = document.getElementById(id);
    row.classList.add("just-called");
    setTimeout(() => row.classList.remove("just-called"), GLOW);
  }
  if (fresh.length > 0) page = 0;
}

function showPage() {
  const box = document.querySelector(".face-board--tv #board");
  if (!box) return;
  const head = box.querySelector("thead");
  const rows = box.querySelectorAll("tbody tr");
  box.style.maxHeight = "";
  const place = document.getElementById("board-page");
  if (rows.length === 0) {
    place.textContent = "";
    return;
  }
  const height = rows[0].getBoundingClientRect().height;
  const top = head.getBoundingClientRect().height;
  const fit = Math.max(Math.floor((box.clientHeight - top) / height), 1);
  const pages = Math.ceil(rows.length / fit);
  if (page >= pages) page = 0;
  if (pages > 1) box.style.maxHeight = `${top + fit * height}px`;
  box.scrollTop = page * fit * height;
  place.textContent = pages > 1 ? `${page + 1} / ${pages}` : "";
}

document.addEventListener("htmx:after:swap", () => {
  glow();
  showPage();
});
window.addEventListener("resize", showPage);

function turn() {
  page += 1;
  showPage();
  setTimeout(turn, page === 0 ? 2 * TURN : TURN);
}

showPage();
setTimeout(turn, 2 * TURN);

// The head stands outside of what is swapped; it follows when the event's name or time zone was changed.
document.addEventListener("htmx:after:swap", () => {
  const rows = document.getElementById("board-rows");
  if (!rows) return;
  const { event, zone } = rows.dataset;
  const name = document.querySelector(".board-head bdi");
  if (name.textContent !== event) name.textContent = event;
  document.querySelector("[data-clock]").dataset.clock = zone;
});
